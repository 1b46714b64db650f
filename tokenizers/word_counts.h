// How often words occur in a corpus, within a bound on memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace attend {

/// A word and how often it was seen.
using WordCount = std::pair<std::string, std::int64_t>;

/// Beyond four million different words the rarest are forgotten, with a line in the log.
class WordCounts {
 public:
  void add(std::string_view word) {
    if (const auto found = counts_.find(word); found != counts_.end())
      ++found->second;
    else
      add_new(word);
  }

  /// In the order of their bytes, which is the same everywhere.
  std::vector<WordCount> sorted() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  void add_new(std::string_view word);

  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> counts_;
  std::int64_t forgotten_below_ = 0;
};

}  // namespace attend
