#include "tokenizers/byte_pair_merger.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>

#include "core/random.h"

namespace attend {
namespace {

using Ids = std::vector<std::int32_t>;

Ids merged(const std::vector<PairMerge>& merges, Ids ids) {
  BytePairMerger::Scratch scratch;
  BytePairMerger(merges).merge(ids, scratch);
  return ids;
}

/// Rule by rule as the definition says: the earliest rule that fits anywhere, at its leftmost place.
Ids merged_slowly(const std::vector<PairMerge>& merges, Ids ids) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const PairMerge& merge : merges) {
      for (std::size_t i = 0; i + 1 < ids.size() && !changed; ++i) {
        if (ids[i] != merge.first || ids[i + 1] != merge.second) continue;
        ids[i] = merge.joined;
        ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        changed = true;
      }
      if (changed) break;
    }
  }
  return ids;
}

TEST_CASE("the earliest rule is followed first, from the left") {
  const std::vector<PairMerge> merges{{1, 2, 3}, {0, 1, 4}, {4, 2, 5}, {0, 3, 6}};
  CHECK(merged(merges, {0, 1, 2}) == Ids{6});
  CHECK(merged(merges, {0, 1, 0, 1}) == Ids{4, 4});
  CHECK(merged(merges, {}).empty());
  CHECK(merged(merges, {0}) == Ids{0});
  CHECK(merged({}, {0, 1}) == Ids{0, 1});
  CHECK(merged({{0, 0, 1}}, {0, 0, 0}) == Ids{1, 0});
  CHECK(merged({{0, 0, 1}, {1, 1, 2}}, Ids(7, 0)) == Ids{2, 1, 0});
}

TEST_CASE("a rule that makes what is there already, or ids beyond any vocabulary") {
  CHECK(merged({{0, 1, 0}}, {0, 1, 1, 1}) == Ids{0});  // each step makes the next possible
  CHECK(merged({{0, 0, 0}}, Ids(100, 0)) == Ids{0});
  CHECK(merged({{2'000'000'000, 1'999'999'999, 7}}, {2'000'000'000, 1'999'999'999}) == Ids{7});
}

TEST_CASE("property: short and long words are joined as the definition says") {
  for (std::uint64_t round = 0; round < 400; ++round) {
    RandomStream stream(7, "byte-pair-merger-test", {round});
    const auto letters = static_cast<std::int32_t>(1 + stream.below(4));
    std::vector<PairMerge> merges;
    std::int32_t next = letters;
    for (std::uint64_t count = stream.below(12); count > 0; --count) {
      const PairMerge merge{static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(next))),
                            static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(next))),
                            stream.below(4) == 0 ? static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(next))) : next};
      const bool is_known = std::any_of(merges.begin(), merges.end(),
                                        [&](const PairMerge& other) { return other.first == merge.first && other.second == merge.second; });
      if (is_known) continue;
      merges.push_back(merge);
      if (merge.joined == next) ++next;
    }
    Ids ids;
    for (std::uint64_t length = stream.below(round % 2 ? 20 : 200); length > 0; --length)
      ids.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(letters))));
    INFO("round " << round << ", " << ids.size() << " ids, " << merges.size() << " rules");
    CHECK(merged(merges, ids) == merged_slowly(merges, ids));
  }
}

TEST_CASE("a million ids of one word take no quadratic time") {
  const auto start = std::chrono::steady_clock::now();
  std::vector<PairMerge> merges;
  for (std::int32_t id = 0; id < 10; ++id) merges.push_back({id, id, id + 1});
  const Ids ids = merged(merges, Ids(1 << 20, 0));
  CHECK(ids == Ids(1 << 10, 10));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

}  // namespace
}  // namespace attend
