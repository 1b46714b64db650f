// Byte pair encoding of one word: of all neighbours that a rule joins, those of the earliest rule are joined, the leftmost first, until no
// rule is left (Sennrich et al. 2016, algorithm 1, applied).
#pragma once

#include <cstdint>
#include <vector>

namespace attend {

/// A rule: `first` and `second` next to one another become `joined`.
struct PairMerge {
  std::int32_t first, second, joined;
  bool operator==(const PairMerge&) const = default;
};

class BytePairMerger {
 public:
  /// The earlier a rule stands, the earlier it is followed. No two have the same pair.
  explicit BytePairMerger(const std::vector<PairMerge>& merges);

  /// Working memory of one thread, kept from word to word.
  struct Scratch {
    std::vector<std::int32_t> ranks;
    std::vector<std::uint64_t> queue;
    std::vector<std::uint32_t> next, previous;
  };
  /// Joins the ids in place. Takes n log n steps for a word of n ids.
  void merge(std::vector<std::int32_t>& ids, Scratch& scratch) const;

 private:
  struct Slot {
    std::uint64_t pair = 0;
    std::int32_t rank = -1;  // -1: empty
  };
  std::int32_t rank_of(std::int32_t first, std::int32_t second) const;
  void merge_short(std::vector<std::int32_t>& ids, Scratch& scratch) const;
  void merge_long(std::vector<std::int32_t>& ids, Scratch& scratch) const;

  std::vector<Slot> slots_;           // a power of two, at most half full
  std::vector<std::int32_t> joined_;  // by rank
};

}  // namespace attend
