#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "inference/beam_search.h"
#include "tests/inference/toy_decoder.h"

using namespace attend;
using namespace attend::test;

namespace {

constexpr std::int64_t kEnd = 0, kStart = 42;

SearchOptions make_options(std::int64_t num_beams, std::int64_t max_length) {
  SearchOptions options;
  options.rules = {.eos_ids = {kEnd}, .forced_eos_id = {}, .max_length = max_length, .min_length = 0, .bad_words = {}};
  options.num_beams = num_beams;
  options.n_best = num_beams;
  return options;
}

std::vector<SequenceStart> starts_with(const std::vector<TokenIds>& prefixes) {
  std::vector<SequenceStart> starts;
  for (const auto& prefix : prefixes) starts.push_back({.prompt = {kStart}, .prefix = prefix});
  return starts;
}

std::vector<std::vector<Hypothesis>> search(const NextLogits& next_logits, const SearchOptions& options,
                                            const std::vector<std::int64_t>& sentences = {0}, std::vector<TokenIds> prefixes = {}) {
  prefixes.resize(sentences.size());
  ToyDecoder decoder(next_logits, sentences, options.num_beams);
  return beam_search(decoder, options, starts_with(prefixes));
}

// The n best of sentence 0 by itself.
std::vector<Hypothesis> search_one(const NextLogits& next_logits, const SearchOptions& options, const TokenIds& prefix = {}) {
  return search(next_logits, options, {0}, {prefix}).front();
}

void require_equal(const std::vector<Hypothesis>& left, const std::vector<Hypothesis>& right) {
  REQUIRE(left.size() == right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    REQUIRE(left[i].ids == right[i].ids);
    REQUIRE(left[i].log_probability == Approx(right[i].log_probability).margin(1e-5));
    REQUIRE(left[i].score == Approx(right[i].score).margin(1e-5));
  }
}

// Every sequence the rules allow, with its log-probability.
void enumerate(const NextLogits& next_logits, const SearchOptions& options, const Hypothesis& so_far, std::vector<Hypothesis>& all) {
  const auto log_probabilities = log_softmax(next_logits(0, so_far.ids));
  const auto length = static_cast<std::int64_t>(so_far.ids.size()) + 1;
  for (std::int64_t id = 0; id < static_cast<std::int64_t>(log_probabilities.size()); ++id) {
    if (id == kEnd && length < options.rules.min_length) continue;
    Hypothesis next = so_far;
    next.ids.push_back(id);
    next.log_probability += log_probabilities[id];
    next.score = next.log_probability / length_divisor(options.length_norm, length, options.length_penalty);
    if (id == kEnd || length == options.rules.max_length)
      all.push_back(next);
    else
      enumerate(next_logits, options, next, all);
  }
}

std::vector<Hypothesis> exhaustive(const NextLogits& next_logits, const SearchOptions& options) {
  std::vector<Hypothesis> all;
  enumerate(next_logits, options, {}, all);
  std::sort(all.begin(), all.end(), [](const auto& left, const auto& right) { return left.score > right.score; });
  return all;
}

// The same search, slow and plain: a list of (ids, log-probability), every continuation of every one ranked each step.
std::vector<Hypothesis> reference_search(const NextLogits& next_logits, std::int64_t sentence, const SearchOptions& options) {
  std::vector<Hypothesis> open{{}}, finished;
  const auto beams = static_cast<std::size_t>(options.num_beams);
  const auto norm = [&](double log_probability, std::int64_t length) {
    return log_probability / length_divisor(options.length_norm, length, options.length_penalty);
  };
  const auto sort_by = [](std::vector<Hypothesis>& list, double Hypothesis::*key) {
    std::stable_sort(list.begin(), list.end(), [key](const auto& left, const auto& right) { return left.*key > right.*key; });
  };
  for (std::int64_t length = 1; length <= options.rules.max_length && !open.empty(); ++length) {
    std::vector<Hypothesis> continuations;
    for (const auto& hypothesis : open) {
      const auto log_probabilities = log_softmax(next_logits(sentence, hypothesis.ids));
      for (std::int64_t id = 0; id < static_cast<std::int64_t>(log_probabilities.size()); ++id) {
        if (id == kEnd && length < options.rules.min_length) continue;
        Hypothesis next = hypothesis;
        next.ids.push_back(id);
        next.log_probability += log_probabilities[id];
        next.score = norm(next.log_probability, length);
        continuations.push_back(next);
      }
    }
    sort_by(continuations, &Hypothesis::log_probability);
    if (continuations.size() > 2 * beams) continuations.resize(2 * beams);
    open.clear();
    for (std::size_t rank = 0; rank < continuations.size(); ++rank) {
      const bool ends = continuations[rank].ids.back() == kEnd || length == options.rules.max_length;
      if (ends && rank < beams) finished.push_back(continuations[rank]);
      if (!ends && open.size() < beams) open.push_back(continuations[rank]);
    }
    sort_by(finished, &Hypothesis::score);
    if (finished.size() > beams) finished.resize(beams);
    if (finished.size() < beams || open.empty()) continue;
    const bool ahead = options.early_stopping == EarlyStopping::kNever && options.length_penalty > 0;
    if (options.early_stopping == EarlyStopping::kTrue ||
        norm(open.front().log_probability, ahead ? options.rules.max_length : length) <= finished.back().score)
      break;
  }
  return finished;
}

}  // namespace

TEST_CASE("a beam as wide as the space finds the best sequences") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto logits = random_logits(seed, 3);
    SearchOptions options = make_options(40, 4);  // 1 + 2 + 4 + 8 * 3 sequences
    options.length_norm = seed % 2 ? LengthNorm::kWu : LengthNorm::kPower;
    options.length_penalty = 0.1 * static_cast<double>(seed);
    const auto expected = exhaustive(logits, options);
    REQUIRE(expected.size() == 31);
    require_equal(search_one(logits, options), expected);
  }
}

TEST_CASE("the search equals a slow and plain one for every norm, penalty and way of stopping") {
  const std::vector<std::int64_t> sentences{0, 1, 2, 3, 4, 5, 6};
  for (std::uint64_t seed = 0; seed < 6; ++seed)
    for (const auto norm : {LengthNorm::kPower, LengthNorm::kWu})
      for (const double penalty : {-0.5, 0.0, 0.6, 1.0, 2.0})
        for (const auto stopping : {EarlyStopping::kFalse, EarlyStopping::kTrue, EarlyStopping::kNever}) {
          const auto logits = random_logits(seed, 23, 1.5f);
          SearchOptions options = make_options(2 + static_cast<std::int64_t>(seed % 4), 12);
          options.rules.min_length = static_cast<std::int64_t>(seed);
          options.length_norm = norm;
          options.length_penalty = penalty;
          options.early_stopping = stopping;
          const auto found = search(logits, options, sentences);
          for (const auto s : sentences) require_equal(found[s], reference_search(logits, s, options));
        }
}

TEST_CASE("one beam is greedy search") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto logits = random_logits(seed, 17, 2.0f);
    const auto found = search_one(logits, make_options(1, 15));
    TokenIds greedy;
    double log_probability = 0;
    while (greedy.size() < 15 && (greedy.empty() || greedy.back() != kEnd)) {
      const auto log_probabilities = log_softmax(logits(0, greedy));
      const auto best = std::max_element(log_probabilities.begin(), log_probabilities.end());
      log_probability += *best;
      greedy.push_back(best - log_probabilities.begin());
    }
    REQUIRE(found.size() == 1);
    REQUIRE(found[0].ids == greedy);
    REQUIRE(found[0].log_probability == Approx(log_probability).margin(1e-5));
  }
}

TEST_CASE("an answer does not depend on the batch, and finished sentences leave it") {
  const auto logits = random_logits(8, 31, 2.0f);
  for (const std::int64_t num_beams : {1, 3, 4}) {
    const SearchOptions options = make_options(num_beams, 20);
    const std::vector<std::int64_t> sentences{5, 9, 2, 11, 3, 3, 7};
    ToyDecoder decoder(logits, sentences, num_beams);
    const auto together = beam_search(decoder, options, starts_with(std::vector<TokenIds>(sentences.size())));
    for (std::size_t s = 0; s < sentences.size(); ++s) require_equal(together[s], search(logits, options, {sentences[s]})[0]);
    // The first step needs one row a sentence, the second one a beam; then rows only leave.
    REQUIRE(decoder.rows_a_step[0] == 7);
    REQUIRE(decoder.rows_a_step[1] > 6 * (num_beams - 1));
    REQUIRE(std::is_sorted(decoder.rows_a_step.rbegin(), decoder.rows_a_step.rend() - 1));
    REQUIRE(decoder.rows_a_step.back() < 7 * num_beams);
    REQUIRE(decoder.first_ids == std::vector<std::int64_t>(7, kStart));
  }
}

TEST_CASE("greedy search reorders only when a sentence leaves") {
  ToyDecoder decoder(random_logits(8, 31, 2.0f), {0, 1, 2, 3}, 1);
  beam_search(decoder, make_options(1, 20), starts_with(std::vector<TokenIds>(4)));
  std::set<std::int64_t> sizes(decoder.rows_a_step.begin(), decoder.rows_a_step.end());
  REQUIRE(decoder.num_reorders == static_cast<int>(sizes.size()) - 1);
}

TEST_CASE("the n best are sorted, distinct and the first n of the full list") {
  const auto logits = random_logits(4, 19, 1.0f);
  SearchOptions options = make_options(6, 10);
  const auto all = search_one(logits, options);
  REQUIRE(all.size() == 6);
  std::set<TokenIds> distinct;
  for (const auto& hypothesis : all) distinct.insert(hypothesis.ids);
  REQUIRE(distinct.size() == 6);
  REQUIRE(std::is_sorted(all.begin(), all.end(), [](const auto& left, const auto& right) { return left.score > right.score; }));
  options.n_best = 2;
  require_equal(search_one(logits, options), {all.begin(), all.begin() + 2});
}

TEST_CASE("lengths stay between the least and the most") {
  for (const std::int64_t num_beams : {1, 4}) {
    SearchOptions options = make_options(num_beams, 6);
    for (const auto& hypothesis : search_one(random_logits(1, 9, -50.0f), options)) {  // never ends by itself
      REQUIRE(hypothesis.ids.size() == 6);
      REQUIRE(hypothesis.ids.back() != kEnd);
    }
    options.rules.min_length = 5;
    for (const auto& hypothesis : search_one(random_logits(1, 9, 50.0f), options)) {  // always wants to end
      REQUIRE(hypothesis.ids.size() >= 5);
      REQUIRE(std::find(hypothesis.ids.begin(), hypothesis.ids.begin() + 4, kEnd) == hypothesis.ids.begin() + 4);
    }
    REQUIRE(search_one(random_logits(1, 9, 50.0f), options)[0].ids.size() == 5);
  }
}

TEST_CASE("the forced end is the last token and costs nothing") {
  for (const std::int64_t num_beams : {1, 3}) {
    SearchOptions options = make_options(num_beams, 4);
    options.rules.forced_eos_id = kEnd;
    options.length_penalty = 0;
    const auto logits = random_logits(2, 9, -50.0f);
    const auto forced = search_one(logits, options);
    REQUIRE(forced.size() == static_cast<std::size_t>(num_beams));
    SearchOptions shorter = make_options(num_beams, 3);
    shorter.length_penalty = 0;
    const auto unforced = search_one(logits, shorter);
    for (std::size_t i = 0; i < forced.size(); ++i) {
      REQUIRE(forced[i].ids.size() == 4);
      REQUIRE(forced[i].ids.back() == kEnd);
      REQUIRE(TokenIds(forced[i].ids.begin(), forced[i].ids.end() - 1) == unforced[i].ids);
      REQUIRE(forced[i].log_probability == Approx(unforced[i].log_probability));
    }
    options.rules.max_length = 1;
    REQUIRE(search_one(logits, options)[0].ids == TokenIds{kEnd});
  }
}

TEST_CASE("bad words are never generated, even where they are the most probable") {
  const NextLogits logits = [](std::int64_t, const TokenIds& ids) {
    return logits_of(ids.size() < 3 ? std::vector<double>{0.01, 0.5, 0.3, 0.19} : std::vector<double>{0.97, 0.01, 0.01, 0.01});
  };
  SearchOptions options = make_options(1, 8);
  REQUIRE(search_one(logits, options)[0].ids == TokenIds{1, 1, 1, 0});
  options.rules.bad_words = {{1}};
  REQUIRE(search_one(logits, options)[0].ids == TokenIds{2, 2, 2, 0});
  options.rules.bad_words = {{1, 1}};  // one 1 is allowed, two in a row are not
  REQUIRE(search_one(logits, options)[0].ids == TokenIds{1, 2, 1, 0});
  options.rules.bad_words = {{1, 2, 1}, {1, 1}};
  REQUIRE(search_one(logits, options)[0].ids == TokenIds{1, 2, 2, 0});
  // Probabilities are not shared out again: p(2) stays 0.3.
  options.rules.bad_words = {{1}};
  REQUIRE(search_one(logits, options)[0].log_probability == Approx(3 * std::log(0.3) + std::log(0.97)));
}

TEST_CASE("any of several ends ends a sentence") {
  const auto logits = random_logits(6, 12, 0.0f);
  SearchOptions options = make_options(3, 9);
  options.rules.eos_ids = {0, 3, 5};
  for (const auto& hypothesis : search_one(logits, options)) {
    const auto is_end = [](std::int64_t id) { return id == 0 || id == 3 || id == 5; };
    REQUIRE(std::find_if(hypothesis.ids.begin(), hypothesis.ids.end() - 1, is_end) == hypothesis.ids.end() - 1);
  }
}

TEST_CASE("a prefix is taken as it is, and counts neither as probability nor as length") {
  const auto logits = random_logits(12, 15, 1.0f);
  const TokenIds prefix{7, 1, 9};
  for (const std::int64_t num_beams : {1, 4}) {
    const SearchOptions options = make_options(num_beams, 10);
    const auto mixed = search(logits, options, {0, 0, 1}, {prefix, {}, {3}});
    for (const auto& hypothesis : mixed[0]) {
      REQUIRE(TokenIds(hypothesis.ids.begin(), hypothesis.ids.begin() + 3) == prefix);
      double log_probability = 0;
      for (std::size_t i = prefix.size(); i < hypothesis.ids.size(); ++i)
        log_probability += log_softmax(logits(0, {hypothesis.ids.begin(), hypothesis.ids.begin() + i}))[hypothesis.ids[i]];
      REQUIRE(hypothesis.log_probability == Approx(log_probability).margin(1e-5));
      REQUIRE(hypothesis.score == Approx(log_probability / static_cast<double>(hypothesis.ids.size() - prefix.size())).margin(1e-5));
    }
    require_equal(mixed[1], search_one(logits, options));
    for (const auto& hypothesis : mixed[2]) REQUIRE(hypothesis.ids.front() == 3);
  }
}

TEST_CASE("the best output forced as a prefix gives itself back") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto logits = random_logits(seed, 15, 1.0f);
    const SearchOptions options = make_options(1, 12);
    const auto free = search_one(logits, options);
    const TokenIds prefix(free[0].ids.begin(), free[0].ids.end() - 1);
    const auto forced = search_one(logits, options, prefix);
    REQUIRE(forced[0].ids == free[0].ids);
    REQUIRE(forced[0].log_probability == Approx(free[0].token_log_probabilities.back()).margin(1e-5));
    REQUIRE(forced[0].token_log_probabilities.size() == forced[0].ids.size());
  }
}

// What comes after a prefix is what a search would find that began there, however improbable the prefix is.
TEST_CASE("after a prefix the search is one that begins there") {
  const TokenIds prefix{7, 1, 9};
  for (std::uint64_t seed = 0; seed < 12; ++seed)
    for (const auto stopping : {EarlyStopping::kFalse, EarlyStopping::kTrue, EarlyStopping::kNever}) {
      const auto logits = random_logits(seed, 15, 1.0f);
      const NextLogits behind = [&](std::int64_t sentence, const TokenIds& ids) {
        TokenIds all = prefix;
        all.insert(all.end(), ids.begin(), ids.end());
        return logits(sentence, all);
      };
      SearchOptions options = make_options(4, 12);
      options.early_stopping = stopping;
      const auto found = search_one(logits, options, prefix);
      options.rules.max_length -= 3;
      const auto expected = search_one(behind, options);
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        REQUIRE(TokenIds(found[i].ids.begin() + 3, found[i].ids.end()) == expected[i].ids);
        REQUIRE(found[i].score == Approx(expected[i].score).margin(1e-5));
      }
    }
}

// p(end) first 0.6, else token 1 with 0.4; then the end for certain. Log-probabilities -0.5108 (length 1) and -0.9163 (length 2).
TEST_CASE("length norms by hand: which of a short and a long sequence wins") {
  const NextLogits logits = [](std::int64_t, const TokenIds& ids) {
    return logits_of(ids.empty() ? std::vector<double>{0.6, 0.4} : std::vector<double>{1.0, 0.0});
  };
  SearchOptions options = make_options(2, 5);
  const auto best = [&](LengthNorm norm, double penalty) {
    options.length_norm = norm;
    options.length_penalty = penalty;
    return search_one(logits, options)[0];
  };
  REQUIRE(best(LengthNorm::kPower, 0.0).ids == TokenIds{0});
  REQUIRE(best(LengthNorm::kPower, 1.0).ids == TokenIds{1, 0});
  REQUIRE(best(LengthNorm::kPower, 1.0).score == Approx(std::log(0.4) / 2));
  REQUIRE(best(LengthNorm::kWu, 1.0).ids == TokenIds{0});  // lp = 1 against 7/6: -0.5108 beats -0.7854
  REQUIRE(best(LengthNorm::kWu, 1.0).score == Approx(std::log(0.6)));
  REQUIRE(best(LengthNorm::kWu, 4.0).ids == TokenIds{1, 0});  // (7/6)^4 = 1.8526: -0.4946
  REQUIRE(best(LengthNorm::kWu, 4.0).score == Approx(std::log(0.4) / std::pow(7.0 / 6.0, 4)));
}

TEST_CASE("length divisors by hand") {
  REQUIRE(length_divisor(LengthNorm::kPower, 9, 0.5) == Approx(3.0));
  REQUIRE(length_divisor(LengthNorm::kPower, 7, 0.0) == 1.0);
  REQUIRE(length_divisor(LengthNorm::kWu, 1, 0.6) == Approx(1.0));
  REQUIRE(length_divisor(LengthNorm::kWu, 7, 1.0) == Approx(2.0));
  REQUIRE(length_divisor(LengthNorm::kWu, 19, 0.5) == Approx(2.0));
}

TEST_CASE("more beams than the vocabulary has tokens") {
  SearchOptions options = make_options(8, 3);
  options.length_penalty = 0;
  const auto logits = random_logits(3, 2);
  require_equal(search_one(logits, options), exhaustive(logits, options));
}

TEST_CASE("a search over no sentence is empty, and NaN logits are refused") {
  REQUIRE(search(random_logits(1, 5), make_options(2, 4), {}).empty());
  const NextLogits broken = [](std::int64_t, const TokenIds&) { return std::vector<float>(5, std::nanf("")); };
  REQUIRE_THROWS_AS(search(broken, make_options(2, 4)), UserError);
}
