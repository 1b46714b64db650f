#include <cctype>

#include "data/demo/realise.h"

namespace attend::demo {

Words& Words::operator<<(const std::string& word) {
  if (!word.empty()) words_.push_back(word);
  return *this;
}

Words& Words::operator<<(const Words& others) {
  words_.insert(words_.end(), others.words_.begin(), others.words_.end());
  return *this;
}

std::string Words::line(char end) const {
  std::string text;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const bool is_comma = words_[i] == ",";
    if (is_comma && (i + 1 == words_.size() || words_[i + 1] == "," || text.empty())) continue;
    if (!text.empty() && !is_comma) text += ' ';
    text += words_[i];
  }
  // No sentence begins with an umlaut: determiners, pronouns, conjunctions and the fronted adverbs have none there.
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + end;
}

}  // namespace attend::demo
