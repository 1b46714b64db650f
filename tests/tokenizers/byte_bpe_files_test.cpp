// Folders: what is read, what is refused, and what is written.
#include <catch2/catch.hpp>
#include <functional>

#include "tests/tokenizers/small_byte_bpe.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;
using Strings = std::vector<std::string>;
using Catch::Contains;

const std::string kText = "the abc's\n\n aaaaa d\u00e9j\u00e0 <|endoftext|> \U0001F600";

/// The message for a tokenizer.json that differs from the small one by `change`, without its path.
std::string refusal(const std::function<void(Json&)>& change) {
  const TempFolder folder;
  Json json = small_byte_bpe_json();
  change(json);
  write_byte_bpe_json(folder / "t", json);
  const std::string message = user_error_of([&] { ByteBpeTokenizer(folder / "t"); });
  const std::string path = (folder / "t/tokenizer.json").string();
  return message.starts_with(path) ? message.substr(path.size()) : message;
}

/// The message for a folder of which one file holds something else, without its path.
std::string file_refusal(const std::string& file, const std::string& content) {
  const TempFolder folder;
  write_small_byte_bpe(folder / "t");
  write_text(folder / "t" / file, content);
  const std::string message = user_error_of([&] { ByteBpeTokenizer(folder / "t"); });
  const std::string path = (folder / "t" / file).string();
  return message.starts_with(path) ? message.substr(path.size()) : message;
}

std::string settings_refusal(const std::string& settings) { return file_refusal("tokenizer_config.json", settings); }

TEST_CASE("byte-level BPE: tokenizer.json gives the ids of vocab.json and merges.txt, with both forms of merges, and wins over them") {
  const TempFolder folder;
  const ByteBpeTokenizer files(write_small_byte_bpe(folder / "files"));
  Json json = small_byte_bpe_json();
  const ByteBpeTokenizer strings(write_byte_bpe_json(folder / "strings", json));
  for (Json& merge : json["model"]["merges"]) {
    const auto line = merge.get<std::string>();
    merge = {line.substr(0, line.find(' ')), line.substr(line.find(' ') + 1)};
  }
  json["post_processor"] = nullptr;
  write_byte_bpe_json(folder / "pairs", json);
  write_text(folder / "pairs/vocab.json", R"({"other": 0})");
  const ByteBpeTokenizer pairs(folder / "pairs");
  for (const ByteBpeTokenizer* tokenizer : {&strings, &pairs}) {
    CHECK(tokenizer->encode(kText) == files.encode(kText));  // its truncation block is not for us
    CHECK(tokenizer->fingerprint() == files.fingerprint());
    CHECK(tokenizer->end_of_text_id() == 267);
  }
}

TEST_CASE("byte-level BPE: vocab.json may be in any order and have holes, merges.txt Windows line ends or no last one") {
  const TempFolder folder;
  write_text(folder / "vocab.json", R"({"ab": 7, "b": 2, "a": 0, "<|endoftext|>": 4})");
  write_text(folder / "merges.txt", "#version: 0.2\r\na b");
  const ByteBpeTokenizer tokenizer(folder.path());
  CHECK(tokenizer.vocab_size() == 8);
  CHECK(tokenizer.encode("aba<|endoftext|>") == Ids{7, 0, 4});
  CHECK(tokenizer.decode(Ids{0, 1, 7}) == "aab");
  tokenizer.save(folder / "saved");
  CHECK(ByteBpeTokenizer(folder / "saved").fingerprint() == tokenizer.fingerprint());
}

TEST_CASE("byte-level BPE: malformed merges are refused") {
  const auto merges = [](const std::string& lines) { return file_refusal("merges.txt", "#version: 0.2\n" + lines); };
  CHECK(merges("t h\nt q\n") == ", line 3: the merge of 't' and 'q' needs the piece 'tq', which the vocabulary lacks");
  CHECK(merges("t h\n\u4e2d h\n") == ", line 3: the merge of '\u4e2d' and 'h' needs the piece '\u4e2d', which the vocabulary lacks");
  CHECK(merges("th qq\n") == ", line 2: the merge of 'th' and 'qq' needs the piece 'qq', which the vocabulary lacks");
  CHECK(merges("t h\na b\nt h\n") == ", line 4: the merge of 't' and 'h' stands there twice");
  for (const char* line : {"t", "t h e", " t h", "t h ", "t  h", ""})
    CHECK(merges(std::string(line) + "\na b\n") ==
          ", line 2: expected two pieces with a space between them, found '" + std::string(line) + "'");
  CHECK(merges("t h\n\xff h\n") == ", line 3: not valid UTF-8");
  CHECK(refusal([](Json& json) { json["model"]["merges"] = 3; }) == ": model: 'merges' is not a list");
  CHECK(refusal([](Json& json) { json["model"].erase("merges"); }) == ": model has no 'merges'");
  CHECK(refusal([](Json& json) { json["model"]["merges"][1] = {"t"}; }) == R"(: model, merge 2: expected "a b" or ["a", "b"])");
  CHECK(refusal([](Json& json) { json["model"]["merges"][1] = {"t", 5}; }) == R"(: model, merge 2: expected "a b" or ["a", "b"])");
  CHECK(refusal([](Json& json) {
          json["model"]["merges"][1] = {"t", "h"};
        }) == ": model, merge 2: the merge of 't' and 'h' stands there twice");
  CHECK(refusal([](Json& json) { json["model"]["merges"][1] = "th q"; }) ==
        ": model, merge 2: the merge of 'th' and 'q' needs the piece 'thq', which the vocabulary lacks");
}

TEST_CASE("byte-level BPE: a malformed vocabulary is refused") {
  CHECK(file_refusal("vocab.json", "[]") == " is not an object of pieces and their ids");
  CHECK(file_refusal("vocab.json", "{}") == " is not an object of pieces and their ids");
  CHECK_THAT(file_refusal("vocab.json", "{"), Contains("not valid JSON"));
  CHECK_THAT(file_refusal("vocab.json", "{\"\xff\": 0}"), Contains("not valid JSON"));
  CHECK(file_refusal("vocab.json", R"({"a": 0, "a": 1})") == ": the key 'a' stands twice in one JSON object; expected it once");
  CHECK(file_refusal("vocab.json", R"({"a": 0, "b": 0})") == ": 'a' and 'b' both have id 0");
  CHECK(file_refusal("vocab.json", R"({"a": -1})") == ": the id of 'a' is -1 in a vocabulary of 1 pieces");
  CHECK(file_refusal("vocab.json", R"({"a": 2000000000})") == ": the id of 'a' is 2000000000 in a vocabulary of 1 pieces");
  CHECK_THAT(file_refusal("vocab.json", R"({"a": "x"})"), Contains("expected an integer"));
  CHECK(refusal([](Json& json) { json["model"].erase("vocab"); }) == ": model has no 'vocab'");
  CHECK_THAT(refusal([](Json& json) { json["model"]["unk_token"] = "<u>"; }), Contains("the vocabulary lacks the unknown token '<u>'"));
}

TEST_CASE("byte-level BPE: another tokenizer's tokenizer.json is refused with what it asks for") {
  CHECK(refusal([](Json& json) { json["model"]["type"] = "WordPiece"; }) == ": model is a 'WordPiece'; expected a BPE model");
  CHECK(refusal([](Json& json) { json.erase("model"); }) == ": model is missing; expected a BPE model");
  CHECK(refusal([](Json& json) { json["normalizer"] = {{"type", "NFC"}}; }) == ": normalizer is a 'NFC'; expected none");
  CHECK(refusal([](Json& json) { json["pre_tokenizer"]["type"] = "Sequence"; }) ==
        ": pre_tokenizer is a 'Sequence'; expected a ByteLevel pre-tokenizer");
  CHECK(refusal([](Json& json) { json["pre_tokenizer"] = nullptr; }) == ": pre_tokenizer is missing; expected a ByteLevel pre-tokenizer");
  CHECK(refusal([](Json& json) { json["pre_tokenizer"]["use_regex"] = false; }) ==
        ": pre_tokenizer: use_regex is false, which is not supported");
  CHECK(refusal([](Json& json) { json["decoder"] = nullptr; }) == ": decoder is missing; expected a ByteLevel decoder");
  CHECK(refusal([](Json& json) { json["post_processor"]["type"] = "RobertaProcessing"; }) ==
        ": post_processor is a 'RobertaProcessing'; expected a ByteLevel or TemplateProcessing");
  CHECK(refusal([](Json& json) { json["model"]["dropout"] = 0.1; }) == ": model: dropout is 0.1, which is not supported");
  CHECK(refusal([](Json& json) { json["model"]["ignore_merges"] = true; }) == ": model: ignore_merges is true, which is not supported");
  CHECK(refusal([](Json& json) { json["model"]["byte_fallback"] = true; }) == ": model: byte_fallback is true, which is not supported");
  CHECK(refusal([](Json& json) { json["model"]["end_of_word_suffix"] = "</w>"; }) ==
        ": model: end_of_word_suffix is \"</w>\", which is not supported");
  CHECK(refusal([](Json& json) { json["model"]["squeeze"] = 1; }) == ": model has the setting 'squeeze', which is not known here");
  CHECK(refusal([](Json& json) { json["plugins"] = 1; }) == " has the setting 'plugins', which is not known here");
}

TEST_CASE("byte-level BPE: templates: the text alone, or the token that begins it") {
  const TempFolder folder;
  Json json = small_byte_bpe_json();
  json["post_processor"] = parse_json(
      R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": {}})", "t");
  CHECK_FALSE(ByteBpeTokenizer(write_byte_bpe_json(folder / "t", json)).begin_of_text_id().has_value());
  json["post_processor"]["single"].insert(json["post_processor"]["single"].begin(),
                                          parse_json(R"({"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}})", "t"));
  const ByteBpeTokenizer tokenizer(write_byte_bpe_json(folder / "t", json));
  CHECK(tokenizer.begin_of_text_id() == 267);
  CHECK(tokenizer.encode("a").size() == 1);
  CHECK(ByteBpeTokenizer(write_small_byte_bpe(folder / "files", R"({"add_bos_token": true})")).begin_of_text_id() == 267);
  CHECK_THAT(settings_refusal(R"({"add_bos_token": true, "bos_token": null})"), Contains("asks for add_bos_token, and names no bos_token"));
  CHECK(refusal([](Json& broken) {
          broken["post_processor"] = {{"type", "TemplateProcessing"}, {"single", 3}};
        }) == ": post_processor is not GPT-2's template");
}

TEST_CASE("byte-level BPE: tokenizer_config.json and the files before it name the special tokens") {
  const TempFolder folder;
  const auto tokenizer = [&](const std::string& settings) { return ByteBpeTokenizer(write_small_byte_bpe(folder / "t", settings)); };
  CHECK(tokenizer(R"({"eos_token": "the"})").end_of_text_id() == 257);
  CHECK_FALSE(tokenizer(R"({"eos_token": null})").end_of_text_id().has_value());
  CHECK(tokenizer(R"({"eos_token": {"content": "<e>", "lstrip": true, "__type": "AddedToken"}})").end_of_text_id() == 268);
  const ByteBpeTokenizer more = tokenizer(R"({"pad_token": "<p>", "additional_special_tokens": ["<x>", "<y>"]})");
  CHECK(more.vocab_size() == 271);
  CHECK(more.encode("<y><p>") == Ids{270, 268});
  CHECK(more.is_special(270));
  CHECK(tokenizer(R"({"added_tokens_decoder": {"257": {"content": "the"}, "268": {"content": "a b"}}})").pieces("a bthe") ==
        Strings{"a b", "the"});
}

TEST_CASE("byte-level BPE: malformed settings are refused") {
  CHECK_THAT(settings_refusal("[]"), Contains(" is not an object"));
  CHECK_THAT(settings_refusal(R"({"add_prefix_space": 1})"), Contains("add_prefix_space"));
  CHECK_THAT(settings_refusal(R"({"split_special_tokens": true})"), Contains("asks for split_special_tokens, which is not supported"));
  CHECK_THAT(settings_refusal(R"({"tokenizer_class": "RobertaTokenizer"})"),
             Contains("tokenizer_class is 'RobertaTokenizer'; expected GPT2Tokenizer"));
  CHECK_THAT(settings_refusal(R"({"eos_token": ""})"), Contains("one of the added tokens is empty"));
  CHECK_THAT(settings_refusal(R"({"added_tokens_decoder": {"300": {"content": "XY"}}})"),
             Contains("'XY' is 300; expected 268, the next one that is free"));
  CHECK_THAT(settings_refusal(R"({"added_tokens_decoder": {"5": {"content": "the"}}})"),
             Contains("'the' is 5; expected 257, as in the vocabulary"));
  CHECK(settings_refusal(R"({"tokenizer_class": "GPT2TokenizerFast", "errors": "replace", "model_max_length": 1e30})").empty());
}

TEST_CASE("byte-level BPE: a folder without a tokenizer says what was looked for, and present_in sees it") {
  const TempFolder folder;
  CHECK_THAT(user_error_of([&] { ByteBpeTokenizer(folder.path()); }),
             Contains("has no tokenizer.json, and no vocab.json with merges.txt; expected the tokenizer of a GPT-2 model"));
  CHECK_FALSE(ByteBpeTokenizer::present_in(folder.path()));
  write_text(folder / "vocab.json", "{}");
  CHECK_FALSE(ByteBpeTokenizer::present_in(folder.path()));
  CHECK(ByteBpeTokenizer::present_in(write_small_byte_bpe(folder / "files")));
  CHECK(ByteBpeTokenizer::present_in(write_byte_bpe_json(folder / "json", small_byte_bpe_json())));
  CHECK_FALSE(ByteBpeTokenizer::present_in(write_byte_bpe_json(folder / "other", parse_json(R"({"model": {"type": "WordPiece"}})", "t"))));
}

TEST_CASE("byte-level BPE: what is saved gives the same ids, from files and from tokenizer.json, and is saved as the same bytes again") {
  const TempFolder folder;
  write_small_byte_bpe(folder / "files",
                       R"({"add_prefix_space": true, "model_max_length": 128, "pad_token": "<p>", "sep_token": "<s>", "add_bos_token": true,
          "additional_special_tokens": ["<x>"]})");
  Json json = small_byte_bpe_json();
  json["added_tokens"].push_back(parse_json(
      R"({"id": 268, "content": "two words", "single_word": true, "lstrip": true, "rstrip": false, "normalized": true, "special": false})",
      "t"));
  write_byte_bpe_json(folder / "json", json);
  for (const char* name : {"files", "json"}) {
    const ByteBpeTokenizer before(folder / name);
    before.save(folder / "saved");
    const ByteBpeTokenizer after(folder / "saved");
    CHECK(after.encode(kText + "  two words") == before.encode(kText + "  two words"));
    CHECK(after.fingerprint() == before.fingerprint());
    CHECK(after.end_of_text_id() == before.end_of_text_id());
    CHECK(after.begin_of_text_id() == before.begin_of_text_id());
    after.save(folder / "again");
    for (const char* file : {"vocab.json", "merges.txt", "tokenizer_config.json", "tokenizer.json"}) {
      REQUIRE(fs::exists(folder / "saved" / file) == fs::exists(folder / "again" / file));
      if (fs::exists(folder / "saved" / file)) CHECK(read_text(folder / "saved" / file) == read_text(folder / "again" / file));
    }
    fs::remove(folder / "saved/tokenizer.json");
    CHECK(ByteBpeTokenizer(folder / "saved").encode(kText + "  two words") == before.encode(kText + "  two words"));
    fs::remove_all(folder / "saved");
    fs::remove_all(folder / "again");
  }
  ByteBpeTokenizer(folder / "files").save(folder / "saved");
  CHECK(read_text(folder / "saved/merges.txt") == small_merge_lines());
  CHECK(read_json_file(folder / "saved/vocab.json") == small_byte_vocabulary());
  const Json settings = read_json_file(folder / "saved/tokenizer_config.json");
  CHECK(settings["tokenizer_class"] == "GPT2Tokenizer");
  CHECK(settings["additional_special_tokens"] == Json{"<x>"});
  CHECK(settings["sep_token"] == "<s>");
  CHECK_FALSE(settings.contains("mask_token"));
}

TEST_CASE("byte-level BPE: the fingerprint changes with whatever changes the ids") {
  const TempFolder folder;
  const auto fingerprint = [&](const std::function<void(Json&)>& change) {
    Json json = small_byte_bpe_json();
    change(json);
    return ByteBpeTokenizer(write_byte_bpe_json(folder / "t", json)).fingerprint();
  };
  const std::string same = fingerprint([](Json&) {});
  CHECK(fingerprint([](Json& json) { json["truncation"] = nullptr; }) == same);
  CHECK(fingerprint([](Json& json) { std::swap(json["model"]["merges"][0], json["model"]["merges"][3]); }) != same);
  CHECK(fingerprint([](Json& json) { json["model"]["merges"].erase(5); }) != same);
  CHECK(fingerprint([](Json& json) { json["pre_tokenizer"]["add_prefix_space"] = true; }) != same);
  CHECK(fingerprint([](Json& json) { std::swap(json["model"]["vocab"]["a"], json["model"]["vocab"]["b"]); }) != same);
  CHECK(fingerprint([](Json& json) { json["added_tokens"][0]["lstrip"] = true; }) != same);
}

}  // namespace
}  // namespace attend
