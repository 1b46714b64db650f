// Learning byte pair encoding: of all neighbours in the counted words the pair seen most often is joined, again and again (Sennrich et al.
// 2016, algorithm 1). Takes time about linear in the words: after each step only the words that had the pair are looked at.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <span>
#include <unordered_map>
#include <vector>

namespace attend {

class PairLearner {
 public:
  /// A word as the ids of its symbols, seen `count` times.
  void add_word(std::span<const std::int32_t> symbols, std::int64_t count);

  /// Gives a pair the id of what it makes, a known one or a new one; nothing where learning is to end.
  using Join = std::function<std::optional<std::int32_t>(std::int32_t first, std::int32_t second)>;
  /// Joins pairs until `join` or the pairs end, or the best is seen less than `min_frequency` times. Of pairs seen as often the one whose
  /// first id is lower comes first, then the one whose second is.
  void learn(std::int64_t min_frequency, const Join& join);

 private:
  using Pair = std::uint64_t;  // two ids, the first in the upper half
  struct Word {
    std::uint32_t begin, length;  // in symbols_; joined symbols leave the rest unused
    std::int64_t count;
  };
  struct PairUse {
    std::int64_t count = 0;
    std::vector<std::uint32_t> words;  // where it was seen; may name a word twice, or one where it no longer is
  };
  struct Candidate {
    std::int64_t count;
    Pair pair;
    bool operator<(const Candidate& other) const { return count != other.count ? count < other.count : pair > other.pair; }
  };

  static Pair pair_of(std::int32_t first, std::int32_t second) {
    return static_cast<Pair>(first) << 32 | static_cast<std::uint32_t>(second);
  }
  void count_pairs();
  void replace(Pair pair, std::int32_t joined);
  std::span<std::int32_t> symbols(const Word& word) { return {symbols_.data() + word.begin, word.length}; }

  std::vector<std::int32_t> symbols_;
  std::vector<Word> words_;
  std::unordered_map<Pair, PairUse> uses_;
  std::priority_queue<Candidate> queue_;
};

}  // namespace attend
