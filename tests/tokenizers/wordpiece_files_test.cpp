// Folders: what is read, what is refused, and what is written.
#include <catch2/catch.hpp>
#include <functional>

#include "tests/support/captured_stderr.h"
#include "tests/tokenizers/small_wordpiece.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;
using Strings = std::vector<std::string>;
using Catch::Contains;

const std::string kText = "The d\u00f6gs, [MASK] un\u4e2dwanted \u00c4! [SEP]xyz";

fs::path write_json_tokenizer(const fs::path& folder, const Json& json) {
  fs::create_directories(folder);
  write_json_file(folder / "tokenizer.json", json);
  return folder;
}

/// The message for a tokenizer.json that differs from the small one by `change`.
std::string refusal(const std::function<void(Json&)>& change) {
  const TempFolder folder;
  Json json = small_tokenizer_json();
  change(json);
  write_json_tokenizer(folder / "t", json);
  const std::string message = user_error_of([&] { WordPieceTokenizer(folder / "t"); });
  const std::string path = (folder / "t/tokenizer.json").string();
  return message.starts_with(path) ? message.substr(path.size()) : message;
}

/// The message for vocab.txt with such a tokenizer_config.json.
std::string settings_refusal(const std::string& settings) {
  const TempFolder folder;
  return user_error_of([&] { WordPieceTokenizer(write_small_wordpiece(folder / "t", settings)); });
}

TEST_CASE("tokenizer.json gives the ids of vocab.txt, and wins over it") {
  const TempFolder folder;
  write_small_wordpiece(folder / "lines");
  write_json_tokenizer(folder / "json", small_tokenizer_json());
  write_text(folder / "json/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nother\n");
  const WordPieceTokenizer lines(folder / "lines"), json(folder / "json");
  CHECK(json.encode(kText) == lines.encode(kText));
  CHECK(json.encode("the the the the the").size() == 5);  // its truncation block is not for us
  CHECK(json.fingerprint() == lines.fingerprint());
}

TEST_CASE("the parts of tokenizer.json are followed") {
  const TempFolder folder;
  const auto pieces = [&](const std::function<void(Json&)>& change, const std::string& text) {
    Json json = small_tokenizer_json();
    change(json);
    return WordPieceTokenizer(write_json_tokenizer(folder / "t", json)).pieces(text);
  };
  CHECK(pieces([](Json& json) { json["normalizer"]["lowercase"] = false; }, "The \u00e9") == Strings{"[UNK]", "\u00e9"});
  CHECK(pieces([](Json& json) { json["normalizer"]["strip_accents"] = false; }, "The \u00c9") == Strings{"the", "\u00e9"});
  CHECK(pieces([](Json& json) { json["normalizer"]["handle_chinese_chars"] = false; }, "\u4e2d\u4e2d") == Strings{"\u4e2d", "##\u4e2d"});
  CHECK(pieces([](Json& json) { json["normalizer"]["clean_text"] = false; }, "a\u200bb") == Strings{"[UNK]"});
  CHECK(pieces([](Json& json) { json["normalizer"] = nullptr; }, "a THE") == Strings{"a", "[UNK]"});
  CHECK(pieces([](Json& json) { json["model"]["max_input_chars_per_word"] = 3; }, "the dogs") == Strings{"the", "[UNK]"});
  CHECK(pieces([](Json& json) { json["model"]["unk_token"] = "!"; }, "xyz") == Strings{"!"});
  CHECK(pieces([](Json& json) { json["model"]["continuing_subword_prefix"] = "l"; }, "aowest") == Strings{"a", "lowest"});
  CHECK(pieces([](Json& json) { json["post_processor"] = nullptr; }, "the") == Strings{"the"});
  CHECK(pieces([](Json& json) { json["model"].erase("type"); }, "the") == Strings{"the"});
  const auto bert = [](Json& json) {
    json["post_processor"] = parse_json(R"({"type": "BertProcessing", "sep": ["!", 40], "cls": ["a", 19]})", "t");
  };
  Json json = small_tokenizer_json();
  bert(json);
  CHECK(WordPieceTokenizer(write_json_tokenizer(folder / "t", json)).encode_input("the").ids == Ids{19, 5, 40});
}

TEST_CASE("decoders: none, one with another prefix, one that does not clean") {
  const TempFolder folder;
  const auto decoded = [&](const Json& decoder) {
    Json json = small_tokenizer_json();
    json["decoder"] = decoder;
    return WordPieceTokenizer(write_json_tokenizer(folder / "t", json)).decode(Ids{5, 6, 7, 18});
  };
  CHECK(decoded(parse_json(R"({"type": "WordPiece", "prefix": "##", "cleanup": true})", "t")) == "the dogs.");
  CHECK(decoded(parse_json(R"({"type": "WordPiece", "prefix": "##", "cleanup": false})", "t")) == "the dogs .");
  CHECK(decoded(parse_json(R"({"type": "WordPiece", "prefix": "#", "cleanup": true})", "t")) == "the dog#s.");
  CHECK(decoded(nullptr) == "the dog ##s .");
}

TEST_CASE("added tokens of tokenizer.json, old and new, with their flags") {
  const TempFolder folder;
  Json json = small_tokenizer_json();
  json["added_tokens"] = parse_json(R"([
    {"id": 6, "content": "dog", "single_word": true, "lstrip": false, "rstrip": false, "normalized": true, "special": false},
    {"id": 43, "content": "New", "single_word": false, "lstrip": true, "rstrip": false, "normalized": true, "special": false},
    {"id": 44, "content": "<x>", "single_word": false, "lstrip": false, "rstrip": true, "normalized": false, "special": true}])",
                                    "t");
  const WordPieceTokenizer tokenizer(write_json_tokenizer(folder / "t", json));
  CHECK(tokenizer.vocab_size() == 45);
  CHECK(tokenizer.pieces("DOG dogs") == Strings{"dog", "dog", "##s"});
  const WordPieces found = tokenizer.encode_with_spans("a  n\u00c9W<x>  b [MASK]");
  CHECK(found.ids == Ids{19, 43, 44, 20, 4});  // [MASK] is special though the list does not name it
  CHECK(found.spans == std::vector<TextSpan>{{0, 1}, {1, 7}, {7, 12}, {12, 13}, {14, 20}});
  CHECK(found.words == Ids{0, 1, 2, 3, 4});
  CHECK(tokenizer.decode(found.ids) == "a new b");  // as it was found in the cleaned text
}

TEST_CASE("a tokenizer.json that asks for something else is refused with what it asks for") {
  CHECK(refusal([](Json& json) { json["model"]["type"] = "BPE"; }) == ": model is a 'BPE'; expected a WordPiece model");
  CHECK(refusal([](Json& json) { json.erase("model"); }) == ": model is missing; expected a WordPiece model");
  CHECK(refusal([](Json& json) { json["normalizer"] = {{"type", "NFKC"}}; }) == ": normalizer is a 'NFKC'; expected a BertNormalizer");
  CHECK(refusal([](Json& json) { json["pre_tokenizer"]["type"] = "Whitespace"; }) ==
        ": pre_tokenizer is a 'Whitespace'; expected a BertPreTokenizer");
  CHECK(refusal([](Json& json) { json["pre_tokenizer"] = nullptr; }) == ": pre_tokenizer is missing; expected a BertPreTokenizer");
  CHECK(refusal([](Json& json) { json["decoder"]["type"] = "BPEDecoder"; }) == ": decoder is a 'BPEDecoder'; expected a WordPiece decoder");
  CHECK(refusal([](Json& json) { json["post_processor"]["type"] = "RobertaProcessing"; }) ==
        ": post_processor is a 'RobertaProcessing'; expected a TemplateProcessing or BertProcessing");
  CHECK(refusal([](Json& json) { json["normalizer"]["squeeze"] = true; }) ==
        ": normalizer has the setting 'squeeze', which is not known here");
  CHECK(refusal([](Json& json) { json["plugins"] = 1; }) == " has the setting 'plugins', which is not known here");
  CHECK(refusal([](Json& json) { json["post_processor"]["single"].erase(0); }) == ": post_processor is not BERT's template");
  CHECK(refusal([](Json& json) { json["post_processor"]["pair"][3]["Sequence"]["type_id"] = 0; }) ==
        ": post_processor is not BERT's template");
  CHECK(refusal([](Json& json) { json["post_processor"]["single"][1] = 5; }) ==
        ": post_processor: single holds something that is neither a SpecialToken nor a Sequence");
  CHECK(refusal([](Json& json) { json["post_processor"]["special_tokens"]["[CLS]"]["ids"] = {5}; }) ==
        ": post_processor: the id of '[CLS]' is 5, which the vocabulary contradicts");
  CHECK(refusal([](Json& json) {
          json["post_processor"]["special_tokens"]["[SEP]"]["ids"] = {3, 3};
        }) == ": post_processor: special_tokens does not give one id for '[SEP]'");
}

TEST_CASE("a malformed vocabulary is refused") {
  CHECK(refusal([](Json& json) { json["model"]["vocab"] = Json::array(); }) == ": model: 'vocab' is not an object of pieces and their ids");
  CHECK(refusal([](Json& json) { json["model"]["vocab"] = Json::object(); }) ==
        ": model: 'vocab' is not an object of pieces and their ids");
  CHECK(refusal([](Json& json) { json["model"].erase("vocab"); }) == ": model has no 'vocab'");
  CHECK(refusal([](Json& json) { json["model"]["vocab"]["dog"] = -1; }) == ": model: the id of 'dog' is -1 in a vocabulary of 43 pieces");
  CHECK(refusal([](Json& json) { json["model"]["vocab"]["dog"] = 2'000'000'000; }) ==
        ": model: the id of 'dog' is 2000000000 in a vocabulary of 43 pieces");
  CHECK(refusal([](Json& json) { json["model"]["vocab"]["dog"] = 5; }) == ": model: 'the' and 'dog' both have id 5");
  CHECK_THAT(refusal([](Json& json) { json["model"]["vocab"]["dog"] = "six"; }), Contains("dog"));
  CHECK(refusal([](Json& json) { json["model"]["max_input_chars_per_word"] = 0; }) ==
        ": model: max_input_chars_per_word is 0; expected 1 or more");
  CHECK_THAT(refusal([](Json& json) { json["model"]["unk_token"] = "[WHAT]"; }),
             Contains("the vocabulary lacks the unknown token '[WHAT]'"));
  CHECK_THAT(refusal([](Json& json) { json["model"]["vocab"].erase("[PAD]"); }),
             Contains("the vocabulary lacks the padding token '[PAD]'"));
}

TEST_CASE("malformed added tokens are refused") {
  const auto added = [](const std::string& token) {
    return refusal([&](Json& json) { json["added_tokens"] = Json::array({parse_json(token, "t")}); });
  };
  CHECK(refusal([](Json& json) { json["added_tokens"] = 3; }) == ": 'added_tokens' is not a list");
  CHECK(added(R"({"content": "x"})") == ": one of the added_tokens has no id");
  CHECK(added(R"({"id": 44, "content": "x"})") == ": the id of the added token 'x' is 44; expected 43, the next one that is free");
  CHECK(added(R"({"id": 7, "content": "dog"})") == ": the id of the added token 'dog' is 7; expected 6, as in the vocabulary");
  CHECK(added(R"({"id": -7, "content": "dog"})") == ": the id of the added token 'dog' is -7");
  CHECK(added(R"({"id": 43, "content": ""})") == ": one of the added tokens is empty");
  CHECK(added(R"({"id": 43})") == ": added_tokens has no 'content'");
  CHECK(added(R"({"id": 43, "content": "x", "sticky": true})") == ": added_tokens has the setting 'sticky', which is not known here");
  CHECK(added(R"({"id": 43, "content": "\u0301", "normalized": true})") == "of the added token '\u0301' cleaning leaves nothing");
}

TEST_CASE("files that are no JSON, no UTF-8, empty or absent are refused") {
  const TempFolder folder;
  const auto message = [&](const std::string& file, const std::string& content) {
    fs::remove_all(folder / "t");
    fs::create_directories(folder / "t");
    write_text(folder / "t" / file, content);
    return user_error_of([&] { WordPieceTokenizer(folder / "t"); });
  };
  CHECK_THAT(message("tokenizer.json", "{"), Contains("tokenizer.json"));
  CHECK_THAT(message("tokenizer.json", "[]"), Contains("tokenizer.json is not an object"));
  CHECK_THAT(message("tokenizer.json", R"({"model": {"type": "WordPiece"}, "model": {}})"), Contains("model"));
  CHECK_THAT(message("vocab.txt", ""), Contains("vocab.txt is empty; expected a piece a line"));
  CHECK_THAT(message("vocab.txt", "[PAD]\n\xff\n"), Contains("vocab.txt, line 2: not valid UTF-8"));
  CHECK_THAT(message("vocab.txt", "[PAD]\n[UNK]\n[SEP]\n"), Contains("the vocabulary lacks the classifier token '[CLS]'"));
  CHECK_THAT(message("other.txt", ""), Contains("has no vocab.txt and no tokenizer.json; expected the tokenizer of a BERT model"));
}

TEST_CASE("vocab.txt may have Windows line ends, no last line end, and repeated lines, of which the last counts") {
  const TempFolder folder;
  write_text(folder / "vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\ndog \r\n\r\ncat\r\ndog");
  const WordPieceTokenizer tokenizer(folder.path());
  CHECK(tokenizer.vocab_size() == 8);
  CHECK(tokenizer.encode("dog cat") == Ids{7, 6});
  CHECK(tokenizer.piece(4) == "dog");
}

TEST_CASE("tokenizer_config.json decides with vocab.txt") {
  const TempFolder folder;
  const auto pieces = [&](const std::string& settings, const std::string& text) {
    return WordPieceTokenizer(write_small_wordpiece(folder / "t", settings)).pieces(text);
  };
  CHECK(pieces(R"({"strip_accents": false})", "\u00c9") == Strings{"\u00e9"});
  CHECK(pieces(R"({"do_lower_case": false, "strip_accents": true})", "\u00e9 A") == Strings{"e", "[UNK]"});
  CHECK(pieces(R"({"tokenize_chinese_chars": false, "strip_accents": null})", "\u4e2d\u4e2d") == Strings{"\u4e2d", "##\u4e2d"});
  CHECK(pieces(R"({"additional_special_tokens": ["<e1>", {"content": "<e2>", "lstrip": true}]})", "a <e1> <e2>") ==
        Strings{"a", "<e1>", "<e2>"});
  CHECK(pieces(R"({"mask_token": {"content": "[MASK]", "lstrip": true, "__type": "AddedToken"}})", "a [MASK]") == Strings{"a", "[MASK]"});
  CHECK(pieces(R"({"added_tokens_decoder": {"43": {"content": "XY", "special": false, "normalized": false}}})", "aXY") ==
        Strings{"a", "XY"});
  write_text(folder / "t/special_tokens_map.json", R"({"mask_token": "!", "extra_special_tokens": ["<e3>"]})");
  CHECK(WordPieceTokenizer(write_small_wordpiece(folder / "t", "{}")).mask_id() == 40);
  CHECK(pieces("{}", "<e3>") == Strings{"<e3>"});
  write_text(folder / "t/added_tokens.json", R"({"abc": 43})");
  CHECK(pieces("{}", "ABC") == Strings{"abc"});
}

TEST_CASE("the model's length is taken where it is one") {
  const TempFolder folder;
  const auto length = [&](const std::string& number) {
    return WordPieceTokenizer(write_small_wordpiece(folder / "t", R"({"model_max_length": )" + number + "}")).max_length();
  };
  CHECK(length("512") == 512);
  CHECK(length("1000000000000000019884624838656") == 0);
  CHECK(length("0") == 0);
  CHECK(length("null") == 0);
}

TEST_CASE("malformed settings are refused") {
  CHECK_THAT(settings_refusal("[]"), Contains("tokenizer_config.json is not an object"));
  CHECK_THAT(settings_refusal(R"({"do_lower_case": 1})"), Contains("do_lower_case"));
  CHECK_THAT(settings_refusal(R"({"split_special_tokens": true})"), Contains("asks for split_special_tokens, which is not supported"));
  CHECK_THAT(settings_refusal(R"({"tokenizer_class": "BertJapaneseTokenizer"})"), Contains("tokenizer_class is 'BertJapaneseTokenizer'"));
  CHECK_THAT(settings_refusal(R"({"pad_token": "<pad>"})"), Contains("the vocabulary lacks the padding token '<pad>'"));
  CHECK_THAT(settings_refusal(R"({"extra_special_tokens": 3})"), Contains("extra_special_tokens is not a list of tokens"));
  CHECK_THAT(settings_refusal(R"({"added_tokens_decoder": {"x": {"content": "a"}}})"),
             Contains("added_tokens_decoder has the key 'x'; expected an id"));
  CHECK_THAT(settings_refusal(R"({"added_tokens_decoder": {"50": {"content": "XY"}}})"),
             Contains("'XY' is 50; expected 43, the next one that is free"));
  CHECK_THAT(settings_refusal(R"({"mask_token": "[M]", "extra_special_tokens": ["<e>"]})"),
             Contains("adds the token '<e>' to a vocabulary that lacks '[M]'"));
  CHECK(settings_refusal(R"({"tokenizer_class": "BertTokenizerFast", "never_split": null})").empty());
}

TEST_CASE("where tokenizer_config.json contradicts tokenizer.json a warning says so") {
  const TempFolder folder;
  write_json_tokenizer(folder / "t", small_tokenizer_json());
  write_text(folder / "t/tokenizer_config.json", R"({"do_lower_case": false, "tokenize_chinese_chars": false, "strip_accents": null})");
  set_log_level(LogLevel::kNormal);
  const std::string logged = captured_stderr([&] { CHECK(WordPieceTokenizer(folder / "t").lowercases()); });
  set_log_level(LogLevel::kQuiet);
  CHECK_THAT(logged, Contains("says do_lower_case: false, tokenizer.json the opposite; tokenizer.json is followed"));
  CHECK_THAT(logged, Contains("says tokenize_chinese_chars: false") && !Contains("strip_accents"));
}

TEST_CASE("what is saved gives the same ids, from vocab.txt and from tokenizer.json, and is saved as the same bytes again") {
  const TempFolder folder;
  write_small_wordpiece(folder / "lines", R"({"do_lower_case": false, "strip_accents": true, "model_max_length": 128,
    "mask_token": "!", "clean_up_tokenization_spaces": true, "extra_special_tokens": ["<e>"]})");
  Json json = small_tokenizer_json();
  json["normalizer"]["clean_text"] = false;
  json["model"]["max_input_chars_per_word"] = 7;
  write_json_tokenizer(folder / "json", json);
  for (const char* name : {"lines", "json"}) {
    const WordPieceTokenizer before(folder / name);
    before.save(folder / "saved");
    const WordPieceTokenizer after(folder / "saved");
    CHECK(after.encode(kText) == before.encode(kText));
    CHECK(after.fingerprint() == before.fingerprint());
    CHECK(after.max_length() == before.max_length());
    CHECK(after.mask_id() == before.mask_id());
    CHECK(after.decode(Ids{6, 26, 27, 5, 40}) == before.decode(Ids{6, 26, 27, 5, 40}));
    after.save(folder / "again");
    for (const char* file : {"vocab.txt", "tokenizer_config.json", "tokenizer.json"}) {
      CHECK(fs::exists(folder / "saved" / file) == fs::exists(folder / "again" / file));
      CHECK(read_text(folder / "saved" / file) == read_text(folder / "again" / file));
    }
    fs::remove_all(folder / "again");
    fs::remove_all(folder / "saved");
  }
  const WordPieceTokenizer lines(folder / "lines");
  lines.save(folder / "saved");
  CHECK(read_text(folder / "saved/vocab.txt") == small_vocabulary());
  const Json settings = read_json_file(folder / "saved/tokenizer_config.json");
  CHECK(settings["tokenizer_class"] == "BertTokenizer");
  CHECK(settings["do_lower_case"] == false);
  CHECK(settings["strip_accents"] == true);
  CHECK(settings["model_max_length"] == 128);
  CHECK(settings["added_tokens_decoder"]["43"]["content"] == "<e>");
  CHECK(settings["extra_special_tokens"] == Json{"<e>"});
  CHECK_FALSE(settings.contains("additional_special_tokens"));
}

TEST_CASE("saving over a folder with another tokenizer.json removes it") {
  const TempFolder folder;
  write_json_tokenizer(folder / "t", small_tokenizer_json());
  WordPieceTokenizer(write_small_wordpiece(folder / "lines")).save(folder / "t");
  CHECK_FALSE(fs::exists(folder / "t/tokenizer.json"));
}

TEST_CASE("ids that no line can name are filled when vocab.txt is written") {
  const TempFolder folder;
  Json json = small_tokenizer_json();
  json["model"]["vocab"].erase("dog");
  json["model"]["vocab"]["two\nlines"] = 43;
  json["model"]["vocab"]["[unused6]"] = 44;
  const WordPieceTokenizer tokenizer(write_json_tokenizer(folder / "t", json));
  CHECK(tokenizer.piece(6).empty());
  CHECK(tokenizer.decode(Ids{5, 6, 19}) == "the a");
  tokenizer.save(folder / "saved");
  CHECK(lines_of(read_text(folder / "saved/vocab.txt"))[6] == "[unused6]]");
  CHECK(lines_of(read_text(folder / "saved/vocab.txt"))[43] == "[unused43]");
  fs::remove(folder / "saved/tokenizer.json");
  CHECK(WordPieceTokenizer(folder / "saved").encode(kText) == tokenizer.encode(kText));
}

TEST_CASE("a folder is seen to have a WordPiece tokenizer") {
  const TempFolder folder;
  CHECK_FALSE(WordPieceTokenizer::present_in(folder.path()));
  CHECK(WordPieceTokenizer::present_in(write_small_wordpiece(folder / "lines")));
  CHECK(WordPieceTokenizer::present_in(write_json_tokenizer(folder / "json", small_tokenizer_json())));
  CHECK_FALSE(WordPieceTokenizer::present_in(write_json_tokenizer(folder / "other", parse_json(R"({"model": {"type": "BPE"}})", "t"))));
}

}  // namespace
}  // namespace attend
