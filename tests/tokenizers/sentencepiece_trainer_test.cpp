#include "tokenizers/sentencepiece_trainer.h"

#include <catch2/catch.hpp>
#include <set>

#include "core/error.h"
#include "core/json.h"
#include "tests/support/captured_stderr.h"
#include "tests/tokenizers/small_text.h"
#include "tokenizers/marian_tokenizer.h"
#include "tokenizers/sentencepiece_tokenizer.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

struct Texts {
  TempFolder folder;
  fs::path german = folder / "train.de", english = folder / "train.en";
  Texts() {
    set_log_level(LogLevel::kQuiet);
    write_text(german, small_text(true));
    write_text(english, small_text(false));
  }
};

TEST_CASE("each kind of model is learnt, and its ids are those of vocab.json") {
  const Texts texts;
  for (const PieceModel kind : {PieceModel::kUnigram, PieceModel::kBpe, PieceModel::kChar, PieceModel::kWord}) {
    const fs::path folder = texts.folder / std::string(enum_name(kind));
    const auto size =
        train_marian_tokenizer({.source_files = {texts.german, texts.english}, .vocabulary = {.model = kind, .vocab_size = 80}}, folder);
    INFO(enum_name(kind));
    CHECK(size <= 80);
    if (kind == PieceModel::kUnigram || kind == PieceModel::kBpe) CHECK(size == 80);
    const MarianTokenizer tokenizer(folder);
    const SentencePieceTokenizer model(folder / "source.spm");
    CHECK(tokenizer.vocab_size() == size);
    CHECK(tokenizer.pad_id() == size - 1);
    CHECK(model.vocab_size() == size - 1);
    for (const std::string& line : lines_of(small_text(true))) {
      CHECK(tokenizer.source().encode(line) == model.encode(line));
      CHECK(tokenizer.source().decode(tokenizer.source().encode(line)) == line);
    }
  }
}

TEST_CASE("training twice gives the same bytes, from wherever the text is read") {
  const Texts texts;
  fs::create_directories(texts.folder / "elsewhere");
  fs::copy(texts.german, texts.folder / "elsewhere/text");
  for (const PieceModel kind : {PieceModel::kUnigram, PieceModel::kBpe}) {
    train_marian_tokenizer({.source_files = {texts.german}, .vocabulary = {.model = kind, .vocab_size = 70}}, texts.folder / "first");
    train_marian_tokenizer({.source_files = {texts.folder / "elsewhere/text"}, .vocabulary = {.model = kind, .vocab_size = 70}},
                           texts.folder / "second");
    for (const char* file : {"source.spm", "target.spm", "vocab.json", "tokenizer_config.json"})
      CHECK(read_text(texts.folder / "first" / file) == read_text(texts.folder / "second" / file));
  }
}

TEST_CASE("two models share one vocabulary of their union") {
  const Texts texts;
  const fs::path folder = texts.folder / "two";
  const auto size = train_marian_tokenizer(
      {.source_files = {texts.german}, .target_files = {texts.english}, .sides = Sides::kSeparate, .vocabulary = {.vocab_size = 60}},
      folder);
  const SentencePieceModel source(folder / "source.spm"), target(folder / "target.spm");
  std::set<std::string> pieces{"<pad>"};
  for (std::int32_t id = 0; id < source.size(); ++id) pieces.insert(source.piece_of(id));
  for (std::int32_t id = 0; id < target.size(); ++id) pieces.insert(target.piece_of(id));
  CHECK(size == static_cast<std::int64_t>(pieces.size()));
  CHECK(size < source.size() + target.size() + 1);  // some pieces, at least </s> and <unk>, are in both
  const MarianTokenizer tokenizer(folder);
  for (std::int32_t id = 0; id < source.size(); ++id) CHECK(tokenizer.source().id_of(source.piece_of(id)) == id);
  for (const std::string& line : lines_of(small_text(false))) CHECK(tokenizer.target().decode(tokenizer.target().encode(line)) == line);
}

TEST_CASE("language codes at the starts of lines become tokens of their own") {
  const Texts texts;
  std::string coded;
  int number = 0;
  for (const std::string& line : lines_of(small_text(false))) coded += (number++ % 2 ? ">>de<< " : ">>fr<< ") + line + "\n";
  write_text(texts.english, coded);
  const auto size = train_marian_tokenizer({.source_files = {texts.english}, .vocabulary = {.vocab_size = 60}}, texts.folder / "coded");
  CHECK(size == 60);
  const MarianTokenizer tokenizer(texts.folder / "coded");
  const auto ids = tokenizer.source().encode(">>de<< The dog");
  CHECK(ids.front() == tokenizer.source().id_of(">>de<<"));
  CHECK(tokenizer.source().id_of(">>fr<<"));
  CHECK(tokenizer.source().encode(">>xx<< The dog").front() == tokenizer.unk_id());
}

TEST_CASE("special tokens that a text spells do not become pieces twice") {
  const Texts texts;
  std::string spelled;
  for (const std::string& line : lines_of(small_text(true))) spelled += "<pad> </s> <unk>" + line + "<pad>\n";
  write_text(texts.german, spelled);
  for (const PieceModel kind : {PieceModel::kWord, PieceModel::kUnigram}) {
    train_marian_tokenizer({.source_files = {texts.german}, .vocabulary = {.model = kind, .vocab_size = 40}}, texts.folder / "spelled");
    CHECK(MarianTokenizer(texts.folder / "spelled").pad_id() == MarianTokenizer(texts.folder / "spelled").vocab_size() - 1);
  }
}

TEST_CASE("a small text gives a smaller vocabulary, and a line of 100,000 words is learnt from too") {
  const Texts texts;
  std::string line;
  for (int i = 0; i < 100'000; ++i) line += i % 3 ? "hund " : "katze ";
  write_text(texts.german, line + "\n");
  const auto size = train_marian_tokenizer({.source_files = {texts.german}, .vocabulary = {.vocab_size = 5000}}, texts.folder / "small");
  CHECK(size < 5000);
  CHECK(size > 10);
  const MarianTokenizer tokenizer(texts.folder / "small");
  CHECK(tokenizer.source().decode(tokenizer.source().encode("hund katze")) == "hund katze");
  write_text(texts.german, std::string(50'000, 'a') + "\n");  // and one without any space
  CHECK_NOTHROW(train_marian_tokenizer({.source_files = {texts.german}, .vocabulary = {.model = PieceModel::kBpe, .vocab_size = 20}},
                                       texts.folder / "unspaced"));
}

TEST_CASE("what cannot be learnt from is refused with the reason") {
  const Texts texts;
  const auto refusal = [&](const MarianTokenizerTraining& training) {
    return user_error_of([&] { train_marian_tokenizer(training, texts.folder / "refused"); });
  };
  CHECK_THAT(refusal({.source_files = {texts.folder / "none"}}), Catch::Contains("none"));
  write_text(texts.folder / "empty", "\n\n");
  CHECK_THAT(refusal({.source_files = {texts.folder / "empty"}}), Catch::Contains("is empty"));
  write_text(texts.folder / "latin1", "gut\nsch\xf6n\n");
  CHECK_THAT(refusal({.source_files = {texts.folder / "latin1"}}), Catch::Contains("line 2"));
  CHECK_THAT(refusal({.source_files = {texts.german}, .vocabulary = {.vocab_size = 20}}), Catch::Contains("cannot learn 19 pieces"));
  CHECK_THAT(refusal({.source_files = {texts.german}, .vocabulary = {.vocab_size = 2}}), Catch::Contains("2 ids"));
  CHECK_THAT(refusal({.source_files = {texts.german}, .vocabulary = {.character_coverage = 1.5}}), Catch::Contains("coverage"));
  CHECK_THAT(refusal({}), Catch::Contains("no text"));
  CHECK_THAT(refusal({.source_files = {texts.german}, .sides = Sides::kSeparate}), Catch::Contains("both sides"));
  CHECK_THAT(refusal({.source_files = {"-"}}), Catch::Contains("standard input"));
  CHECK_FALSE(fs::exists(texts.folder / "refused/vocab.json"));
}

TEST_CASE("the folder says what transformers needs to know") {
  const Texts texts;
  train_marian_tokenizer({.source_files = {texts.german},
                          .target_files = {texts.english},
                          .vocabulary = {.vocab_size = 80},
                          .source_language = "de",
                          .target_language = "en"},
                         texts.folder / "tokenizer");
  const Json settings = read_json_file(texts.folder / "tokenizer/tokenizer_config.json");
  CHECK(settings["tokenizer_class"] == "MarianTokenizer");
  CHECK(settings["source_lang"] == "de");
  CHECK(settings["separate_vocabs"] == false);
  CHECK(settings["model_max_length"] == 512);
  CHECK(MarianTokenizer(texts.folder / "tokenizer").target_language() == "en");
}

TEST_CASE("quoted words at the starts of some lines are no language codes, unless they are named") {
  const Texts texts;
  std::string text;
  int number = 0;
  for (const std::string& line : lines_of(small_text(false)))
    text += (number++ % 3 ? "" : ">>word" + std::to_string(number) + "<< ") + line + "\n";
  write_text(texts.english, text);
  const auto train = [&](std::vector<std::string> codes) {
    return captured_stderr([&] {
      train_marian_tokenizer({.source_files = {texts.english}, .vocabulary = {.vocab_size = 80}, .language_codes = std::move(codes)},
                             texts.folder / "quoted");
    });
  };
  CHECK_THAT(train({}),
             Catch::Contains(", line 1: '>>word1<<' looks like a language code; 240 of 720 lines") && Catch::Contains("--language-codes"));
  CHECK_FALSE(MarianTokenizer(texts.folder / "quoted").source().id_of(">>word1<<"));
  CHECK(MarianTokenizer(texts.folder / "quoted").vocab_size() == 80);
  CHECK_THAT(train({"word1", ">>word4<<"}), Catch::Contains("'>>word7<<' looks like a language code; 238 of 720"));
  const MarianTokenizer named(texts.folder / "quoted");
  CHECK(named.source().id_of(">>word1<<"));
  CHECK(named.source().id_of(">>word4<<"));
  CHECK_FALSE(named.source().id_of(">>word7<<"));
  for (const char* bad : {"", "a b", ">>a", ">>a<<b"})
    CHECK_THAT(user_error_of([&] { train({bad}); }), Catch::Contains("--language-codes has"));
}

}  // namespace
}  // namespace attend
