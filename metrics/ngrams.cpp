#include "metrics/ngrams.h"

#include <algorithm>

namespace attend {

std::uint32_t NgramTrie::child(std::uint32_t parent, char32_t unit, std::int64_t order) {
  const std::uint64_t key = (static_cast<std::uint64_t>(parent) << 32) | unit;
  const auto [entry, is_new] = nodes_.try_emplace(key, static_cast<std::uint32_t>(orders_.size()));
  if (is_new) orders_.push_back(order);
  return entry->second;
}

std::vector<std::int64_t> NgramTrie::count(std::span<const char32_t> units, std::int64_t max_order) {
  std::vector<std::int64_t> counts(orders_.size());
  const auto length = static_cast<std::int64_t>(units.size());
  for (std::int64_t start = 0; start < length; ++start) {
    std::uint32_t parent = 0;
    for (std::int64_t order = 1; order <= std::min(max_order, length - start); ++order) {
      const std::uint32_t node = child(parent, units[start + order - 1], order);
      if (node >= counts.size()) counts.resize(node + 1);
      ++counts[node];
      parent = node + 1;
    }
  }
  return counts;
}

std::int64_t num_ngrams(std::int64_t length, std::int64_t order) { return std::max<std::int64_t>(0, length - order + 1); }

}  // namespace attend
