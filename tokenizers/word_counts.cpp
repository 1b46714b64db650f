#include "tokenizers/word_counts.h"

#include <algorithm>

#include "core/log.h"

namespace attend {
namespace {

constexpr std::size_t kMostWords = 4'000'000;  // some 400 MB

}  // namespace

std::vector<WordCount> WordCounts::sorted() const {
  std::vector<WordCount> words(counts_.begin(), counts_.end());
  std::sort(words.begin(), words.end());
  return words;
}

void WordCounts::add_new(std::string_view word) {
  counts_.emplace(word, 1);
  if (counts_.size() <= kMostWords) return;
  // Each time the bar is raised until a quarter is gone.
  while (counts_.size() > kMostWords / 4 * 3) {
    ++forgotten_below_;
    std::erase_if(counts_, [this](const auto& entry) { return entry.second <= forgotten_below_; });
  }
  log_detail("over " + std::to_string(kMostWords) + " different words: those seen up to " + std::to_string(forgotten_below_) +
             " times were forgotten");
}

}  // namespace attend
