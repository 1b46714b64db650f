#include "data/parallel_text.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/log.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/temp_folder.h"
#include "tests/tokenizers/small_text.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

struct Corpus {
  TempFolder folder;
  MarianTokenizer tokenizer{small_tokenizer()};
  ParallelText text{folder / "train.de", folder / "train.en"};
  Corpus() {
    set_log_level(LogLevel::kQuiet);
    write_text(text.source, small_text(true));
    write_text(text.target, small_text(false));
  }
  std::shared_ptr<const ParallelCorpus> prepare() const { return prepare_parallel(text, tokenizer, folder / "data"); }
  std::string refusal() const {
    return user_error_of([&] { prepare(); });
  }
};

std::size_t files_in(const fs::path& folder) {
  return fs::exists(folder) ? static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {})) : 0;
}

std::vector<std::int64_t> with_eos(const std::vector<std::int32_t>& ids, const MarianTokenizer& tokenizer) {
  std::vector<std::int64_t> result(ids.begin(), ids.end());
  result.push_back(tokenizer.eos_id());
  return result;
}

TEST_CASE("each pair is there, in order, with the end token on both sides") {
  const Corpus one;
  const auto corpus = one.prepare();
  const auto german = lines_of(small_text(true)), english = lines_of(small_text(false));
  REQUIRE(corpus->size() == german.size());
  for (std::size_t i = 0; i < german.size(); ++i) {
    CHECK(corpus->source(i) == with_eos(one.tokenizer.source().encode(german[i]), one.tokenizer));
    CHECK(corpus->target(i) == with_eos(one.tokenizer.target().encode(english[i]), one.tokenizer));
  }
}

TEST_CASE("more pairs than one block holds stay in order") {
  const Corpus one;
  std::string german, english;
  for (int i = 0; i < 20; ++i) german += small_text(true), english += small_text(false);
  write_text(one.text.source, german);
  write_text(one.text.target, english);
  const auto corpus = one.prepare();
  const auto lines = lines_of(german);
  REQUIRE(corpus->size() == lines.size());
  REQUIRE(lines.size() > 2 * 4096);
  for (std::size_t i = 0; i < lines.size(); i += 101)
    CHECK(corpus->source(i) == with_eos(one.tokenizer.source().encode(lines[i]), one.tokenizer));
}

TEST_CASE("prepared files are used again, until text or tokenizer change") {
  const Corpus one;
  one.prepare();
  REQUIRE(files_in(one.folder / "data") == 2);
  const auto made = [&] {
    fs::file_time_type newest{};
    for (const auto& entry : fs::directory_iterator(one.folder / "data")) newest = std::max(newest, entry.last_write_time());
    return newest;
  };
  const auto first = made();
  one.prepare();
  CHECK(made() == first);

  fs::last_write_time(one.text.source, fs::last_write_time(one.text.source) + std::chrono::seconds(5));
  one.prepare();
  CHECK(files_in(one.folder / "data") == 4);

  fs::copy(small_tokenizer(), one.folder / "tokenizer", fs::copy_options::recursive);
  write_text(one.folder / "tokenizer/special_tokens_map.json", R"({"additional_special_tokens": ["<sep>"]})");
  prepare_parallel(one.text, MarianTokenizer(one.folder / "tokenizer"), one.folder / "data");
  CHECK(files_in(one.folder / "data") == 6);
}

TEST_CASE("a damaged prepared file is made again") {
  const Corpus one;
  const auto before = one.prepare();
  for (const auto& entry : fs::directory_iterator(one.folder / "data")) fs::resize_file(entry.path(), fs::file_size(entry.path()) - 1);
  const auto after = one.prepare();
  REQUIRE(after->size() == lines_of(small_text(true)).size());
  CHECK(after->source(0) == with_eos(one.tokenizer.source().encode(lines_of(small_text(true))[0]), one.tokenizer));
}

TEST_CASE("pairs with an empty side are left out") {
  const Corpus one;
  write_text(one.text.source, "Der Hund.\n\nDer Wolf.\n   \nDer Vogel.\r\n");
  write_text(one.text.target, "The dog.\nThe cat.\n\nThe bear.\nThe bird.");  // no line break at the end
  const auto corpus = one.prepare();
  REQUIRE(corpus->size() == 2);
  CHECK(corpus->source(1) == with_eos(one.tokenizer.source().encode("Der Vogel."), one.tokenizer));
  CHECK(corpus->target(1) == with_eos(one.tokenizer.target().encode("The bird."), one.tokenizer));
}

TEST_CASE("what is wrong with the texts is said, and nothing is left behind") {
  const Corpus one;
  const auto pairs = std::to_string(lines_of(small_text(true)).size());
  write_text(one.text.target, "The dog.\nThe cat.\n");
  CHECK_THAT(one.refusal(), Catch::Contains(pairs + " lines") && Catch::Contains("train.en 2"));
  write_text(one.text.target, "");
  CHECK_THAT(one.refusal(), Catch::Contains("train.en is empty"));
  write_text(one.text.source, "Der Hund.\nDer B\xe4r.\n");
  write_text(one.text.target, "The dog.\nThe bear.\n");
  CHECK_THAT(one.refusal(), Catch::Contains("train.de, line 2") && Catch::Contains("UTF-8"));
  write_text(one.text.source, "\n\n");
  CHECK_THAT(one.refusal(), Catch::Contains("no pair"));
  fs::remove(one.text.source);
  CHECK_THAT(one.refusal(), Catch::Contains("train.de") && Catch::Contains("no such file"));
  fs::create_directory(one.text.source);
  CHECK_THAT(one.refusal(), Catch::Contains("is a folder"));
  CHECK(files_in(one.folder / "data") == 0);
}

TEST_CASE("two token files must hold the same number of sentences") {
  const TempFolder folder;
  const std::string key(64, '0');
  for (const char* name : {"one", "two"}) {
    TokenFileWriter writer(folder / name, {10, key});
    for (int i = 0; i < (name == std::string("one") ? 3 : 4); ++i) writer.append(std::vector<std::int32_t>{1});
    writer.commit();
  }
  CHECK_THROWS_AS(ParallelCorpus(folder / "one", folder / "two"), UserError);
}

TEST_CASE("texts of unequal length are told without a tokenizer") {
  const Corpus one;
  CHECK(check_parallel(one.text) == lines_of(small_text(true)).size());
  write_text(one.text.target, small_text(false) + "One more.\n");
  CHECK_THAT(user_error_of([&] { check_parallel(one.text); }), Catch::Contains("has 720 lines") && Catch::Contains("train.en 721"));
}

TEST_CASE("what looks like a language code and is none is told once, with its line") {
  const Corpus one;
  write_text(one.text.source, "Der Hund.\n>>quoted words<< der Hund.\n>>xyz<< Der Hund.\nDer >>Hund<<.\n");
  write_text(one.text.target, "The dog.\nThe dog.\nThe dog.\nThe dog.\n");
  const std::string said = captured_stderr([&] { one.prepare(); });
  CHECK_THAT(said, Catch::Contains("train.de, line 2: '>>quoted words<<' is no language code") && Catch::Contains("with 2 lines in all") &&
                       Catch::Contains("--language-codes"));
  CHECK(said.find("xyz") == std::string::npos);
}

TEST_CASE("a side in another script is told to be unknown") {
  const Corpus one;
  write_text(one.text.source, "кошка лодка стол\nдом рыба\n");
  write_text(one.text.target, "The dog.\nThe cat.\n");
  CHECK_THAT(captured_stderr([&] { one.prepare(); }), Catch::Contains("train.de: ") && Catch::Contains("are unknown to the tokenizer"));
}

}  // namespace
}  // namespace attend
