#include "tokenizers/gpt2_splitter.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "core/random.h"
#include "core/text.h"

namespace attend {
namespace {

using Strings = std::vector<std::string>;

Strings words_of(std::string_view text) {
  Strings words;
  for_each_gpt2_word(text, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

TEST_CASE("GPT-2's words: letters, digits and signs, each with one space before") {
  CHECK(words_of("Hello world") == Strings{"Hello", " world"});
  CHECK(words_of("a1b22 33x") == Strings{"a", "1", "b", "22", " 33", "x"});
  CHECK(words_of("x=y; (z)") == Strings{"x", "=", "y", ";", " (", "z", ")"});
  CHECK(words_of("Größe 中国 ½Ⅷ x²") == Strings{"Größe", " 中国", " ½Ⅷ", " x", "²"});
  CHECK(words_of("e\u0301a") == Strings{"e", "\u0301", "a"});  // a mark is no letter
  CHECK(words_of("").empty());
}

TEST_CASE("GPT-2's words: contractions, in lower case and at a word's begin only") {
  CHECK(words_of("it's I'll we've you're I'm he'd don't") ==
        Strings{"it", "'s", " I", "'ll", " we", "'ve", " you", "'re", " I", "'m", " he", "'d", " don", "'t"});
  CHECK(words_of("IT'S") == Strings{"IT", "'", "S"});
  CHECK(words_of("'sx") == Strings{"'s", "x"});
  CHECK(words_of(" 's") == Strings{" '", "s"});
  CHECK(words_of("''s") == Strings{"''", "s"});
  CHECK(words_of("'l 'v'") == Strings{"'", "l", " '", "v", "'"});
  CHECK(words_of("a'") == Strings{"a", "'"});
}

TEST_CASE("GPT-2's words: of white space before a word the last character stays behind") {
  CHECK(words_of("a  b") == Strings{"a", " ", " b"});
  CHECK(words_of("a   b") == Strings{"a", "  ", " b"});
  CHECK(words_of("a\nb") == Strings{"a", "\n", "b"});
  CHECK(words_of("a\n\nb") == Strings{"a", "\n", "\n", "b"});
  CHECK(words_of("a\n  b") == Strings{"a", "\n ", " b"});
  CHECK(words_of("a \n") == Strings{"a", " \n"});
  CHECK(words_of("  ") == Strings{"  "});
  CHECK(words_of("a\u00a0\u00a0b") == Strings{"a", "\u00a0", "\u00a0", "b"});
  CHECK(words_of("a\u3000b\u2028") == Strings{"a", "\u3000", "b", "\u2028"});
  CHECK(words_of("a\u200bb") == Strings{"a", "\u200b", "b"});  // no white space there
}

/// Characters of every kind.
std::string random_text(std::uint64_t seed) {
  RandomStream stream(seed, "gpt2-splitter-test");
  const Strings parts{"a",      "Z", "é",  "中",  "1", "²",  " ",      "  ",     "\n",         "\t",  "\u00a0",
                      "\u2003", "'", "'s", "'ll", "-", "。", "\u0301", "\u200b", "\U0001F600", "\r\n"};
  std::string text;
  for (std::uint64_t count = stream.below(30); count > 0; --count) text += parts[stream.below(parts.size())];
  return text;
}

TEST_CASE("property: the words make up the text, and none is empty or cuts a character") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const std::string text = random_text(seed);
    INFO(text);
    std::string together;
    for (const std::string& word : words_of(text)) {
      CHECK_FALSE(word.empty());
      CHECK(is_valid_utf8(word));
      together += word;
    }
    CHECK(together == text);
  }
}

TEST_CASE("property: a text cut at its last cut has the words of the whole, whatever follows") {
  std::size_t found = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const std::string before = random_text(seed), after = random_text(seed + 5000);
    for (const Cuts cuts : {Cuts::kAtSpacesAndBreaks, Cuts::kAtSpaces}) {
      const std::size_t cut = last_gpt2_cut(before, cuts);
      if (cut == 0) continue;
      ++found;
      INFO(before << "|" << after << " at " << cut);
      CHECK((before[cut] == ' ' || ((before[cut] == '\n' || before[cut] == '\r') && cuts == Cuts::kAtSpacesAndBreaks)));
      Strings parts = words_of(before.substr(0, cut));
      for (const std::string& word : words_of(before.substr(cut) + after)) parts.push_back(word);
      CHECK(parts == words_of(before + after));
    }
  }
  CHECK(found > 1000);
}

TEST_CASE("a text without a place to cut has none") {
  for (const char* text : {"", " ", "abc", " abc", "\n\n  ", "a\tb", "a\u00a0b"}) CHECK(last_gpt2_cut(text, Cuts::kAtSpacesAndBreaks) == 0);
  CHECK(last_gpt2_cut("a\nb", Cuts::kAtSpaces) == 0);
  CHECK(last_gpt2_cut("a b c", Cuts::kAtSpaces) == 3);
  CHECK(last_gpt2_cut("ab \n ", Cuts::kAtSpacesAndBreaks) == 2);
  CHECK(last_gpt2_cut("ab\r\ncd\r", Cuts::kAtSpacesAndBreaks) == 6);
  CHECK(last_gpt2_cut("ab\r\ncd", Cuts::kAtSpacesAndBreaks) == 2);
  CHECK(last_gpt2_cut("ab\r\ncd", Cuts::kAtSpaces) == 0);
  CHECK(last_gpt2_cut("\u3000 a", Cuts::kAtSpacesAndBreaks) == 0);
}

TEST_CASE("splitting is linear: white space, signs and letters by the megabyte") {
  const auto start = std::chrono::steady_clock::now();
  for (const char* unit : {" ", "\n", "a", "'", "\u00a0", "-"}) {
    std::string text;
    while (text.size() < 2'000'000) text += unit;
    CHECK(words_of(text).size() == 1);
    CHECK(words_of(text + "x").size() <= 3);
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

}  // namespace
}  // namespace attend
