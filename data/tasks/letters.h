// Letters by chance, for tasks on made-up words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/random.h"

namespace attend {

inline constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz";

/// One of the characters of `alphabet`.
inline char random_letter(RandomStream& random, std::string_view alphabet = kAlphabet) { return alphabet[random.below(alphabet.size())]; }

/// So many letters, each drawn by itself.
inline std::string random_letters(RandomStream& random, std::size_t count, std::string_view alphabet = kAlphabet) {
  std::string letters;
  for (std::size_t i = 0; i < count; ++i) letters += random_letter(random, alphabet);
  return letters;
}

/// So many different letters, in random order; at most as many as there are.
inline std::string distinct_letters(RandomStream& random, std::size_t count, std::string_view alphabet = kAlphabet) {
  std::string letters(alphabet);
  random.shuffle(letters);
  letters.resize(count);
  return letters;
}

}  // namespace attend
