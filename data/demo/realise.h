// A meaning as a sentence of each language.
#pragma once

#include <string>
#include <vector>

#include "data/demo/meaning.h"

namespace attend::demo {

std::string in_english(const Sentence& sentence);
std::string in_german(const Sentence& sentence);

/// Words and punctuation marks in order; empty ones are skipped.
class Words {
 public:
  Words& operator<<(const std::string& word);
  Words& operator<<(const Words& others);
  /// One line: a comma before another mark or at an end is dropped, the first letter is made large, `end` is put last.
  std::string line(char end) const;

 private:
  std::vector<std::string> words_;
};

}  // namespace attend::demo
