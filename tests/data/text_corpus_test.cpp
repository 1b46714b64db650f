#include "data/text_corpus.h"

#include <catch2/catch.hpp>

#include "core/log.h"
#include "core/random.h"
#include "tests/data/toy_text.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"
#include "tests/tokenizers/small_byte_bpe.h"
#include "tokenizers/byte_bpe_tokenizer.h"
#include "tokenizers/byte_bpe_trainer.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using EndOfFile = TextPieceReader::EndOfFile;

struct Work {
  TempFolder folder;
  ByteTokenizer tokenizer;
  std::optional<EndOfText> end = kByteEnd;
  PlainText text{.slices = whole_files({folder / "a.txt"})};
  Work() { set_log_level(LogLevel::kQuiet); }
  std::shared_ptr<const TokenFile> prepare(const std::string& fingerprint = "bytes") const {
    return prepare_text(text, {tokenizer, fingerprint, end}, folder / "data");
  }
};

/// The documents as text, "#" for the end of a text.
std::vector<std::string> content_of(const TokenFile& file) {
  std::vector<std::string> documents;
  for (std::uint64_t i = 0; i < file.size(); ++i) {
    std::vector<std::int64_t> ids;
    file.append_to(ids, i);
    documents.emplace_back();
    for (const std::int64_t id : ids) documents.back() += id == 256 ? '#' : static_cast<char>(id);
  }
  return documents;
}

std::size_t files_in(const fs::path& folder) {
  return fs::exists(folder) ? static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {})) : 0;
}

TEST_CASE("each document ends with the end of text, and no text is lost") {
  Work work;
  write_text(work.folder / "a.txt", "one\n\ntwo\n<|endoftext|>\nthree <|endoftext|><|endoftext|>\n");
  write_text(work.folder / "b.txt", " four\r\n");
  CHECK(content_of(*work.prepare()) == std::vector<std::string>{"one\n\ntwo\n#", "three #"});
  work.text.slices = whole_files({work.folder / "a.txt", work.folder / "b.txt"});
  CHECK(content_of(*work.prepare()) == std::vector<std::string>{"one\n\ntwo\n#", "three #", " four\r\n#"});
  CHECK(work.prepare()->vocab_size() == 257);
  work.text.end_of_file = EndOfFile::kGoesOn;
  CHECK(content_of(*work.prepare()) == std::vector<std::string>{"one\n\ntwo\n#", "three #", " four\r\n"});
}

TEST_CASE("without an end-of-text token all text is one document, and the marker is text") {
  Work work;
  work.end.reset();
  write_text(work.folder / "a.txt", "one<|endoftext|>\n");
  write_text(work.folder / "b.txt", "two");
  work.text.slices = whole_files({work.folder / "a.txt", work.folder / "b.txt"});
  CHECK(content_of(*work.prepare()) == std::vector<std::string>{"one<|endoftext|>\ntwo"});
}

TEST_CASE("a part of a file is tokenised alone") {
  Work work;
  write_text(work.folder / "a.txt", "one two three");
  work.text.slices = {{.file = work.folder / "a.txt", .begin = 4, .end = 9}};
  CHECK(content_of(*work.prepare()) == std::vector<std::string>{"two t"});
  work.text.slices.push_back({.file = work.folder / "a.txt", .begin = 9});
  CHECK(content_of(*work.prepare()) ==
        std::vector<std::string>{"two three#"});  // the end of the file ends a document, that of a part does not
  work.text.slices.pop_back();
  work.text.slices[0].end = 8;
  CHECK(content_of(*work.prepare()) == std::vector<std::string>{"two "});  // another part is another file
}

TEST_CASE("a tokenizer that puts a space in front gives a text's ids, wherever it is cut") {
  Work work;
  const ByteBpeTokenizer tokenizer(write_small_byte_bpe(work.folder / "t", R"({"add_prefix_space": true})"));
  CHECK(tokenizer.adds_prefix_space());
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += i % 3 ? "the ab\n" : "d's bc";
  write_text(work.folder / "a.txt", text);
  const auto file = prepare_text(work.text, {.tokenizer = tokenizer, .fingerprint = "t", .cuts = Cuts::kAtSpaces}, work.folder / "data");
  std::vector<std::int64_t> ids;
  file->append_to(ids, 0);
  const auto expected = tokenizer.encode(text);
  CHECK(ids == std::vector<std::int64_t>(expected.begin(), expected.end()));
}

TEST_CASE("a text of many blocks keeps its order") {
  Work work;
  std::string text;
  std::vector<std::string> expected;
  RandomStream random(2, "text");
  while (text.size() < (20u << 20)) {
    std::string document;
    for (std::uint64_t words = random.below(2'000'000) / (1 + random.below(1000)); words > 0; --words)
      document += std::to_string(random.below(100)) + (words % 10 ? " " : "\n");
    if (document.empty()) continue;
    text += document + "<|endoftext|>\n";
    expected.push_back(document + "#");
  }
  write_text(work.folder / "a.txt", text);
  CHECK(content_of(*work.prepare()) == expected);
}

TEST_CASE("a byte-level BPE's ids are those of the whole text, wherever it is cut") {
  const TempFolder folder;
  RandomStream random(4, "parts");
  const std::vector<std::string> parts{"the", " the", "then", "n't", "'ll", " ", "  ",     "\n",     "\n\n", "\r\n", "\t",
                                       " \n", ".",    "...",  "12",  "345", "ü", "\u00a0", "\u3000", "日本", "😀"};
  const auto random_text = [&](std::size_t count) {
    std::string text = "x";
    for (std::size_t i = 0; i < count; ++i) text += parts[random.below(parts.size())];
    return text;
  };
  write_text(folder / "train.txt", random_text(20'000));
  train_byte_bpe_tokenizer({.files = {folder / "train.txt"}, .vocabulary = {.vocab_size = 400}}, folder / "tokenizer");
  const ByteBpeTokenizer tokenizer(folder / "tokenizer");
  for (int round = 0; round < 100; ++round) {
    const std::string text = random_text(1 + random.below(200));
    write_text(folder / "a.txt", text);
    TextPieceReader reader(whole_files({folder / "a.txt"}), {.block_bytes = 1 + random.below(100), .piece_bytes = 1 + random.below(20)});
    std::vector<std::int32_t> ids;
    std::size_t num_pieces = 0;
    for (auto pieces = reader.next(); !pieces.empty(); pieces = reader.next())
      for (const TextPiece& piece : pieces) {
        const auto of_piece = tokenizer.encode(piece.text);
        ids.insert(ids.end(), of_piece.begin(), of_piece.end());
        num_pieces += !piece.text.empty();
      }
    REQUIRE(ids == tokenizer.encode(text));
    if (text.size() > 500) CHECK(num_pieces > 5);
  }
}

TEST_CASE("a prepared text is used again, until text or tokenizer change, and made again where it is damaged") {
  Work work;
  write_text(work.folder / "a.txt", "one");
  work.prepare();
  REQUIRE(files_in(work.folder / "data") == 1);
  const fs::path made = fs::directory_iterator(work.folder / "data")->path();
  const auto first = fs::last_write_time(made);
  work.prepare();
  CHECK(fs::last_write_time(made) == first);
  fs::resize_file(made, fs::file_size(made) - 1);
  const std::string said = captured_stderr([&] { CHECK(content_of(*work.prepare()) == std::vector<std::string>{"one#"}); });
  CHECK_THAT(said, Catch::Contains("made again"));
  work.prepare("other bytes");
  CHECK(files_in(work.folder / "data") == 2);
  write_text(work.folder / "a.txt", "three");
  CHECK(content_of(*work.prepare()) == std::vector<std::string>{"three#"});
}

TEST_CASE("what is wrong with a text is said, and nothing is left behind") {
  Work work;
  const auto refusal = [&] { return refusal_of([&] { work.prepare(); }); };
  CHECK_THAT(refusal(), Catch::Contains("a.txt") && Catch::Contains("no such file"));
  write_text(work.folder / "a.txt", "");
  CHECK_THAT(refusal(), Catch::Contains("a.txt is empty"));
  write_text(work.folder / "a.txt", "one\ntwo\nthr\xe4\n");
  CHECK_THAT(refusal(), Catch::Contains("a.txt, line 3") && Catch::Contains("UTF-8"));
  write_text(work.folder / "a.txt", "<|endoftext|>\n<|endoftext|>\n");
  CHECK_THAT(refusal(), Catch::Contains("a.txt: the text has no token"));
  work.text.slices = whole_files({"-"});
  CHECK_THAT(refusal(), Catch::Contains("standard input"));
  work.text.slices.clear();
  CHECK_THAT(refusal(), Catch::Contains("no text was named"));
  CHECK(files_in(work.folder / "data") == 0);
}

}  // namespace
}  // namespace attend
