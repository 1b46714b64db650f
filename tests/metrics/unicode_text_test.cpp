#include <catch2/catch.hpp>

#include <cstdint>
#include <cstdio>

#include "core/text.h"
#include "metrics/unicode_text.h"
#include "tests/metrics/sacrebleu_fixture.h"

namespace attend {
namespace {

/// 64-bit FNV-1a, as in scripts/make_metric_fixtures.py.
class Fingerprint {
 public:
  void add(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001B3u; }
  void add(CodePointView text) {
    std::string utf8;
    for (const char32_t c : text) append_utf8(utf8, c);
    for (const char byte : utf8) add(static_cast<unsigned char>(byte));
  }
  std::string hexadecimal() const {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value_));
    return text;
  }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325u;
};

template <class Visit>
void for_each_code_point(Visit visit) {
  for (char32_t c = 0; c < 0x110000; ++c)
    if (c < 0xD800 || c > 0xDFFF) visit(c);
}

CodePoints lowered(CodePointView text) { return to_lower(text); }

}  // namespace

TEST_CASE("every code point has the classes that Python and regex give it") {
  Fingerprint fingerprint;
  for_each_code_point([&](char32_t c) {
    fingerprint.add(static_cast<unsigned char>(is_punctuation(c) | is_symbol(c) << 1 | is_number(c) << 2 | is_space(c) << 3));
  });
  CHECK(fingerprint.hexadecimal() == metric_fixture().at("code_points").at("classes").get<std::string>());
}

TEST_CASE("every code point has Python's lower case, and its effect on a sigma beside it") {
  Fingerprint fingerprint;
  for_each_code_point([&](char32_t c) {
    fingerprint.add(to_lower(CodePoints{c}));
    fingerprint.add(to_lower(CodePoints{U'A', c, U'\u03A3'}));
    fingerprint.add(to_lower(CodePoints{U'A', U'\u03A3', c}));
  });
  CHECK(fingerprint.hexadecimal() == metric_fixture().at("code_points").at("lower_case").get<std::string>());
}

TEST_CASE("lower case of words") {
  CHECK(lowered(U"ABC xyz 123") == U"abc xyz 123");
  CHECK(lowered(U"ÜBER") == U"über");
  CHECK(lowered(U"İ") == U"i\u0307");
  CHECK(lowered(U"ΟΔΟΣ ΣΑΣ") == U"οδος σας");
  CHECK(lowered(U"Σ") == U"σ");        // no letter before it
  CHECK(lowered(U"ΑΣ'Α") == U"ασ'α");  // the apostrophe is passed over
  CHECK(lowered(U"ΑΣ.") == U"ας.");
}

TEST_CASE("words are what white space separates") {
  CHECK(split_words(U"").empty());
  CHECK(split_words(U" \t\n").empty());
  CHECK(split_words(U"  one\ttwo\u3000three\u0085four\x1C"
                    U"five ") == std::vector<CodePointView>{U"one", U"two", U"three", U"four", U"five"});
  CHECK(split_words(U"zero\u200Bwidth") == std::vector<CodePointView>{U"zero\u200Bwidth"});
  CHECK(join_words(split_words(U"  a  b ")) == U"a b");
}

TEST_CASE("white space at the ends") {
  CHECK(strip_right(CodePointView(U" a\u2003\u00A0\r")) == U" a");
  CHECK(strip(U"\u3000 a b \t") == U"a b");
  CHECK(strip(U" \t ").empty());
  std::string line = "caf\u00E9\u2003 \u00A0\t";
  strip_right(line);
  CHECK(line == "caf\u00E9");
  line = "\u3000\r";
  strip_right(line);
  CHECK(line.empty());
}

TEST_CASE("replacing goes from left to right once") {
  CodePoints text = U"aaa&amp;lt;";
  replace_all(text, U"aa", U"b");
  CHECK(text == U"ba&amp;lt;");
  replace_all(text, U"&amp;", U"&");
  CHECK(text == U"ba&lt;");
  replace_all(text, U"absent", U"x");
  CHECK(text == U"ba&lt;");
  replace_all(text, U"b", U"bb");
  CHECK(text == U"bba&lt;");
}

TEST_CASE("equal words get equal numbers") {
  const CodePoints text = U"the cat the dog";
  WordNumbers numbers;
  CHECK(numbers.numbers(split_words(text)) == std::vector<char32_t>{0, 1, 0, 2});
}

}  // namespace attend
