#include "tokenizers/pair_learner.h"

#include <unordered_set>

namespace attend {

void PairLearner::add_word(std::span<const std::int32_t> symbols, std::int64_t count) {
  words_.push_back({static_cast<std::uint32_t>(symbols_.size()), static_cast<std::uint32_t>(symbols.size()), count});
  symbols_.insert(symbols_.end(), symbols.begin(), symbols.end());
}

void PairLearner::count_pairs() {
  for (std::uint32_t i = 0; i < words_.size(); ++i) {
    const std::span<std::int32_t> ids = symbols(words_[i]);
    for (std::size_t at = 1; at < ids.size(); ++at) {
      PairUse& use = uses_[pair_of(ids[at - 1], ids[at])];
      use.count += words_[i].count;
      if (use.words.empty() || use.words.back() != i) use.words.push_back(i);
    }
  }
  for (const auto& [pair, use] : uses_) queue_.push({use.count, pair});
}

void PairLearner::learn(std::int64_t min_frequency, const Join& join) {
  count_pairs();
  while (!queue_.empty()) {
    const Candidate best = queue_.top();
    queue_.pop();
    const auto use = uses_.find(best.pair);
    const std::int64_t count = use == uses_.end() ? 0 : use->second.count;
    if (count < best.count) {  // it has become rarer since it was queued
      if (count > 0) queue_.push({count, best.pair});
      continue;
    }
    if (count > best.count) continue;  // it was queued again when it became more frequent
    if (count < min_frequency) break;
    const auto joined = join(static_cast<std::int32_t>(best.pair >> 32), static_cast<std::int32_t>(best.pair & 0xFFFFFFFF));
    if (!joined) break;
    replace(best.pair, *joined);
  }
}

void PairLearner::replace(Pair pair, std::int32_t joined) {
  const auto first = static_cast<std::int32_t>(pair >> 32), second = static_cast<std::int32_t>(pair & 0xFFFFFFFF);
  const std::vector<std::uint32_t> places = std::move(uses_[pair].words);
  std::unordered_set<Pair> grown;
  for (const std::uint32_t place : places) {
    Word& word = words_[place];
    const std::span<std::int32_t> ids = symbols(word);
    const auto is_pair = [&](std::size_t i) { return i + 1 < ids.size() && ids[i] == first && ids[i + 1] == second; };
    std::size_t kept = 0;
    while (kept < ids.size() && !is_pair(kept)) ++kept;
    if (kept == ids.size()) continue;
    const auto change = [&](std::int32_t left, std::int32_t right, std::int64_t by) {
      const Pair changed = pair_of(left, right);
      PairUse& use = uses_[changed];
      use.count += by;
      if (by < 0) return;
      if (use.words.empty() || use.words.back() != place) use.words.push_back(place);
      grown.insert(changed);
    };
    // Joined from left to right; what stood beside the two stands beside the one. `kept` of the word's ids are final.
    for (std::size_t i = kept; i < ids.size(); ++i) {
      if (!is_pair(i)) {
        ids[kept++] = ids[i];
        continue;
      }
      if (kept > 0) {
        change(ids[kept - 1], first, -word.count);
        change(ids[kept - 1], joined, word.count);
      }
      if (i + 2 < ids.size()) {
        change(second, ids[i + 2], -word.count);
        change(joined, ids[i + 2], word.count);
      }
      ids[kept++] = joined;
      ++i;
    }
    word.length = static_cast<std::uint32_t>(kept);
  }
  uses_.erase(pair);
  for (const Pair changed : grown)
    if (const auto use = uses_.find(changed); use != uses_.end() && use->second.count > 0) queue_.push({use->second.count, changed});
}

}  // namespace attend
