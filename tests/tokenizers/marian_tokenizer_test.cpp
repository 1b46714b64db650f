#include "tokenizers/marian_tokenizer.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/json.h"
#include "core/random.h"
#include "core/text.h"
#include "tests/tokenizers/small_text.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;

const fs::path kFixtures = fs::path(ATTEND_SOURCE_DIR) / "tests/fixtures/tokenizers";

void copy_folder(const fs::path& from, const fs::path& to) { fs::copy(from, to, fs::copy_options::recursive); }

TEST_CASE("every text gets transformers' ids, and every row of ids its text") {
  for (const char* name : {"joint", "two_models", "separate"}) {
    const MarianTokenizer tokenizer(kFixtures / name);
    const Json answers = read_json_file(kFixtures / name / "answers.json");
    REQUIRE(answers["source"].size() > 150);
    for (const char* side : {"source", "target"})
      for (const auto& answer : answers[side]) {
        const Tokenizer& one_side = side == std::string("source") ? tokenizer.source() : tokenizer.target();
        Ids ids = one_side.encode(answer[0].get<std::string>());
        ids.push_back(static_cast<std::int32_t>(tokenizer.eos_id()));  // transformers adds it
        INFO(name << ", " << side << ": " << answer[0]);
        CHECK(ids == answer[1].get<Ids>());
      }
    for (const auto& answer : answers["decode"]) {
      INFO(name << ", decode " << answer[0]);
      CHECK(tokenizer.target().decode(answer[0].get<Ids>()) == answer[1].get<std::string>());
    }
  }
}

TEST_CASE("special ids, languages and sizes come from the folder") {
  const MarianTokenizer tokenizer(kFixtures / "joint");
  CHECK(tokenizer.eos_id() == 0);
  CHECK(tokenizer.unk_id() == 1);
  CHECK(tokenizer.pad_id() == tokenizer.vocab_size() - 1);
  CHECK(tokenizer.source_language() == "en");
  CHECK(tokenizer.target_language() == "de");
  CHECK(tokenizer.source().id_of("</s>") == 0);
  CHECK_FALSE(tokenizer.source().id_of("no such piece"));
  const MarianTokenizer separate(kFixtures / "separate");
  CHECK(separate.vocab_size() != separate.target().vocab_size());
}

TEST_CASE("decode of encode is the text, for text as the normaliser leaves it") {
  const MarianTokenizer tokenizer(small_tokenizer());
  RandomStream stream(1, "round trip");
  const std::string letters = "abdefghilnorstuwDHKTVW.";
  std::vector<std::string> texts = lines_of(small_text(true) + small_text(false));
  for (int i = 0; i < 500; ++i) {  // random words over the letters that the text has
    std::string text;
    for (std::uint64_t words = 1 + stream.below(6); words > 0; --words) {
      for (std::uint64_t length = 1 + stream.below(8); length > 0; --length) text += letters[stream.below(letters.size())];
      if (words > 1) text += ' ';
    }
    texts.push_back(text);
  }
  for (const std::string& text : texts) {
    CHECK(tokenizer.source().decode(tokenizer.source().encode(text)) == text);
    CHECK(tokenizer.target().decode(tokenizer.target().encode(text)) == text);
  }
}

TEST_CASE("special tokens spelled in a text are cut out of it, whatever stands around them") {
  const MarianTokenizer tokenizer(small_tokenizer());
  const auto pad = static_cast<std::int32_t>(tokenizer.pad_id());
  CHECK(tokenizer.source().encode("</s><pad></s>") == Ids{0, pad, 0});
  CHECK(tokenizer.source().encode("") == Ids{});
  CHECK(tokenizer.source().decode(Ids{0, 1, pad}) == "");
  const Ids whole = tokenizer.source().encode("Der Hund</s>Der Hund"), half = tokenizer.source().encode("Der Hund");
  CHECK(std::count(whole.begin(), whole.end(), 0) == 1);
  CHECK(Ids(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(half.size())) == half);
  // A megabyte of special tokens takes no quadratic time.
  std::string many;
  for (int i = 0; i < 250'000; ++i) many += "</s>";
  CHECK(tokenizer.source().encode(many).size() == 250'000);
}

TEST_CASE("ill-formed UTF-8 counts as U+FFFD") {
  const MarianTokenizer tokenizer(small_tokenizer());
  CHECK(tokenizer.source().encode("Der \xff Hund") == tokenizer.source().encode("Der \xef\xbf\xbd Hund"));
}

TEST_CASE("an id that is not in the vocabulary is refused") {
  const MarianTokenizer tokenizer(small_tokenizer());
  CHECK_THROWS_AS(tokenizer.target().decode(Ids{-1}), UserError);
  CHECK_THROWS_AS(tokenizer.target().decode(Ids{static_cast<std::int32_t>(tokenizer.vocab_size())}), UserError);
}

TEST_CASE("a folder that is not a whole tokenizer is refused with the reason") {
  struct Case {
    const char *file, *content, *expected;
  };
  const Case cases[]{
      {"source.spm", nullptr, "source.spm is missing"},
      {"vocab.json", nullptr, "vocab.json is missing"},
      {"vocab.json", "[]", "expected an object"},
      {"vocab.json", "{}", "expected an object"},
      {"vocab.json", R"({"</s>": 0, "<unk>": 1})", "has no '<pad>'"},
      {"vocab.json", R"({"</s>": 0, "<unk>": 0, "<pad>": 2})", "both have id 0"},
      {"vocab.json", R"({"</s>": -1, "<unk>": 0, "<pad>": 2})", "is -1"},
      {"vocab.json", R"({"</s>": 0, "<unk>": 1, "<pad>": 99999999999})", "is 99999999999"},
      {"vocab.json", R"({"</s>": 0, "<unk>": 1, "<pad>": "2"})", "<pad>"},
      {"vocab.json", R"({"</s>": 0, "</s>": 1})", "twice"},
      {"tokenizer_config.json", R"({"separate_vocabs": true})", "target_vocab.json"},
      {"tokenizer_config.json", R"({"eos_token": "<end>"})", "has no '<end>'"},
      {"tokenizer_config.json", R"({"eos_token": {"content": "</s>", "lstrip": true}})", "lstrip"},
      {"tokenizer_config.json", R"({"sp_model_kwargs": {"enable_sampling": true}})", "sampled"},
      {"tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "y"}}})", "'x'"},
      {"target.spm", "not a model", "target.spm"},
  };
  for (const Case& one : cases) {
    const TempFolder folder;
    copy_folder(small_tokenizer(), folder / "tokenizer");
    if (one.content)
      write_text(folder / "tokenizer" / one.file, one.content);
    else
      fs::remove(folder / "tokenizer" / one.file);
    INFO(one.file << ": " << (one.content ? one.content : "absent"));
    CHECK_THAT(user_error_of([&] { MarianTokenizer tokenizer(folder / "tokenizer"); }), Catch::Contains(one.expected));
  }
}

TEST_CASE("tokens may be objects, as transformers 4 wrote them, and added ones get ids behind the vocabulary") {
  const TempFolder folder;
  copy_folder(small_tokenizer(), folder / "tokenizer");
  const auto size = MarianTokenizer(small_tokenizer()).vocab_size();
  write_text(folder / "tokenizer/special_tokens_map.json",
             R"({"eos_token": {"content": "</s>", "lstrip": false}, "additional_special_tokens": ["<sep>"]})");
  const MarianTokenizer tokenizer(folder / "tokenizer");
  CHECK(tokenizer.vocab_size() == size + 1);
  CHECK(tokenizer.source().encode("<sep>") == Ids{static_cast<std::int32_t>(size)});
  CHECK(tokenizer.source().decode(Ids{static_cast<std::int32_t>(size)}) == "");
}

TEST_CASE("the files are copied, and the copy is the same tokenizer") {
  const TempFolder folder;
  copy_tokenizer_files(small_tokenizer(), folder / "copy");
  CHECK(MarianTokenizer::present_in(folder / "copy"));
  CHECK_FALSE(MarianTokenizer::present_in(folder.path()));
  CHECK(MarianTokenizer(folder / "copy").fingerprint() == MarianTokenizer(small_tokenizer()).fingerprint());
  CHECK(MarianTokenizer(folder / "copy").fingerprint() != MarianTokenizer(kFixtures / "joint").fingerprint());
  copy_tokenizer_files(folder / "copy", folder / "copy");  // onto itself: nothing is lost
  CHECK(MarianTokenizer::present_in(folder / "copy"));
}

TEST_CASE("added tokens with ids and special ones without share the ids behind the vocabulary") {
  const TempFolder folder;
  copy_folder(small_tokenizer(), folder / "tokenizer");
  const auto size = static_cast<std::int32_t>(MarianTokenizer(small_tokenizer()).vocab_size());
  const Json decoder{{std::to_string(size), {{"content", "<num>"}, {"special", false}}},
                     {std::to_string(size + 1), {{"content", "<b>"}, {"special", true}}}};
  // transformers 4 lists the special one twice, and first without its id.
  write_json_file(folder / "tokenizer/tokenizer_config.json",
                  {{"additional_special_tokens", {"<b>", "<c>"}}, {"added_tokens_decoder", decoder}});
  const MarianTokenizer tokenizer(folder / "tokenizer");
  CHECK(tokenizer.vocab_size() == size + 3);
  CHECK(tokenizer.source().encode("<num><b><c>") == Ids{size, size + 1, size + 2});
  CHECK(tokenizer.source().decode(Ids{size, size + 1, size + 2}) == "<num>");
  // An id that is a piece's is blamed on who gives it.
  write_json_file(folder / "tokenizer/tokenizer_config.json", {{"added_tokens_decoder", {{"7", {{"content", "<x>"}}}}}});
  CHECK_THAT(user_error_of([&] { MarianTokenizer other(folder / "tokenizer"); }),
             Catch::Contains("tokenizer_config.json gives the added token '<x>' the id 7"));
}

TEST_CASE("added tokens of older folders stand in a file of their own") {
  const TempFolder folder;
  copy_folder(small_tokenizer(), folder / "tokenizer");
  const auto size = static_cast<std::int32_t>(MarianTokenizer(small_tokenizer()).vocab_size());
  const std::string before = MarianTokenizer(folder / "tokenizer").fingerprint();
  write_json_file(folder / "tokenizer/added_tokens.json", {{"<a2>", size + 1}, {"<a1>", size}});
  write_json_file(folder / "tokenizer/special_tokens_map.json", {{"additional_special_tokens", {"<a2>"}}});
  const MarianTokenizer tokenizer(folder / "tokenizer");
  CHECK(tokenizer.vocab_size() == size + 2);
  CHECK(tokenizer.source().encode("<a1><a2>") == Ids{size, size + 1});
  CHECK(tokenizer.target().decode(Ids{size, size + 1}) == "<a1>");
  CHECK(tokenizer.fingerprint() != before);
  copy_tokenizer_files(folder / "tokenizer", folder / "copy");
  CHECK(MarianTokenizer(folder / "copy").source().encode("<a1>") == Ids{size});
  // added_tokens_decoder says all where it is there.
  write_json_file(folder / "tokenizer/tokenizer_config.json", {{"added_tokens_decoder", Json::object()}});
  CHECK(MarianTokenizer(folder / "tokenizer").vocab_size() == size + 1);
}

TEST_CASE("a code that the vocabulary lacks is one unknown token, and can be asked for") {
  const MarianTokenizer tokenizer(kFixtures / "joint");
  CHECK(unknown_language_code(tokenizer.source(), ">>xyz<< Der Hund") == ">>xyz<<");
  CHECK(unknown_language_code(tokenizer.source(), ">>quoted words<< x") == ">>quoted words<<");
  for (const char* known : {">>de<< Hund", " >>xyz<< x", ">>xyz", "Hund >>xyz<<", ""})
    CHECK(unknown_language_code(tokenizer.source(), known).empty());
}

}  // namespace
}  // namespace attend
