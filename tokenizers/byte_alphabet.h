// How GPT-2's files spell bytes: printable Latin-1 stands for itself, each of the 68 other bytes for a letter from U+0100 on, so that a
// space is "Ġ" and a piece never holds white space or half a character.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace attend {

/// The letter of a byte, in UTF-8.
std::string_view byte_letter(unsigned char byte);

std::string to_byte_letters(std::string_view bytes);

/// The bytes that letters stand for; nothing where one of the characters is no byte's letter.
std::optional<std::string> from_byte_letters(std::string_view letters);

/// The 256 bytes by the code points of their letters, which is the order of GPT-2's first 256 ids.
const std::array<unsigned char, 256>& bytes_in_letter_order();

}  // namespace attend
