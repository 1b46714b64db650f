#include "tokenizers/sentencepiece_tokenizer.h"

#include <sentencepiece_processor.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "core/error.h"
#include "core/random.h"
#include "core/text.h"
#include "tests/tokenizers/small_text.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

/// Random strings: letters of the text, and code points from everywhere.
std::vector<std::string> random_strings(int count) {
  RandomStream stream(2, "strings");
  std::vector<std::string> strings;
  while (count-- > 0) {
    std::string text;
    for (std::uint64_t length = stream.below(20); length > 0; --length) {
      const std::uint64_t kind = stream.below(4);
      char32_t point = U' ' + static_cast<char32_t>(stream.below(95));
      if (kind == 1) point = static_cast<char32_t>(stream.below(0x3000));
      if (kind == 2) point = static_cast<char32_t>(stream.below(0x110000));
      if (kind == 3) point = U' ';
      if (point >= 0xd800 && point < 0xe000) point = U'x';
      append_utf8(text, point);
    }
    strings.push_back(text);
  }
  return strings;
}

TEST_CASE("ids, pieces and text are the library's own") {
  const SentencePieceTokenizer tokenizer(small_tokenizer() / "source.spm");
  sentencepiece::SentencePieceProcessor library;
  REQUIRE(library.Load((small_tokenizer() / "source.spm").string()).ok());
  REQUIRE(tokenizer.vocab_size() == library.GetPieceSize());
  for (const std::string& text : random_strings(2000)) {
    const std::vector<int> ids = library.EncodeAsIds(text);
    CHECK(tokenizer.encode(text) == ids);
    CHECK(tokenizer.pieces(text) == library.EncodeAsPieces(text));
    CHECK(tokenizer.decode(ids) == library.DecodeIds(ids));
  }
}

TEST_CASE("a piece has an id where the vocabulary has it") {
  const SentencePieceTokenizer tokenizer(small_tokenizer() / "source.spm");
  CHECK(tokenizer.id_of("</s>") == 0);
  CHECK(tokenizer.id_of("<unk>") == 1);
  CHECK_FALSE(tokenizer.id_of("xyz"));
  CHECK_THROWS_AS(tokenizer.decode(std::vector<std::int32_t>{static_cast<std::int32_t>(tokenizer.vocab_size())}), UserError);
  CHECK_THROWS_AS(tokenizer.decode(std::vector<std::int32_t>{-1}), UserError);
}

TEST_CASE("a megabyte without a space is encoded in time") {
  const SentencePieceTokenizer tokenizer(small_tokenizer() / "source.spm");
  CHECK(tokenizer.encode(std::string(1 << 20, 'a')).size() > 1000);
}

TEST_CASE("threads may encode at the same time") {
  const SentencePieceTokenizer tokenizer(small_tokenizer() / "source.spm");
  const std::vector<std::string> lines = lines_of(small_text(true));
  std::vector<std::vector<std::int32_t>> expected;
  for (const std::string& line : lines) expected.push_back(tokenizer.encode(line));
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < wrong.size(); ++i)
    threads.emplace_back([&, i] {
      for (std::size_t line = 0; line < lines.size(); ++line) wrong[i] += tokenizer.encode(lines[line]) != expected[line];
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("a missing or foreign model file is refused by name") {
  const TempFolder folder;
  CHECK_THAT(user_error_of([&] { SentencePieceTokenizer tokenizer(folder / "none.spm"); }), Catch::Contains("none.spm"));
  write_text(folder / "empty.spm", "");
  CHECK_THAT(user_error_of([&] { SentencePieceTokenizer tokenizer(folder / "empty.spm"); }), Catch::Contains("empty.spm"));
  CHECK_THROWS_AS(SentencePieceTokenizer(folder.path()), UserError);
}

TEST_CASE("long runs of unknown characters give the library's own answer, in linear time") {
  const fs::path folder = small_tokenizer();
  const SentencePieceTokenizer tokenizer(folder / "source.spm");
  sentencepiece::SentencePieceProcessor library;
  REQUIRE(library.Load((folder / "source.spm").string()).ok());
  RandomStream stream(5, "runs");
  const std::string_view parts[]{"ж", "中", "한", "ｱ",    "ﬁ",       "e\u0301",    "\u0301", "ᄀ",  "ᅡ",
                                 "①", "?",  "😀", "ＡＢ", "a",       " ",          "\u3000", "Der", "▁",
                                 "ก", "ก็",  "मैं",  "हूँ",    "❤\uFE0F", "👩\u200D🔬", "й",      "ʰ",   "\u200B"};
  for (int round = 0; round < 120; ++round) {
    std::string text;
    for (std::uint64_t runs = 1 + stream.below(4); runs > 0; --runs) {
      const std::string_view unknown = parts[stream.below(3) ? stream.below(6) : std::size(parts) - 1 - stream.below(9)];
      for (std::uint64_t length = stream.below(900); length > 0; --length)
        text += stream.below(round % 3 == 0 ? 50 : 1000) ? unknown : parts[stream.below(std::size(parts))];
      text += parts[stream.below(std::size(parts))];
    }
    INFO(excerpt(text, 200));
    CHECK(tokenizer.encode(text) == library.EncodeAsIds(text));
    CHECK(tokenizer.pieces(text) == library.EncodeAsPieces(text));
  }
  std::string long_run;
  for (int i = 0; i < 400'000; ++i) long_run += i % 2 ? "ж" : "щ";
  const auto start = std::chrono::steady_clock::now();
  CHECK(tokenizer.pieces(long_run).size() <= 2);
  CHECK(tokenizer.encode(long_run).back() == tokenizer.unknown_id());
  std::string thai;  // every second character is a mark
  for (int i = 0; i < 150'000; ++i) thai += "ก็";
  CHECK(tokenizer.pieces(thai).size() <= 2);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(6));
}

}  // namespace
}  // namespace attend
