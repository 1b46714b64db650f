#include <catch2/catch.hpp>

#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "core/error.h"
#include "inference/sampling.h"
#include "tests/inference/toy_decoder.h"

using namespace attend;
using namespace attend::test;

namespace {

std::vector<std::int64_t> ids_of(const std::vector<TokenCandidate>& candidates) {
  std::vector<std::int64_t> ids;
  for (const auto& candidate : candidates) ids.push_back(candidate.id);
  return ids;
}

// The tokens left of probabilities p by one setting.
std::vector<std::int64_t> kept(const std::vector<double>& p, const SamplingOptions& options,
                               const std::vector<std::int64_t>& refused = {}) {
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
      streams.emplace_back(7, "sample",
                           std::initializer_list<std::uint64_t>{static_cast<std::uint64_t>(sentence), static_cast<std::uint64_t>(i)});
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
  std::vector<TokenCandidate> candidates{{2, 3.0}, {9, 1.0}, {5, 6.0}};
  RandomStream stream(11, "draw");
  std::map<std::int64_t, int> counts;
  for (int i = 0; i < 20'000; ++i) ++counts[draw_token(candidates, stream)];
  REQUIRE(counts.size() == 3);
  REQUIRE(counts[5] == Approx(12'000).margin(300));  // more than four deviations
  REQUIRE(counts[2] == Approx(6'000).margin(280));
  REQUIRE(counts[9] == Approx(2'000).margin(180));
}

TEST_CASE("what a number draws depends on the set of candidates, not on their order, also where they are many") {
  std::vector<TokenCandidate> ordered;
  for (std::int64_t id = 0; id < 1000; ++id) ordered.push_back({id, 1.0 / static_cast<double>(1 + id)});
  RandomStream shuffling(1, "shuffle");
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    // By hand: walk down the sorted list.
    double left = RandomStream(seed, "draw").uniform(), total = 0;
    for (const auto& candidate : ordered) total += candidate.weight;
    left *= total;
    std::int64_t expected = 0;
    while ((left -= ordered[expected].weight) >= 0) ++expected;
    auto shuffled = ordered;
    shuffling.shuffle(shuffled);
    RandomStream stream(seed, "draw");
    REQUIRE(draw_token(shuffled, stream) == expected);
  }
  // And the filters give the same of a large vocabulary as of a sorted one.
  std::vector<double> p(1000);
  for (std::size_t i = 0; i < p.size(); ++i) p[(i * 37) % 1000] = 1.0 / static_cast<double>(1 + i);
  const auto some = kept(p, {.top_p = 0.8});
  const double mass = std::accumulate(p.begin(), p.end(), 0.0);
  double reached = 0;
  for (std::size_t i = 0; i + 1 < some.size(); ++i) {
    REQUIRE(some[i] == static_cast<std::int64_t>((i * 37) % 1000));
    reached += p[some[i]];
  }
  REQUIRE(reached < 0.8 * mass);
  REQUIRE(reached + p[some.back()] >= 0.8 * mass);
  REQUIRE(kept(p, {.top_k = 100}).size() == 100);
  REQUIRE(kept(p, {.min_p = 0.0101}).size() == 99);
}

TEST_CASE("draws have the distribution that penalties, temperature and filters leave: chi-squared") {
  // Token i has logit ln(w_i). By hand, with temperature 1/2, that is weights squared: 36, 25, 16, 9, 4, 1, 1 of 92.
  // Penalties first: token 0 stands in the prompt and halves its logit (ln 6 / 2: weight sqrt 6, squared 6); token 1 was generated twice
  // and loses ln(5/3) in all (weight 3, squared 9). So 6, 9, 16, 9, 4, 1, 1. Top-k 6 drops the last, of 45 top-p 0.96 needs 44: drops
  // token 5. Min-p 0.2 asks for 3.2 or more: all five stay.
  const std::vector<double> weights{6, 5, 4, 3, 2, 1, 1}, left{6, 9, 16, 9, 4};
  std::vector<float> logits;
  for (const double weight : weights) logits.push_back(static_cast<float>(std::log(weight)));
  const RepetitionPenalties repetition{.repetition = 2.0}, counts{.presence = std::log(5.0 / 3) / 2, .frequency = std::log(5.0 / 3) / 4};
  const TokenIds prompt{0};
  TokenHistory(prompt).penalise(logits, repetition);
  TokenHistory generated({});
  generated.add(1);
  generated.add(1);
  generated.penalise(logits, counts);
  auto candidates = sampling_candidates(logits, {.temperature = 0.5, .top_k = 6, .top_p = 0.96, .min_p = 0.2}, {});
  Ids kept_ids = ids_of(candidates);
  std::sort(kept_ids.begin(), kept_ids.end());
  REQUIRE(kept_ids == Ids{0, 1, 2, 3, 4});

  constexpr int kDraws = 100'000;
  RandomStream stream(20, "chi-squared");
  std::vector<double> counted(5, 0.0);
  for (int i = 0; i < kDraws; ++i) ++counted.at(draw_token(candidates, stream));
  // The probability that a true distribution's statistic is as large or larger: 4 degrees of freedom have it in closed form.
  const auto p_value = [&](const std::vector<double>& expected) {
    double total = 0, statistic = 0;
    for (const double weight : expected) total += weight;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double mean = kDraws * expected[i] / total;
      statistic += (counted[i] - mean) * (counted[i] - mean) / mean;
    }
    return std::exp(-statistic / 2) * (1 + statistic / 2);
  };
  REQUIRE(p_value(left) > 1e-4);
  // The test sees an error: a share that is 6 % off.
  REQUIRE(p_value({6, 9, 16 * 1.06, 9, 4}) < 1e-4);
}

TEST_CASE("whole sequences have the model's distribution: chi-squared") {
  // p(1) = 0.5, p(2) = 0.3, p(end) = 0.2 at every place; at most two tokens: end, (1 end) .. (2 2) are 7 sequences.
  const NextLogits logits = [](std::int64_t, const TokenIds&) { return logits_of({0.2, 0.5, 0.3}); };
  const std::map<TokenIds, double> expected{{{0}, 0.2},     {{1, 0}, 0.1},  {{1, 1}, 0.25}, {{1, 2}, 0.15},
                                            {{2, 0}, 0.06}, {{2, 1}, 0.15}, {{2, 2}, 0.09}};
  constexpr int kSamples = 20'000;
  std::map<TokenIds, double> counted;
  const auto samples = sample(logits, make_search(kSamples, 2), {}, {3});
  for (const auto& hypothesis : samples[0]) ++counted[hypothesis.ids];
  REQUIRE(counted.size() == expected.size());
  double statistic = 0;
  for (const auto& [ids, probability] : expected)
    statistic += std::pow(counted[ids] - kSamples * probability, 2) / (kSamples * probability);
  const double half = statistic / 2;
  REQUIRE(std::exp(-half) * (1 + half + half * half / 2) > 1e-4);  // 6 degrees of freedom
}

TEST_CASE("penalties see the prompt and what was generated, row by row") {
  const NextLogits flat = [](std::int64_t, const TokenIds&) { return std::vector<float>{-9.0f, 4.0f, 3.0f, 2.0f}; };
  const auto ids = [&](const RepetitionPenalties& penalties, std::int64_t last) {
    ToyDecoder decoder(flat, {0, 1}, 1);
    const std::vector<SequenceStart> starts{{.prompt = {last}}, {.prompt = {3, 42}}};
    std::vector<RandomStream> streams(2, RandomStream(1, "test"));
    const auto search = make_search(1, 4);
    const SamplingOptions sampling{.penalties = penalties, .temperature = 0.0};
    const auto found = sample_sequences(decoder, {.search = search, .sampling = sampling, .starts = starts, .streams = streams});
    REQUIRE(decoder.first_ids == Ids{last, 42});
    REQUIRE(
        found[0][0].log_probability ==
        Approx(std::accumulate(found[0][0].token_log_probabilities.begin(), found[0][0].token_log_probabilities.end(), 0.0)).margin(1e-5));
    return std::pair(found[0][0].ids, found[1][0].ids);
  };
  REQUIRE(ids({}, 1) == std::pair(TokenIds{1, 1, 1, 1}, TokenIds{1, 1, 1, 1}));
  REQUIRE(ids({.repetition = 1.5}, 1) == std::pair(TokenIds{2, 1, 1, 1}, TokenIds{1, 2, 1, 1}));
  REQUIRE(ids({.frequency = 1.1}, 1).first == TokenIds{1, 2, 1, 3});  // 4; 3 over 2.9; 2.9 over 1.9; 2 over 1.9 and 1.8
}

TEST_CASE("every token is told as it comes, to its own sample") {
  const auto search = make_search(2, 6);
  ToyDecoder decoder(random_logits(3, 13, 1.0f), {4, 1}, 2);
  std::vector<RandomStream> streams;
  for (std::uint64_t i = 0; i < 4; ++i) streams.emplace_back(i, "test");
  const std::vector<SequenceStart> starts(2, {.prompt = {42}});
  std::vector<TokenIds> told(4);
  const auto found = sample_sequences(
      decoder,
      {.search = search, .sampling = {}, .starts = starts, .streams = streams, .on_token = [&](std::size_t sample, std::int64_t id) {
         told[sample].push_back(id);
       }});
  for (std::size_t i = 0; i < 4; ++i) REQUIRE(told[i] == found[i / 2][i % 2].ids);
}

TEST_CASE("a sequence ends where it is complete") {
  auto search = make_search(1, 20);
  search.rules.is_complete = [](std::span<const std::int64_t> ids) { return ids.size() == 3; };
  REQUIRE(sample(random_logits(3, 13, -90.0f), search, {}, {4})[0][0].ids.size() == 3);
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

TEST_CASE("draws do not depend on how many threads make them") {
  // A vocabulary that has a task of its own for each row.
  const auto logits = random_logits(3, 20'000, 1.0f);
  const SearchOptions search = make_search(2, 6);
  const SamplingOptions sampling{.temperature = 1.2, .top_p = 0.95};
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = sample(logits, search, sampling, {4, 1, 8});
  at::set_num_threads(4);
  const auto four = sample(logits, search, sampling, {4, 1, 8});
  at::set_num_threads(before);
  for (std::size_t s = 0; s < one.size(); ++s)
    for (std::size_t i = 0; i < one[s].size(); ++i) {
      REQUIRE(one[s][i].ids == four[s][i].ids);
      REQUIRE(one[s][i].log_probability == four[s][i].log_probability);
    }
}

TEST_CASE("a token's log-probability is that of the softmax in double, to the rounding of single precision") {
  const auto logits = random_logits(3, 50'000, 4.0f);
  const auto found = sample(logits, make_search(1, 4), {}, {2})[0][0];
  TokenIds before;
  for (std::size_t i = 0; i < found.ids.size(); ++i) {
    const auto row = logits(2, before);
    double total = 0;
    for (const float logit : row) total += std::exp(static_cast<double>(logit));
    REQUIRE(found.token_log_probabilities[i] == Approx(row[static_cast<std::size_t>(found.ids[i])] - std::log(total)).margin(2e-6));
    before.push_back(found.ids[i]);
  }
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
  for (const auto& hypothesis : samples[0]) {
    REQUIRE(TokenIds(hypothesis.ids.begin(), hypothesis.ids.begin() + 2) == TokenIds{1, 5});
    REQUIRE(hypothesis.token_log_probabilities[0] == 0);  // a prefix counts neither as probability nor as length
    REQUIRE(hypothesis.token_log_probabilities[1] == 0);
    REQUIRE(hypothesis.score == Approx(hypothesis.log_probability / static_cast<double>(hypothesis.ids.size() - 2)));
  }
}

TEST_CASE("sampling refuses logits that are not numbers") {
  const NextLogits broken = [](std::int64_t, const TokenIds&) { return std::vector<float>(5, std::nanf("")); };
  REQUIRE_THROWS_AS(sample(broken, make_search(1, 3), {}, {0}), UserError);
}
