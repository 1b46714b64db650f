#include "tokenizers/tokenizer_settings.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/log.h"
#include "core/text.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"
#include "tests/tokenizers/small_byte_bpe.h"
#include "tests/tokenizers/small_wordpiece.h"
#include "tokenizers/byte_bpe_tokenizer.h"
#include "tokenizers/marian_tokenizer.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

/// What is said of a file with these settings.
std::string said_of(const std::string& settings) {
  static int count = 0;
  const std::string name = "settings-" + std::to_string(count++) + ".json";  // a warning is given once a name
  return captured_stderr([&] { check_setting_keys(parse_json(settings, name), name, {"followed_here"}); });
}

TEST_CASE("an unknown setting that says something is warned of by name, once") {
  CHECK_THAT(said_of(R"({"split_digits": true})"), Contains("warning: ") && Contains("'split_digits' (true) is not followed"));
  CHECK(said_of(R"({"split_digits": null})") == "");
  const Json settings = parse_json(R"({"split_digits": true})", "x");
  const std::string twice = captured_stderr([&] {
    for (int i = 0; i < 2; ++i) check_setting_keys(settings, "twice.json", {});
  });
  CHECK(std::count(twice.begin(), twice.end(), '\n') == 1);
}

TEST_CASE("settings that are followed, or decide no id, are passed over") {
  CHECK(said_of(R"({"followed_here": 7, "model_max_length": 512, "unk_token": "[UNK]", "name_or_path": "x", "padding_side": "left",
                    "truncation_side": "right", "never_split": [], "do_basic_tokenize": true, "errors": "replace",
                    "model_input_names": ["input_ids"], "max_length": 128, "stride": 0, "chat_template": "x"})") == "");
}

TEST_CASE("settings with a usual value are warned of, or refused, for another one") {
  CHECK_THAT(said_of(R"({"truncation_side": "left"})"), Contains("'truncation_side' (\"left\") is not followed"));
  CHECK_THAT(said_of(R"({"add_eos_token": true})"), Contains("'add_eos_token'"));
  const auto refusal = [](const std::string& settings) {
    return refusal_of([&] { check_setting_keys(parse_json(settings, "x.json"), "x.json", {}); });
  };
  CHECK_THAT(refusal(R"({"do_basic_tokenize": false})"), Contains("x.json has do_basic_tokenize: false; only true can be followed"));
  CHECK_THAT(refusal(R"({"never_split": ["a"]})"), Contains("never_split"));
  CHECK_THAT(refusal(R"({"wordpieces_prefix": "@@"})"), Contains("wordpieces_prefix"));
}

TEST_CASE("all three tokenizers look at their settings") {
  const TempFolder folder;
  const auto said = [](const auto& load) { return captured_stderr(load); };
  write_small_wordpiece(folder / "wordpiece", R"({"do_lower_case": true, "odd_key_w": 1})");
  CHECK_THAT(said([&] { WordPieceTokenizer tokenizer(folder / "wordpiece"); }), Contains("'odd_key_w'") && !Contains("do_lower_case"));
  fs::copy(small_tokenizer(), folder / "marian", fs::copy_options::recursive);
  Json settings = read_json_file(folder / "marian/tokenizer_config.json");
  CHECK(said([&] { MarianTokenizer tokenizer(folder / "marian"); }) == "");
  settings["odd_key_m"] = "x";
  write_json_file(folder / "marian/tokenizer_config.json", settings);
  CHECK_THAT(said([&] { MarianTokenizer tokenizer(folder / "marian"); }), Contains("'odd_key_m'"));
  write_small_byte_bpe(folder / "gpt", R"({"add_prefix_space": false, "bos_token": "<|endoftext|>", "odd_key_b": {"a": 1}})");
  CHECK_THAT(said([&] { ByteBpeTokenizer tokenizer(folder / "gpt"); }), Contains("'odd_key_b'") && !Contains("prefix"));
}

TEST_CASE("the documentation lists what is passed over") {
  const std::string docs = read_text(fs::path(ATTEND_SOURCE_DIR) / "docs/file-formats.md"),
                    source = read_text(fs::path(ATTEND_SOURCE_DIR) / "tokenizers/tokenizer_settings.cpp");
  const std::size_t begin = source.find("kHarmless{"), end = source.find("};", begin);
  REQUIRE(begin != std::string::npos);
  int keys = 0;
  for (std::size_t at = begin; (at = source.find('"', at)) < end; ++keys) {
    const std::size_t close = source.find('"', at + 1);
    const std::string key = source.substr(at + 1, close - at - 1);
    INFO(key);
    CHECK_THAT(docs, Contains("`" + key + "`"));
    at = close + 1;
  }
  CHECK(keys > 20);
}

}  // namespace
}  // namespace attend
