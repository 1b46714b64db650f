// The same answers as transformers' GPT2Tokenizer, recorded by scripts/make_byte_bpe_fixtures.py.
#include <catch2/catch.hpp>

#include "tests/tokenizers/small_byte_bpe.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;

/// Calls `check` with each recorded folder and its answers, and with the folder as it is saved here.
template <class Check>
void for_each_folder(const Check& check) {
  const Json recorded = read_json_file(fs::path(ATTEND_SOURCE_DIR) / "tests/fixtures/byte_bpe.json");
  REQUIRE(recorded.size() == 4);
  for (const Json& entry : recorded) {
    const TempFolder folder;
    for (const auto& [name, content] : entry["files"].items()) write_text(folder / name, json_string(content, "fixture", name));
    INFO(entry["files"]["tokenizer_config.json"]);
    const ByteBpeTokenizer read(folder.path());
    check(read, entry);
    read.save(folder / "saved");
    check(ByteBpeTokenizer(folder / "saved"), entry);
    fs::remove(folder / "saved/tokenizer.json");
    check(ByteBpeTokenizer(folder / "saved"), entry);
  }
}

TEST_CASE("byte-level BPE: every recorded text has the reference's ids") {
  for_each_folder([](const ByteBpeTokenizer& tokenizer, const Json& entry) {
    for (const Json& answer : entry["encoded"]) {
      INFO(answer[0]);
      CHECK(tokenizer.encode(answer[0].get<std::string>()) == answer[1].get<Ids>());
    }
  });
}

TEST_CASE("byte-level BPE: every recorded row of ids has the reference's text") {
  for_each_folder([](const ByteBpeTokenizer& tokenizer, const Json& entry) {
    for (const Json& answer : entry["decoded"]) {
      INFO(answer[0]);
      CHECK(tokenizer.decode(answer[0].get<Ids>()) == answer[1].get<std::string>());
    }
  });
}

TEST_CASE("byte-level BPE: every recorded folder has the reference's size and end of text") {
  for_each_folder([](const ByteBpeTokenizer& tokenizer, const Json& entry) {
    CHECK(tokenizer.vocab_size() == entry["size"]);
    CHECK(tokenizer.end_of_text_id().has_value() == !entry["end_of_text"].is_null());
    if (tokenizer.end_of_text_id()) CHECK(*tokenizer.end_of_text_id() == entry["end_of_text"]);
  });
}

}  // namespace
}  // namespace attend
