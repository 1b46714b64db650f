#include "tokenizers/byte_alphabet.h"

#include "core/text.h"

namespace attend {
namespace {

constexpr char32_t kFirstLetter = 0x100, kLetters = 0x144;  // of the bytes that do not stand for themselves, and the end

bool stands_for_itself(char32_t byte) { return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD); }

struct Alphabet {
  std::array<std::string, 256> letters;
  std::array<int, kLetters> bytes{};  // by code point; -1 where it is no letter
  std::array<unsigned char, 256> in_order{};

  Alphabet() {
    bytes.fill(-1);
    char32_t next = kFirstLetter;
    for (char32_t byte = 0; byte < 256; ++byte) {
      const char32_t letter = stands_for_itself(byte) ? byte : next++;
      append_utf8(letters[byte], letter);
      bytes[letter] = static_cast<int>(byte);
    }
    std::size_t at = 0;
    for (const int byte : bytes)
      if (byte >= 0) in_order[at++] = static_cast<unsigned char>(byte);
  }
};

const Alphabet& alphabet() {
  static const Alphabet made;
  return made;
}

}  // namespace

std::string_view byte_letter(unsigned char byte) { return alphabet().letters[byte]; }

std::string to_byte_letters(std::string_view bytes) {
  std::string letters;
  for (const char byte : bytes) letters += byte_letter(static_cast<unsigned char>(byte));
  return letters;
}

std::optional<std::string> from_byte_letters(std::string_view letters) {
  std::string bytes;
  for (std::size_t at = 0; at < letters.size();) {
    const Utf8Sequence letter = utf8_at(letters, at);
    if (letter.code_point >= kLetters || alphabet().bytes[letter.code_point] < 0) return std::nullopt;
    bytes += static_cast<char>(alphabet().bytes[letter.code_point]);
    at += letter.length;
  }
  return bytes;
}

const std::array<unsigned char, 256>& bytes_in_letter_order() { return alphabet().in_order; }

}  // namespace attend
