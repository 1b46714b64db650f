#include "tokenizers/byte_alphabet.h"

#include <catch2/catch.hpp>
#include <set>

#include "core/text.h"

namespace attend {
namespace {

TEST_CASE("printable Latin-1 stands for itself, the other bytes for U+0100 to U+0143") {
  CHECK(byte_letter('a') == "a");
  CHECK(byte_letter(' ') == "\u0120");
  CHECK(byte_letter('\n') == "\u010a");
  CHECK(byte_letter(0) == "\u0100");
  CHECK(byte_letter(0x7F) == "\u0121");
  CHECK(byte_letter(0xA0) == "\u0142");
  CHECK(byte_letter(0xAD) == "\u0143");
  CHECK(byte_letter(0xC3) == "\u00c3");
}

TEST_CASE("every byte has a letter of its own, and none is white space or a control character") {
  std::set<std::string> letters;
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    bytes += static_cast<char>(byte);
    const std::string letter(byte_letter(static_cast<unsigned char>(byte)));
    letters.insert(letter);
    CHECK(excerpt(letter) == letter);  // which would spell a control character out
    CHECK(letter != " ");
    CHECK(letter != "\u00a0");
  }
  CHECK(letters.size() == 256);
  CHECK(from_byte_letters(to_byte_letters(bytes)) == bytes);
}

TEST_CASE("the order of the letters is that of GPT-2's first ids") {
  const auto& order = bytes_in_letter_order();
  CHECK(order[0] == '!');
  CHECK(order[32] == 'A');
  CHECK(order[93] == '~');
  CHECK(order[94] == 0xA1);
  CHECK(order[187] == 0xFF);
  CHECK(order[188] == 0);
  CHECK(order[220] == ' ');
  CHECK(order[255] == 0xAD);
}

TEST_CASE("characters that are no letter of a byte are seen") {
  CHECK_FALSE(from_byte_letters("a b").has_value());
  CHECK_FALSE(from_byte_letters("\u0144").has_value());
  CHECK_FALSE(from_byte_letters("\u4e2d").has_value());
  CHECK_FALSE(from_byte_letters("\u00ad").has_value());
  CHECK(from_byte_letters("")->empty());
}

}  // namespace
}  // namespace attend
