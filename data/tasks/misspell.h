// Words as they are mistyped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attend {

enum class Mistake {
  kSwap,       ///< two letters that stand beside each other: "thier", "freind"
  kDouble,     ///< a letter typed twice: "untill"
  kDrop,       ///< a letter left out, of a double one too: "adress"
  kNeighbour,  ///< the key beside, on an English keyboard: "wirk"
  kConfusion,  ///< letters that sound alike: "definate", "fysical"
};

inline constexpr Mistake kMistakes[] = {Mistake::kSwap, Mistake::kDouble, Mistake::kDrop, Mistake::kNeighbour, Mistake::kConfusion};

/// What a word of the letters a to z can become by one mistake of the kind; none of them is the word. The first letter is left alone
/// except by confusions: it is seldom got wrong.
std::vector<std::string> misspellings(std::string_view word, Mistake mistake);

}  // namespace attend
