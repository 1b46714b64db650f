#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "generation/sampling.h"
#include "tests/generation/toy_decoder.h"

using namespace attend;
using namespace attend::test;

namespace {

std::vector<std::int64_t> ids_of(const std::vector<TokenCandidate>& candidates) {
  std::vector<std::int64_t> ids;
  for (const auto& candidate : candidates) ids.push_back(candidate.id);
  return ids;
}

// The tokens left of probabilities p by one setting.
std::vector<std::int64_t> kept(const std::vector<double>& p, const SamplingOptions& options, const std::vector<std::int64_t>& refused = {}) {
  return ids_of(sampling_candidates(logits_of(p), options, refused));
}

using Ids = std::vector<std::int64_t>;

SearchOptions make_search(std::int64_t num_samples, std::int64_t max_length) {
  SearchOptions search;
  search.rules = {.eos_ids = {0}, .forced_eos_id = {}, .max_length = max_length, .min_length = 0, .bad_words = {}};
  search.n_best = num_samples;
  return search;
}

std::vector<std::vector<Hypothesis>> sample(const NextLogits& logits, const SearchOptions& search, const SamplingOptions& sampling,
                                            const std::vector<std::int64_t>& sentences, std::vector<TokenIds> prefixes = {}) {
  prefixes.resize(sentences.size());
  ToyDecoder decoder(logits, sentences, search.n_best);
  std::vector<RandomStream> streams;
  for (const auto sentence : sentences)
    for (std::int64_t i = 0; i < search.n_best; ++i)
      streams.emplace_back(7, "sample", std::initializer_list<std::uint64_t>{static_cast<std::uint64_t>(sentence), static_cast<std::uint64_t>(i)});
  std::vector<SequenceStart> starts;
  for (const auto& prefix : prefixes) starts.push_back({.prompt = {42}, .prefix = prefix});
  return sample_sequences(decoder, {.search = search, .sampling = sampling, .starts = starts, .streams = streams});
}

}  // namespace

TEST_CASE("candidates come most probable first, equal ones by id") {
  REQUIRE(kept({0.1, 0.4, 0.1, 0.4}, {}) == Ids{1, 3, 0, 2});
  REQUIRE(kept({0.5, 0.0, 0.5}, {}) == Ids{0, 2});  // what cannot be is not there
  REQUIRE(kept({0.2, 0.5, 0.3}, {}, {1}) == Ids{2, 0});
  REQUIRE(kept({1.0}, {}, {0}).empty());
}

TEST_CASE("top-k keeps exactly k") {
  REQUIRE(kept({0.1, 0.2, 0.3, 0.4}, {.top_k = 1}) == Ids{3});
  REQUIRE(kept({0.1, 0.2, 0.3, 0.4}, {.top_k = 3}) == Ids{3, 2, 1});
  REQUIRE(kept({0.1, 0.2, 0.3, 0.4}, {.top_k = 4}) == Ids{3, 2, 1, 0});
  REQUIRE(kept({0.1, 0.2, 0.3, 0.4}, {.top_k = 40}) == Ids{3, 2, 1, 0});
  REQUIRE(kept({0.1, 0.2, 0.3, 0.4}, {.top_k = 0}).size() == 4);
  REQUIRE(kept({0.25, 0.25, 0.25, 0.25}, {.top_k = 2}) == Ids{0, 1});  // a tie at the edge: the smaller ids
}

TEST_CASE("top-p keeps the fewest tokens that reach p") {
  REQUIRE(kept({0.5, 0.3, 0.2}, {.top_p = 0.4}) == Ids{0});  // the first alone exceeds p
  REQUIRE(kept({0.5, 0.3, 0.2}, {.top_p = 0.6}) == Ids{0, 1});
  REQUIRE(kept({0.5, 0.3, 0.2}, {.top_p = 0.9}) == Ids{0, 1, 2});
  REQUIRE(kept({0.5, 0.3, 0.2}, {.top_p = 1.0}) == Ids{0, 1, 2});
  REQUIRE(kept({0.25, 0.25, 0.25, 0.25}, {.top_p = 0.6}) == Ids{0, 1, 2});
  REQUIRE(kept({0.5, 0.3, 0.2}, {.top_p = 1e-9}) == Ids{0});
  // The mass is that of what is left: without token 0 the shares are 0.6 and 0.4.
  REQUIRE(kept({0.5, 0.3, 0.2}, {.top_p = 0.55}, {0}) == Ids{1});
  // Top-k goes first: of 0.4 and 0.3 the first is 57 %.
  REQUIRE(kept({0.4, 0.3, 0.3}, {.top_k = 2, .top_p = 0.5}) == Ids{0});
}

TEST_CASE("min-p keeps what is near the best") {
  REQUIRE(kept({0.5, 0.3, 0.15, 0.05}, {.min_p = 0.55}) == Ids{0, 1});
  REQUIRE(kept({0.5, 0.3, 0.15, 0.05}, {.min_p = 0.0}) == Ids{0, 1, 2, 3});
  REQUIRE(kept({0.5, 0.3, 0.15, 0.05}, {.min_p = 1.0}) == Ids{0});
  REQUIRE(kept({0.5, 0.5}, {.min_p = 1.0}) == Ids{0, 1});
}

TEST_CASE("temperature changes the weights and not the order") {
  const auto weights = [](double temperature) {
    const auto candidates = sampling_candidates(logits_of({0.8, 0.2}), {.temperature = temperature}, {});
    return candidates[1].weight / candidates[0].weight;
  };
  REQUIRE(weights(1.0) == Approx(0.25));
  REQUIRE(weights(0.5) == Approx(0.0625));
  REQUIRE(weights(2.0) == Approx(0.5));
  REQUIRE(weights(1e-3) == Approx(0.0).margin(1e-12));
  REQUIRE(kept({0.3, 0.4, 0.3}, {.temperature = 0.0}) == Ids{1});
  REQUIRE(kept({0.4, 0.2, 0.4}, {.temperature = 0.0}) == Ids{0});
  // Top-p sees the tempered distribution: at temperature 1/2 the shares are 16/17 and 1/17.
  REQUIRE(kept({0.8, 0.2}, {.temperature = 0.5, .top_p = 0.9}) == Ids{0});
}

TEST_CASE("tokens are drawn in proportion to their weights") {
  const std::vector<TokenCandidate> candidates{{5, 6.0}, {2, 3.0}, {9, 1.0}};
  RandomStream stream(11, "draw");
  std::map<std::int64_t, int> counts;
  for (int i = 0; i < 20'000; ++i) ++counts[draw_token(candidates, stream)];
  REQUIRE(counts.size() == 3);
  REQUIRE(counts[5] == Approx(12'000).margin(300));  // more than four deviations
  REQUIRE(counts[2] == Approx(6'000).margin(280));
  REQUIRE(counts[9] == Approx(2'000).margin(180));
}

TEST_CASE("sampled sequences follow the model") {
  // p(1) = 0.7 at first, then the end.
  const NextLogits logits = [](std::int64_t, const TokenIds& ids) {
    return logits_of(ids.empty() ? std::vector<double>{0.0, 0.7, 0.3} : std::vector<double>{1.0, 0.0, 0.0});
  };
  const auto samples = sample(logits, make_search(2000, 5), {}, {0})[0];
  const auto ones = std::count_if(samples.begin(), samples.end(), [](const auto& hypothesis) { return hypothesis.ids == TokenIds{1, 0}; });
  const auto twos = std::count_if(samples.begin(), samples.end(), [](const auto& hypothesis) { return hypothesis.ids == TokenIds{2, 0}; });
  REQUIRE(ones + twos == 2000);
  REQUIRE(ones == Approx(1400).margin(90));
  REQUIRE(samples[0].log_probability == Approx(std::log(samples[0].ids[0] == 1 ? 0.7 : 0.3)).margin(1e-6));
}

TEST_CASE("samples do not depend on the batch") {
  const auto logits = random_logits(3, 13, 1.0f);
  const SearchOptions search = make_search(3, 12);
  const SamplingOptions sampling{.temperature = 1.2, .top_k = 9, .top_p = 0.95, .min_p = 0.01};
  const std::vector<std::int64_t> sentences{4, 1, 8, 2};
  const auto together = sample(logits, search, sampling, sentences);
  for (std::size_t s = 0; s < sentences.size(); ++s) {
    const auto alone = sample(logits, search, sampling, {sentences[s]})[0];
    REQUIRE(together[s].size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      REQUIRE(together[s][i].ids == alone[i].ids);
      REQUIRE(together[s][i].log_probability == alone[i].log_probability);
    }
  }
  REQUIRE(together[0][0].ids != together[0][1].ids);
}

TEST_CASE("sampling at temperature 0 and with k = 1 is greedy search") {
  const auto logits = random_logits(5, 13, 1.0f);
  const auto cold = sample(logits, make_search(1, 12), {.temperature = 0.0}, {0, 1});
  const auto narrow = sample(logits, make_search(1, 12), {.top_k = 1}, {0, 1});
  for (std::int64_t s = 0; s < 2; ++s) {
    TokenIds greedy;
    while (greedy.size() < 12 && (greedy.empty() || greedy.back() != 0)) {
      const auto row = logits(s, greedy);
      greedy.push_back(std::max_element(row.begin(), row.end()) - row.begin());
    }
    REQUIRE(cold[s][0].ids == greedy);
    REQUIRE(narrow[s][0].ids == greedy);
  }
}

TEST_CASE("sampling keeps to lengths, bad words, the forced end and prefixes") {
  SearchOptions search = make_search(50, 6);
  search.rules.min_length = 3;
  search.rules.forced_eos_id = 0;
  search.rules.bad_words = {{4}, {2, 3}};
  const auto samples = sample(random_logits(9, 6, 0.5f), search, {.temperature = 2.0}, {0, 1}, {{1, 5}, {}});
  std::size_t longest = 0;
  for (const auto& sentence : samples)
    for (const auto& hypothesis : sentence) {
      const TokenIds& ids = hypothesis.ids;
      REQUIRE(ids.size() >= 3);
      REQUIRE(ids.size() <= 6);
      REQUIRE(std::find(ids.begin(), ids.end(), 0) == ids.end() - 1);
      REQUIRE(std::find(ids.begin(), ids.end(), 4) == ids.end());
      const TokenIds forbidden{2, 3};
      REQUIRE(std::search(ids.begin(), ids.end(), forbidden.begin(), forbidden.end()) == ids.end());
      longest = std::max(longest, ids.size());
    }
  REQUIRE(longest == 6);
  for (const auto& hypothesis : samples[0]) REQUIRE(TokenIds(hypothesis.ids.begin(), hypothesis.ids.begin() + 2) == TokenIds{1, 5});
}

TEST_CASE("sampling refuses logits that are not numbers") {
  const NextLogits broken = [](std::int64_t, const TokenIds&) { return std::vector<float>(5, std::nanf("")); };
  REQUIRE_THROWS_AS(sample(broken, make_search(1, 3), {}, {0}), UserError);
}
