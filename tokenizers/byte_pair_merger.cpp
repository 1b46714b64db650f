#include "tokenizers/byte_pair_merger.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

namespace attend {
namespace {

constexpr std::int32_t kNoRank = std::numeric_limits<std::int32_t>::max();
constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kShortWord = 48;  // up to here looking at every pair again costs less than a queue

std::uint64_t pair_of(std::int32_t first, std::int32_t second) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(first)) << 32 | static_cast<std::uint32_t>(second);
}

/// The high half of a product with an odd constant knows every bit of the pair.
std::uint64_t slot_of(std::uint64_t pair) { return pair * 0x9E3779B97F4A7C15 >> 32; }

}  // namespace

BytePairMerger::BytePairMerger(const std::vector<PairMerge>& merges) : slots_(std::bit_ceil(2 * merges.size() + 2)) {
  joined_.reserve(merges.size());
  for (const PairMerge& merge : merges) {
    const std::uint64_t pair = pair_of(merge.first, merge.second);
    std::uint64_t at = slot_of(pair) & (slots_.size() - 1);
    while (slots_[at].rank >= 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {pair, static_cast<std::int32_t>(joined_.size())};
    joined_.push_back(merge.joined);
  }
}

std::int32_t BytePairMerger::rank_of(std::int32_t first, std::int32_t second) const {
  const std::uint64_t pair = pair_of(first, second);
  for (std::uint64_t at = slot_of(pair) & (slots_.size() - 1); slots_[at].rank >= 0; at = (at + 1) & (slots_.size() - 1))
    if (slots_[at].pair == pair) return slots_[at].rank;
  return kNoRank;
}

void BytePairMerger::merge(std::vector<std::int32_t>& ids, Scratch& scratch) const {
  if (ids.size() < 2) return;
  if (ids.size() <= kShortWord)
    merge_short(ids, scratch);
  else
    merge_long(ids, scratch);
}

void BytePairMerger::merge_short(std::vector<std::int32_t>& ids, Scratch& scratch) const {
  std::vector<std::int32_t>& ranks = scratch.ranks;  // of the pair that begins at an id
  ranks.resize(ids.size() - 1);
  for (std::size_t i = 0; i < ranks.size(); ++i) ranks[i] = rank_of(ids[i], ids[i + 1]);
  while (!ranks.empty()) {
    const auto best = std::min_element(ranks.begin(), ranks.end());
    if (*best == kNoRank) return;
    const auto at = static_cast<std::size_t>(best - ranks.begin());
    ids[at] = joined_[static_cast<std::size_t>(*best)];
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    ranks.erase(best);
    if (at > 0) ranks[at - 1] = rank_of(ids[at - 1], ids[at]);
    if (at < ranks.size()) ranks[at] = rank_of(ids[at], ids[at + 1]);
  }
}

/// The same with a linked list and a queue of (rank, place). An entry whose pair is no longer there is passed over: its rank is not the
/// pair's that is there now.
void BytePairMerger::merge_long(std::vector<std::int32_t>& ids, Scratch& scratch) const {
  auto& [ranks, queue, next, previous] = scratch;
  const auto size = static_cast<std::uint32_t>(ids.size());
  ranks.assign(size, kNoRank);
  next.resize(size);
  previous.resize(size);
  queue.clear();
  const auto entry = [&](std::uint32_t at) { return static_cast<std::uint64_t>(ranks[at]) << 32 | at; };
  for (std::uint32_t at = 0; at < size; ++at) {
    previous[at] = at == 0 ? kNowhere : at - 1;
    next[at] = at + 1 == size ? kNowhere : at + 1;
    if (at + 1 == size) break;
    ranks[at] = rank_of(ids[at], ids[at + 1]);
    if (ranks[at] != kNoRank) queue.push_back(entry(at));
  }
  std::make_heap(queue.begin(), queue.end(), std::greater<>{});
  const auto look_at = [&](std::uint32_t at) {
    ranks[at] = next[at] == kNowhere ? kNoRank : rank_of(ids[at], ids[next[at]]);
    if (ranks[at] == kNoRank) return;
    queue.push_back(entry(at));
    std::push_heap(queue.begin(), queue.end(), std::greater<>{});
  };
  while (!queue.empty()) {
    std::pop_heap(queue.begin(), queue.end(), std::greater<>{});
    const std::uint64_t best = queue.back();
    queue.pop_back();
    const auto at = static_cast<std::uint32_t>(best);
    if (best != entry(at)) continue;
    const std::uint32_t gone = next[at];
    ids[at] = joined_[static_cast<std::size_t>(ranks[at])];
    ranks[gone] = kNoRank;
    next[at] = next[gone];
    if (next[at] != kNowhere) previous[next[at]] = at;
    look_at(at);
    if (previous[at] != kNowhere) look_at(previous[at]);
  }
  std::size_t kept = 0;
  for (std::uint32_t at = 0; at != kNowhere; at = next[at]) ids[kept++] = ids[at];
  ids.resize(kept);
}

}  // namespace attend
