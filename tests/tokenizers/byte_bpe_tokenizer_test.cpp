// Text to ids and back, in small cases by hand.
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "core/random.h"
#include "core/text.h"
#include "tests/tokenizers/small_byte_bpe.h"

namespace attend {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<std::int32_t>;
using Strings = std::vector<std::string>;
using Catch::Contains;

const ByteBpeTokenizer& small() {
  static const TempFolder folder;
  static const ByteBpeTokenizer tokenizer(write_small_byte_bpe(folder / "t"));
  return tokenizer;
}

/// A folder with such a vocabulary, no merges, and such settings.
fs::path write_characters(const fs::path& folder, const std::string& vocabulary, const std::string& settings) {
  fs::create_directories(folder);
  write_text(folder / "vocab.json", vocabulary);
  write_text(folder / "merges.txt", "#version: 0.2\n");
  write_text(folder / "tokenizer_config.json", settings);
  return folder;
}

TEST_CASE("byte-level BPE: words are split, then joined by the rules in their order") {
  CHECK(small().pieces("the the") == Strings{"the", "\u0120the"});
  CHECK(small().encode("the the") == Ids{257, 258});
  CHECK(small().pieces("abc") == Strings{"ab", "c"});  // a b before b c
  CHECK(small().pieces("xbc") == Strings{"x", "bc"});
  CHECK(small().pieces("aaaaa") == Strings{"aaaa", "a"});
  CHECK(small().pieces("then") == Strings{"the", "n"});
  CHECK(small().pieces("\u00e9\u00e8") == Strings{"\u00c3\u00a9", "\u00c3", "\u00a8"});
  CHECK(small().pieces("a's") == Strings{"a", "'s"});
  CHECK(small().pieces("\n\n") == Strings{"\u010a\u010a"});
  CHECK(small().pieces("a\n\nb") == Strings{"a", "\u010a", "\u010a", "b"});  // two words
  CHECK(small().encode("").empty());
  CHECK(small().vocab_size() == 268);
}

TEST_CASE("byte-level BPE: pieces that the vocabulary has and no rule makes are not used") {
  const TempFolder folder;
  Json json = small_byte_bpe_json();
  json["model"]["merges"] = {"a b"};
  const ByteBpeTokenizer tokenizer(write_byte_bpe_json(folder / "t", json));
  CHECK(tokenizer.pieces("the ab") == Strings{"t", "h", "e", "\u0120", "ab"});
}

TEST_CASE("byte-level BPE: a special token is found where it is spelled, and is no text") {
  CHECK(small().encode("ab<|endoftext|>the") == Ids{259, 267, 257});
  CHECK(small().decode(small().encode("ab<|endoftext|>the")) == "abthe");
  CHECK(small().end_of_text_id() == 267);
  CHECK(small().is_special(267));
  CHECK_FALSE(small().is_special(0));
  CHECK(small().bytes(267) == "<|endoftext|>");
  CHECK(small().encode("<|endoftext|").size() == 12);
  CHECK_FALSE(small().begin_of_text_id().has_value());
}

TEST_CASE("byte-level BPE: ids stand for bytes, and half a character decodes to U+FFFD") {
  CHECK(small().bytes(258) == " the");
  CHECK(small().bytes(*small().id_of("\u00c3")) == "\xC3");
  CHECK(small().bytes(*small().id_of("\u00c3\u00a9")) == "\u00e9");
  CHECK(small().decode(Ids{*small().id_of("\u00c3")}) == "\uFFFD");
  CHECK(small().decode(Ids{*small().id_of("\u00c3"), *small().id_of("\u00a9")}) == "\u00e9");
  CHECK_FALSE(small().id_of("xyz").has_value());
  CHECK(user_error_of([] { small().decode(Ids{268}); }) == "token id 268 is not in the vocabulary; expected 0 to 267");
  CHECK(user_error_of([] { small().decode(Ids{-1}); }) == "token id -1 is not in the vocabulary; expected 0 to 267");
}

TEST_CASE("byte-level BPE: ill-formed UTF-8 counts as U+FFFD") {
  CHECK(small().encode("a\xFF"
                       "b\xE4\xB8") == small().encode("a\uFFFD"
                                                      "b\uFFFD"));
  CHECK(small().decode(small().encode("a\xFF")) == "a\uFFFD");
}

TEST_CASE("property: byte-level BPE decodes what it encodes, and pieces are the ids' pieces") {
  for (std::uint64_t round = 0; round < 500; ++round) {
    RandomStream stream(5, "byte-bpe-test", {round});
    const Strings parts{
        "the", " the",  "aaaa", "abc", "'s", "\n\n", " ", "é", "中", "\U0001F600", "\t", "1", ".", "\r\n", std::string(1, '\0'),
        "Ġ",   "\u00a0"};
    std::string text;
    for (std::uint64_t count = stream.below(60); count > 0; --count) text += parts[stream.below(parts.size())];
    const Ids ids = small().encode(text);
    CHECK(small().decode(ids) == text);
    Strings pieces;
    for (const std::int32_t id : ids) pieces.push_back(to_byte_letters(small().bytes(id)));
    CHECK(small().pieces(text) == pieces);
  }
}

TEST_CASE("a model of single bytes has what its text has, and says what it lacks") {
  const TempFolder folder;
  const std::string none = R"({"bos_token": null, "eos_token": null, "unk_token": null})";
  const ByteBpeTokenizer tokenizer(write_characters(folder / "t", R"({"a": 0, "b": 1, "\u0120": 2, "\u00c3": 3, "\u00a9": 4})", none));
  CHECK(tokenizer.vocab_size() == 5);
  CHECK_FALSE(tokenizer.end_of_text_id().has_value());
  CHECK(tokenizer.encode("ab \u00e9") == Ids{0, 1, 2, 3, 4});
  CHECK(tokenizer.decode(Ids{0, 1, 2, 3, 4}) == "ab \u00e9");
  CHECK(user_error_of([&] { tokenizer.encode("ab z"); }) == "the text has 'z', which the tokenizer's vocabulary of 5 ids cannot spell");
  CHECK(user_error_of([&] { tokenizer.encode("a\u00e8"); }) ==
        "the text has '\u00e8', which the tokenizer's vocabulary of 5 ids cannot spell");
  CHECK(user_error_of([&] { tokenizer.encode("a\n"); }) == "the text has '\\n', which the tokenizer's vocabulary of 5 ids cannot spell");
  // Where nothing is said transformers adds GPT-2's token, and so it is here.
  CHECK(ByteBpeTokenizer(write_characters(folder / "u", R"({"a": 0})", "{}")).end_of_text_id() == 1);
}

TEST_CASE("where tokenizer.json names an unknown token, bytes that the vocabulary lacks become it") {
  const TempFolder folder;
  Json json = small_byte_bpe_json();
  json["added_tokens"] = Json::array();
  json["model"]["vocab"] = {{"a", 0}, {"b", 1}, {"c", 2}, {"\u0120", 3}, {"<u>", 4}, {"ab", 5}, {"<u>a", 6}, {"<|endoftext|>", 7}};
  json["model"]["merges"] = {"a b", "<u> a"};
  json["model"]["unk_token"] = "<u>";
  const auto encoded = [&](bool fuse, const std::string& text) {
    json["model"]["fuse_unk"] = fuse;
    return ByteBpeTokenizer(write_byte_bpe_json(folder / "t", json)).encode(text);
  };
  // The reference's answers.
  CHECK(encoded(false, "zab") == Ids{4, 5});
  CHECK(encoded(false,
                "\u00e9"
                "ab zz a") == Ids{4, 4, 5, 3, 4, 4, 3, 0});
  CHECK(encoded(false, "azzb \u00e9") == Ids{0, 4, 4, 1, 3, 4, 4});
  CHECK(encoded(true,
                "\u00e9"
                "ab zz a") == Ids{4, 5, 3, 4, 3, 0});
  CHECK(encoded(true, "azzb \u00e9") == Ids{0, 4, 1, 3, 4});
}

TEST_CASE("a space before a text where it is asked for, before each part between tokens") {
  const TempFolder folder;
  const ByteBpeTokenizer tokenizer(write_small_byte_bpe(folder / "t", R"({"add_prefix_space": true})"));
  CHECK(tokenizer.encode("the") == Ids{258});
  CHECK(tokenizer.encode(" the") == Ids{258});
  CHECK(tokenizer.pieces("\nthe") == Strings{"\u0120", "\u010a", "the"});
  CHECK(tokenizer.encode("the<|endoftext|>the") == Ids{258, 267, 258});
  CHECK(tokenizer.encode("").empty());
}

TEST_CASE("added tokens take white space, stand alone, and have their own spelling") {
  const TempFolder folder;
  Json json = small_byte_bpe_json();
  const auto add = [&](int id, const char* content, const char* flag) {
    Json token{{"id", id},        {"content", content}, {"single_word", false}, {"lstrip", false},
               {"rstrip", false}, {"normalized", true}, {"special", false}};
    if (*flag) token[flag] = true;
    json["added_tokens"].push_back(std::move(token));
  };
  add(268, "<l>", "lstrip");
  add(269, "<r>", "rstrip");
  add(270, "word", "single_word");
  add(271, "caf\u00e9", "");
  add(272, "two words", "");
  const ByteBpeTokenizer tokenizer(write_byte_bpe_json(folder / "t", json));
  CHECK(tokenizer.vocab_size() == 273);
  CHECK(tokenizer.pieces("a  <l>b<r>  a") == Strings{"a", "<l>", "b", "<r>", "a"});
  CHECK(tokenizer.pieces("word words") == Strings{"word", "\u0120", "w", "o", "r", "d", "s"});
  CHECK(tokenizer.pieces("two words") == Strings{"two words"});
  CHECK(tokenizer.decode(tokenizer.encode("a caf\u00e9 word")) == "a caf\u00e9 word");
}

TEST_CASE("several threads encode with one tokenizer") {
  std::vector<std::thread> threads;
  std::vector<Ids> found(4);
  const std::string text = "the abc\n\n" + std::string(200, 'a') + " the \u00e9's";
  for (Ids& ids : found)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) ids = small().encode(text);
    });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& ids : found) CHECK(ids == small().encode(text));
}

TEST_CASE("a megabyte without a space takes linear time") {
  const auto start = std::chrono::steady_clock::now();
  CHECK(small().encode(std::string(1'000'000, 'a')).size() == 250'000);
  CHECK(small().encode(std::string(1'000'000, '\n')).size() == 500'000);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

}  // namespace
}  // namespace attend
