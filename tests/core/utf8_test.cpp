#include <catch2/catch.hpp>
#include <string>

#include "core/random.h"
#include "core/text.h"

namespace attend {
namespace {

const std::string kU = "\xEF\xBF\xBD";  // U+FFFD

std::string encoded(char32_t code_point) {
  std::string text;
  append_utf8(text, code_point);
  return text;
}

}  // namespace

TEST_CASE("every code point goes to UTF-8 and back") {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
    const std::string text = encoded(code_point);
    const bool is_right = is_valid_utf8(text) && decode_utf8(text) == std::vector<char32_t>{code_point} && repair_utf8(text) == text;
    if (!is_right) FAIL("U+" << std::hex << static_cast<std::uint32_t>(code_point));
  }
  CHECK(encoded(0x7F) == "\x7F");
  CHECK(encoded(0x80) == "\xC2\x80");
  CHECK(encoded(0x7FF) == "\xDF\xBF");
  CHECK(encoded(0x800) == "\xE0\xA0\x80");
  CHECK(encoded(0xFFFF) == "\xEF\xBF\xBF");
  CHECK(encoded(0x10000) == "\xF0\x90\x80\x80");
  CHECK(encoded(0x10FFFF) == "\xF4\x8F\xBF\xBF");
  CHECK_THROWS_AS(encoded(0xD800), std::invalid_argument);
  CHECK_THROWS_AS(encoded(0x110000), std::invalid_argument);
}

// Tables 3-8 to 3-11 of the Unicode Standard, chapter 3, and what Python's errors="replace" gives.
TEST_CASE("each maximal ill-formed part becomes one U+FFFD") {
  CHECK(repair_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") == kU + kU + kU + kU + kU + kU + kU + kU + "A");
  CHECK(repair_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41") == kU + kU + kU + kU + kU + kU + kU + kU + "A");
  CHECK(repair_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42") == kU + kU + kU + kU + kU + "A" + kU + kU + "B");
  CHECK(repair_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == kU + kU + kU + kU + "A");
  CHECK(repair_utf8("\xE2\x82") == kU);
  CHECK(repair_utf8("\xF0\x9F\x98") == kU);
  CHECK(repair_utf8("\xF0\x9F\x98\xF0\x9F\x98\x80") == kU + "\xF0\x9F\x98\x80");
  CHECK(repair_utf8("\xF8\x88\x80\x80\x80") == kU + kU + kU + kU + kU);
  CHECK(repair_utf8("a\xC3(b") == "a" + kU + "(b");
  CHECK(repair_utf8("") == "");
  CHECK(decode_utf8("a\xE1\x80z") == std::vector<char32_t>{U'a', 0xFFFD, U'z'});
}

TEST_CASE("overlong forms, surrogates and values past U+10FFFF are not UTF-8") {
  for (const char* text :
       {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\x80", "\xBF", "\xC3", "\xE2\x82", "\xF0\x9F\x98"}) {
    CHECK_FALSE(is_valid_utf8(text));
  }
  CHECK(is_valid_utf8(""));
  CHECK(is_valid_utf8(std::string("\0", 1)));
  CHECK(is_valid_utf8("\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBE"));  // beside the surrogates, and a noncharacter
}

TEST_CASE("random bytes are repaired to UTF-8 that says the same") {
  RandomStream random(1, "utf8");
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes;
    // Mostly lead and continuation bytes, so that long sequences come about.
    for (std::uint64_t j = random.below(12); j > 0; --j)
      bytes += static_cast<char>(random.below(4) ? 0x80 + random.below(0x80) : random.below(256));
    const std::string repaired = repair_utf8(bytes);
    REQUIRE(is_valid_utf8(repaired));
    REQUIRE(is_valid_utf8(bytes) == (repaired == bytes));
    std::string again;
    for (const char32_t code_point : decode_utf8(bytes)) append_utf8(again, code_point);
    REQUIRE(again == repaired);
  }
}

}  // namespace attend
