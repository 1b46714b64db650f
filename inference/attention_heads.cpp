// What a head mostly does, in words: the names that Clark et al. 2019 gave to what they found in BERT.
#include <algorithm>
#include <cmath>

#include "inference/attention_view.h"

namespace attend {
namespace {

constexpr double kMostly = 0.4;  // share of the weight from which a head has a name
constexpr double kEvenly = 0.9;  // of the greatest entropy there can be

struct Tally {
  std::string does;
  double weight = 0;
};

// The mean entropy over the queries, and how near it is to the greatest.
struct Spread {
  double entropy = 0, of_greatest = 0;
};

Spread spread_of(const std::vector<float>& weights, std::size_t queries, std::size_t keys) {
  Spread spread;
  double greatest = 0;
  for (std::size_t q = 0; q < queries; ++q) {
    std::size_t computed = 0;
    for (std::size_t k = 0; k < keys; ++k) {
      const double w = weights[q * keys + k];
      if (std::isnan(w)) continue;
      ++computed;
      if (w > 0) spread.entropy -= w * std::log(w);
    }
    if (computed > 1) greatest += std::log(static_cast<double>(computed));
  }
  if (greatest > 0) spread.of_greatest = spread.entropy / greatest;
  spread.entropy /= static_cast<double>(queries);
  return spread;
}

// The tally with the most weight, where that is much; else whether the weight is spread.
AttentionView::Head named(const std::vector<Tally>& tallies, const Spread& spread, std::size_t queries) {
  AttentionView::Head head{.entropy = spread.entropy};
  const auto most = std::max_element(tallies.begin(), tallies.end(), [](const Tally& a, const Tally& b) { return a.weight < b.weight; });
  const double share = most == tallies.end() ? 0 : most->weight / static_cast<double>(queries);
  if (share >= kMostly) {
    head.does = most->does;
    head.share = share;
  } else if (spread.of_greatest >= kEvenly) {
    head.does = "looks everywhere alike";
    head.share = spread.of_greatest;
  }
  return head;
}

bool holds(const std::vector<std::int64_t>& places, std::size_t place) {
  return std::find(places.begin(), places.end(), static_cast<std::int64_t>(place)) != places.end();
}

}  // namespace

AttentionView::Head head_of_self(const std::vector<float>& weights, const AttentionView::Text& text) {
  enum { kItself, kPrevious, kNext, kSameWord, kSpecial, kFirst };
  std::vector<Tally> tallies{{"looks at the token itself"},        {"looks at the previous token"}, {"looks at the next token"},
                             {"looks at the same word elsewhere"}, {"looks at special tokens"},     {"looks at the first token"}};
  const std::size_t n = text.tokens.size();
  for (std::size_t q = 0; q < n; ++q) {
    for (std::size_t k = 0; k < n; ++k) {
      const double w = weights[q * n + k];
      if (std::isnan(w)) continue;
      if (k == q) tallies[kItself].weight += w;
      if (k + 1 == q) tallies[kPrevious].weight += w;
      if (k == q + 1) tallies[kNext].weight += w;
      if (k != q && text.tokens[k] == text.tokens[q]) tallies[kSameWord].weight += w;
      if (k != q && holds(text.special, k)) tallies[kSpecial].weight += w;
      if (k == 0 && q > 1 && !holds(text.special, 0)) tallies[kFirst].weight += w;
    }
  }
  return named(tallies, spread_of(weights, n, n), n);
}

AttentionView::Head head_of_cross(const std::vector<float>& weights, const AttentionView::Text& queries, const AttentionView::Text& keys) {
  enum { kEnd, kSameWord, kSamePlace };
  std::vector<Tally> tallies{{"looks at special tokens"}, {"looks at the same word"}, {"looks at the same place"}};
  const std::size_t num_queries = queries.tokens.size(), num_keys = keys.tokens.size();
  for (std::size_t q = 0; q < num_queries; ++q) {
    for (std::size_t k = 0; k < num_keys; ++k) {
      const double w = weights[q * num_keys + k];
      if (std::isnan(w)) continue;
      if (holds(keys.special, k)) tallies[kEnd].weight += w;
      if (queries.tokens[q] == keys.tokens[k] && !holds(keys.special, k)) tallies[kSameWord].weight += w;
      if (q == k) tallies[kSamePlace].weight += w;
    }
  }
  return named(tallies, spread_of(weights, num_queries, num_keys), num_queries);
}

}  // namespace attend
