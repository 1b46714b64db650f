#include "tokenizers/bert_normalizer.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "core/text.h"

namespace attend {
namespace {

struct Cleaned {
  std::string text;
  std::vector<TextSpan> spans;  // one a code point
};

Cleaned clean(const std::string& text, const BertNormalization& normalization = {}, std::uint32_t offset = 0) {
  Cleaned cleaned;
  BertNormalizer(normalization).run(text, offset, [&](char32_t code_point, TextSpan span) {
    append_utf8(cleaned.text, code_point);
    cleaned.spans.push_back(span);
  });
  return cleaned;
}

std::string utf8(std::initializer_list<char32_t> code_points) {
  std::string text;
  for (const char32_t code_point : code_points) append_utf8(text, code_point);
  return text;
}

constexpr BertNormalization kCased{.strip_accents = false, .lowercase = false};
constexpr BertNormalization kNothing{.clean = false, .space_ideographs = false, .strip_accents = false, .lowercase = false};

TEST_CASE("capitals are lowered and accents dropped, and each letter knows its bytes") {
  const Cleaned cleaned = clean("\u00c4b\u0301 C");
  CHECK(cleaned.text == "ab c");
  CHECK(cleaned.spans == std::vector<TextSpan>{{0, 2}, {2, 3}, {5, 6}, {6, 7}});
  CHECK(clean("\u00c4b\u0301 C", kCased).text == "\u00c4b\u0301 C");
}

TEST_CASE("spans count from the offset given") { CHECK(clean("ab", {}, 10).spans == std::vector<TextSpan>{{10, 11}, {11, 12}}); }

TEST_CASE("control and format characters go, white space becomes a space, unassigned code points stay") {
  CHECK(clean("a\tb\nc\rd").text == "a b c d");
  CHECK(clean(std::string("a\0b\x01\x0b\x0c\x7f", 7)).text == "ab");
  CHECK(clean("a\u00a0\u2003\u3000b").text == "a   b");
  CHECK(clean("a\u200b\u00ad\ufeff\ue000\ufffdb").text == "ab");
  CHECK(clean("a\u0085b").text == "ab");  // NEL is white space, but a control character first
  CHECK(clean("\u0378").text == "\u0378");
  CHECK(clean("a\tb\ufffd", kNothing).text == "a\tb\ufffd");
}

TEST_CASE("ill-formed UTF-8 is cleaned as U+FFFD is") {
  CHECK(clean("a\xff\xe4\xb8z").text == "az");
  const Cleaned kept = clean("a\xe4\xb8z", kNothing);
  CHECK(kept.text == "a\ufffdz");
  CHECK(kept.spans == std::vector<TextSpan>{{0, 1}, {1, 3}, {3, 4}});
}

TEST_CASE("ideographs stand between spaces, compatibility ideographs too, other scripts do not") {
  CHECK(clean("a\u4e2db\u56fd").text == "a \u4e2d b \u56fd ");
  CHECK(clean("\uf900", kCased).text == " \uf900 ");
  CHECK(clean("\uf900").text == " \u8c48 ");  // it decomposes after the spaces are set
  CHECK(clean("\u3042\u30a2", kCased).text == "\u3042\u30a2");
  CHECK(clean("\u4e2d", {.space_ideographs = false}).text == "\u4e2d");
  CHECK(clean("\u4e2d").spans == std::vector<TextSpan>{{0, 3}, {0, 3}, {0, 3}});
}

TEST_CASE("decomposition keeps what is not a mark") {
  CHECK(clean("\uac01").text == "\u1100\u1161\u11a8");  // Hangul of three parts
  CHECK(clean("\uac00").text == "\u1100\u1161");
  CHECK(clean("\u09cb").text == "\u09c7\u09be");  // a vowel sign of two spacing parts
  CHECK(clean("\u0cca").text == "\u0cc2");        // whose first part is a mark
  CHECK(clean("\u212b\u2126").text == "a\u03c9");
}

TEST_CASE("lower case is a code point's own: no final sigma, one that becomes two") {
  CHECK(clean("\u03a3\u03a3").text == "\u03c3\u03c3");
  CHECK(clean("\u0130").text == "i");  // decomposed first
  const Cleaned kept = clean("\u0130", {.strip_accents = false});
  CHECK(kept.text == "i\u0307");
  CHECK(kept.spans == std::vector<TextSpan>{{0, 2}, {0, 2}});
  CHECK(clean("\u1e9e").text == "\u00df");
}

TEST_CASE("combining characters that are no marks come into canonical order") {
  // U+302E (class 224) and U+1D165 (216) are kept; the lower class comes first.
  CHECK(clean(utf8({'a', 0x302E, 0x1D165})).text == utf8({'a', 0x1D165, 0x302E}));
  CHECK(clean(utf8({'a', 0x1D165, 0x302E})).text == utf8({'a', 0x1D165, 0x302E}));
  CHECK(clean(utf8({'a', 0x302E, 'b', 0x1D165})).text == utf8({'a', 0x302E, 'b', 0x1D165}));
  CHECK(clean(utf8({'a', 0x302E, 0x1D165}), kCased).text == utf8({'a', 0x302E, 0x1D165}));
  // U+034F is a mark of class 0: it goes, and nothing passes it.
  CHECK(clean(utf8({'a', 0x302E, 0x34F, 0x1D165})).text == utf8({'a', 0x302E, 0x1D165}));
  // What cleaning removes was never between them.
  CHECK(clean(utf8({'a', 0x302E, 0x200B, 0x1D165})).text == utf8({'a', 0x1D165, 0x302E}));
  CHECK(clean(utf8({'a', 0x302E, 0x01, 0x1D165})).text == utf8({'a', 0x1D165, 0x302E}));
}

TEST_CASE("reordered characters take the places of the text in order") {
  const Cleaned cleaned = clean(utf8({'a', 0x302E, 0x1D165}));
  CHECK(cleaned.spans == std::vector<TextSpan>{{0, 1}, {1, 4}, {4, 8}});
  // U+1D15E is U+1D157 and U+1D165; U+1B44 (class 9) passes the second part, which then takes its place.
  const Cleaned moved = clean(utf8({0x1D15E, 0x1B44}));
  CHECK(moved.text == utf8({0x1D157, 0x1B44, 0x1D165}));
  CHECK(moved.spans == std::vector<TextSpan>{{0, 4}, {4, 7}, {4, 7}});
}

TEST_CASE("a run of a million marks takes no more than its sort") {
  std::string text = "a";
  for (int i = 0; i < 500'000; ++i) text += "\u0301\u0323";
  CHECK(clean(text).text == "a");
}

TEST_CASE("property: spans never fall and lie within the text, whatever the bytes") {
  std::mt19937 stream(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::size_t size = stream() % 40; text.size() < size;)
      if (stream() % 3 == 0)
        text += static_cast<char>(stream() % 256);
      else
        append_utf8(text, std::array<char32_t, 8>{'a', 0x301, 0x302E, 0x1D15E, 0xAC01, 0x344, 0x4E2D, 0x1B44}[stream() % 8]);
    const BertNormalization normalization{.clean = stream() % 2 == 0,
                                          .space_ideographs = stream() % 2 == 0,
                                          .strip_accents = stream() % 2 == 0,
                                          .lowercase = stream() % 2 == 0};
    TextSpan last;
    for (const TextSpan span : clean(text, normalization).spans) {
      CHECK(last.begin <= span.begin);
      CHECK(last.end <= span.end);
      CHECK(span.begin < span.end);
      CHECK(span.end <= text.size());
      last = span;
    }
  }
}

TEST_CASE("property: cleaning what is clean changes nothing") {
  for (char32_t code_point = 1; code_point < 0x30000; ++code_point) {
    if (code_point >= 0xD800 && code_point < 0xE000) continue;
    const BertNormalization normalization{.space_ideographs = false};
    const std::string once = clean(utf8({code_point}), normalization).text;
    if (once != clean(once, normalization).text) FAIL("U+" << std::hex << static_cast<std::uint32_t>(code_point));
  }
}

TEST_CASE("word characters are letters, marks, digits and connectors") {
  for (const char32_t code_point : {U'a', U'Z', U'7', U'_', U'\u00e9', U'\u0301', U'\u4e2d', U'\u200d'})
    CHECK(is_word_character(code_point));
  for (const char32_t code_point : {U' ', U'-', U'@', U'[', U'\u00ab', U'\u3000', U'\u00d7'}) CHECK_FALSE(is_word_character(code_point));
}

}  // namespace
}  // namespace attend
