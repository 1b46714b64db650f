// The same answers as transformers' BertTokenizer, recorded by scripts/make_wordpiece_fixtures.py.
#include <catch2/catch.hpp>

#include "tests/tokenizers/small_wordpiece.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;

/// Calls `check` with each recorded folder and its answers.
template <class Check>
void for_each_folder(const Check& check) {
  const Json recorded = read_json_file(fs::path(ATTEND_SOURCE_DIR) / "tests/fixtures/wordpiece.json");
  REQUIRE(recorded.size() == 6);
  for (const Json& entry : recorded) {
    const TempFolder folder;
    for (const auto& [name, content] : entry["files"].items()) write_text(folder / name, json_string(content, "fixture", name));
    INFO(entry["files"]["tokenizer_config.json"]);
    check(WordPieceTokenizer(folder.path()), entry);
    const WordPieceTokenizer read(folder.path());
    read.save(folder / "saved");
    check(WordPieceTokenizer(folder / "saved"), entry);
  }
}

TEST_CASE("WordPiece: every recorded text has the reference's ids, spans and words") {
  for_each_folder([](const WordPieceTokenizer& tokenizer, const Json& entry) {
    for (const Json& answer : entry["encoded"]) {
      const auto text = answer[0].get<std::string>();
      INFO(answer[0]);
      const WordPieces found = tokenizer.encode_with_spans(text);
      CHECK(found.ids == answer[1].get<Ids>());
      CHECK(found.ids == tokenizer.encode(text));
      CHECK(found.words == answer[3].get<Ids>());
      std::vector<std::uint32_t> spans;
      for (const TextSpan span : found.spans) spans.insert(spans.end(), {span.begin, span.end});
      CHECK(spans == answer[2].get<std::vector<std::uint32_t>>());
    }
  });
}

TEST_CASE("WordPiece: every recorded pair is put together and cut as the reference does") {
  for_each_folder([](const WordPieceTokenizer& tokenizer, const Json& entry) {
    for (const Json& answer : entry["inputs"]) {
      INFO(answer);
      const auto first = answer[0].get<std::string>();
      const auto second = answer[1].is_null() ? std::nullopt : std::optional(answer[1].get<std::string>());
      const auto encode = [&] {
        return tokenizer.encode_input(first, second, answer[2].get<int>(), static_cast<Truncation>(answer[3].get<int>()));
      };
      if (answer[4].is_null()) {
        CHECK_FALSE(user_error_of(encode).empty());
        continue;
      }
      CHECK(encode().ids == answer[4].get<Ids>());
      CHECK(encode().type_ids == answer[5].get<Ids>());
    }
  });
}

TEST_CASE("WordPiece: every recorded row of ids has the reference's text") {
  for_each_folder([](const WordPieceTokenizer& tokenizer, const Json& entry) {
    for (const Json& answer : entry["decoded"]) {
      INFO(answer[0]);
      CHECK(tokenizer.decode(answer[0].get<Ids>()) == answer[1].get<std::string>());
    }
  });
}

}  // namespace
}  // namespace attend
