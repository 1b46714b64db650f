#include "tokenizers/added_tokens.h"

#include <catch2/catch.hpp>

namespace attend {
namespace {

/// The text with tokens in angle brackets and a bar between parts.
std::string shown(const std::vector<AddedToken>& tokens, std::string_view text) {
  std::vector<std::string> spellings;
  for (const AddedToken& token : tokens) spellings.push_back(token.content);
  std::string result;
  for (const auto& [begin, end, token] : AddedTokenFinder(tokens, spellings).split(text)) {
    if (!result.empty()) result += '|';
    const std::string part(text.substr(begin, end - begin));
    result += token ? "<" + part + ">" : part;
  }
  return result;
}

TEST_CASE("a text without tokens is one part, an empty one none") {
  CHECK(shown({{.content = "[SEP]"}}, "a [SEP b") == "a [SEP b");
  CHECK(shown({{.content = "[SEP]"}}, "") == "");
  CHECK(shown({}, "abc") == "abc");
}

TEST_CASE("tokens are cut out, side by side too") {
  CHECK(shown({{.content = "[SEP]"}}, "a[SEP]b") == "a|<[SEP]>|b");
  CHECK(shown({{.content = "[SEP]"}}, "[SEP][SEP]") == "<[SEP]>|<[SEP]>");
}

TEST_CASE("the leftmost, then the longest, token is taken") {
  CHECK(shown({{.content = "ab"}, {.content = "abc"}, {.content = "bcd"}}, "abcd") == "<abc>|d");
  CHECK(shown({{.content = "ab"}, {.content = "bcd"}}, "abcd") == "<ab>|cd");
}

TEST_CASE("a token that must stand alone does not touch letters, and hides what it covers") {
  const std::vector<AddedToken> tokens{{.content = "ab", .single_word = true}, {.content = "b"}};
  CHECK(shown(tokens, "ab-ab") == "<ab>|-|<ab>");
  CHECK(shown(tokens, "abc") == "abc");
  CHECK(shown(tokens, "\u00e9ab") == "\u00e9ab");
  CHECK(shown(tokens, "ab\u0301") == "ab\u0301");
  CHECK(shown(tokens, "b") == "<b>");
}

TEST_CASE("a token takes the white space on the sides it asks for") {
  CHECK(shown({{.content = "x", .lstrip = true}}, "a \u2003x b") == "a|< \u2003x>| b");
  CHECK(shown({{.content = "x", .rstrip = true}}, "a x \u3000 b") == "a |<x \u3000 >|b");
  CHECK(shown({{.content = "x", .lstrip = true, .rstrip = true}}, " x x ") == "< x >|<x >");
  CHECK(shown({{.content = "x", .lstrip = true}}, "\nx") == "<\nx>");
}

TEST_CASE("of tokens that look the same the first counts") {
  const AddedTokenFinder finder({{.content = "A", .id = 7}, {.content = "a", .id = 8}}, {"a", "a"});
  const auto parts = finder.split("a");
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].token->id == 7);
}

TEST_CASE("many tokens of one first letter are looked up by their lengths") {
  std::vector<AddedToken> tokens;
  for (int i = 0; i < 20'000; ++i) tokens.push_back({.content = "x" + std::to_string(10'000 + i)});
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "x";
  CHECK(shown(tokens, text + "29999").ends_with("|<x29999>"));
}

}  // namespace
}  // namespace attend
