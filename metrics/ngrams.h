// The n-grams of one segment: of words for BLEU, of characters and words for chrF.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace attend {

/// Counts n-grams of numbered units (words or code points). An n-gram is a node of a trie: it is found from the node of its first n-1 units
/// and its last unit, so that equal n-grams are one node and no n-gram is ever copied or compared as text.
class NgramTrie {
 public:
  /// Occurrences by node of every n-gram of 1 to max_order units. Nodes that later sequences add lie beyond the end: their count is 0.
  std::vector<std::int64_t> count(std::span<const char32_t> units, std::int64_t max_order);

  std::size_t size() const { return orders_.size(); }
  /// The n of a node's n-gram.
  std::int64_t order(std::size_t node) const { return orders_[node]; }

 private:
  std::uint32_t child(std::uint32_t parent, char32_t unit, std::int64_t order);

  std::unordered_map<std::uint64_t, std::uint32_t> nodes_;  // (parent + 1, 0 at the root; unit) -> node
  std::vector<std::int64_t> orders_;
};

/// How many n-grams of this order a sequence of this length has.
std::int64_t num_ngrams(std::int64_t length, std::int64_t order);

}  // namespace attend
