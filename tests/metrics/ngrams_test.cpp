#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>

#include "metrics/ngrams.h"
#include "metrics/score.h"

namespace attend {

TEST_CASE("n-grams of one sequence by hand") {
  NgramTrie trie;
  const std::vector<char32_t> units{7, 8, 7, 8};
  const std::vector<std::int64_t> counts = trie.count(units, 2);
  // 7, 78, 8, 87 in the order they are met
  CHECK(counts == std::vector<std::int64_t>{2, 2, 2, 1});
  CHECK(trie.order(0) == 1);
  CHECK(trie.order(1) == 2);
  CHECK(trie.order(2) == 1);
  CHECK(trie.order(3) == 2);
}

TEST_CASE("the trie counts what a map of sequences counts") {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    NgramTrie trie;
    std::vector<char32_t> first(random() % 30), second(random() % 30);
    for (auto* units : {&first, &second})
      for (char32_t& unit : *units) unit = static_cast<char32_t>(random() % 3);
    std::map<std::vector<char32_t>, std::pair<std::int64_t, std::int64_t>> expected;
    const std::size_t max_order = 4;
    for (std::size_t n = 1; n <= max_order; ++n) {
      for (std::size_t i = 0; i + n <= first.size(); ++i) ++expected[{first.begin() + i, first.begin() + i + n}].first;
      for (std::size_t i = 0; i + n <= second.size(); ++i) ++expected[{second.begin() + i, second.begin() + i + n}].second;
    }
    std::vector<std::int64_t> expected_matches(max_order), matches(max_order);
    for (const auto& [ngram, counts] : expected) expected_matches[ngram.size() - 1] += std::min(counts.first, counts.second);
    const std::vector<std::int64_t> in_first = trie.count(first, max_order), in_second = trie.count(second, max_order);
    for (std::size_t node = 0; node < std::min(in_first.size(), in_second.size()); ++node)
      matches[trie.order(node) - 1] += std::min(in_first[node], in_second[node]);
    CHECK(trie.size() == expected.size());
    CHECK(matches == expected_matches);
  }
}

TEST_CASE("numbers of n-grams") {
  CHECK(num_ngrams(5, 1) == 5);
  CHECK(num_ngrams(5, 5) == 1);
  CHECK(num_ngrams(5, 6) == 0);
  CHECK(num_ngrams(0, 1) == 0);
}

TEST_CASE("decimals round as C and Python do") {
  CHECK(fixed_decimals(0.125, 2) == "0.12");
  CHECK(fixed_decimals(99.95, 1) == "100.0");
  CHECK(fixed_decimals(36.149999, 0) == "36");
  CHECK(fixed_decimals(1.0 / 3, 10) == "0.3333333333");
}

TEST_CASE("a score's line") {
  const MetricScore score{.name = "chrF2", .score = 61.25, .signature = "nrefs:1|version:2.6.0", .detail = ""};
  CHECK(score_line(score) == "chrF2|nrefs:1|version:2.6.0 = 61.2");
  CHECK(score_line(score, 3) == "chrF2|nrefs:1|version:2.6.0 = 61.250");
}

}  // namespace attend
