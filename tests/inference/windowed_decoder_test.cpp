#include <catch2/catch.hpp>

#include "inference/sampling.h"
#include "inference/windowed_decoder.h"
#include "tests/inference/toy_causal_model.h"

using namespace attend;
using namespace attend::test;

namespace {

constexpr std::int64_t kVocab = 23;

// Samples after each prompt, through a window.
std::vector<std::vector<Hypothesis>> continue_all(ToyCausalModel& model, const std::vector<TokenIds>& prompts, std::int64_t new_tokens,
                                                  std::int64_t samples = 2) {
  model.eval();
  SearchOptions search;
  search.rules.max_length = new_tokens;
  search.n_best = samples;
  std::vector<SequenceStart> starts;
  std::vector<RandomStream> streams;
  for (const auto& prompt : prompts) {
    starts.push_back({.prompt = prompt});
    for (std::int64_t i = 0; i < samples; ++i)
      streams.emplace_back(3, "test", std::initializer_list<std::uint64_t>{prompt.size(), static_cast<std::uint64_t>(i)});
  }
  WindowedDecoder decoder(model, {.prompts = prompts, .rows_per_prompt = samples, .max_steps = new_tokens, .num_ids = kVocab});
  return sample_sequences(decoder, {.search = search, .sampling = {}, .starts = starts, .streams = streams});
}

TokenIds ids_up_to(std::int64_t count) {
  TokenIds ids;
  for (std::int64_t i = 0; i < count; ++i) ids.push_back((i * 7 + 3) % kVocab);
  return ids;
}

}  // namespace

TEST_CASE("a window that slides gives what an endless model gives where that looks back no further") {
  const std::vector<TokenIds> prompts{ids_up_to(5), ids_up_to(1), ids_up_to(40), ids_up_to(8), ids_up_to(7)};
  ToyCausalModel endless(random_context_logits(1, kVocab), kVocab, 1000);
  const auto expected = continue_all(endless, prompts, 50);
  REQUIRE(endless.lengths_a_start.size() == 1);
  for (const std::int64_t positions : {4, 5, 8, 16}) {
    ToyCausalModel model(random_context_logits(1, kVocab), kVocab, positions);
    const auto found = continue_all(model, prompts, 50);
    for (std::size_t p = 0; p < prompts.size(); ++p)
      for (std::size_t i = 0; i < 2; ++i) REQUIRE(found[p][i].ids == expected[p][i].ids);
    REQUIRE(model.lengths_a_start.size() > 1);
  }
}

TEST_CASE("a window drops its older half, and only when it is full") {
  // The logits tell how long the window is: the next token is its length.
  const ContextLogits counting = [](const TokenIds& ids) {
    std::vector<float> logits(kVocab, 0.0f);
    logits[std::min<std::size_t>(ids.size(), kVocab - 1)] = 100.0f;
    return logits;
  };
  ToyCausalModel model(counting, kVocab, 8);
  REQUIRE(continue_all(model, {ids_up_to(3)}, 12, 1)[0][0].ids == TokenIds{3, 4, 5, 6, 7, 8, 4, 5, 6, 7, 8, 4});
  REQUIRE(model.lengths_a_start == std::vector<std::vector<std::int64_t>>{{3}, {4}, {4}});
  // A prompt longer than the positions begins with their newest half; all of one that is as long is read.
  for (const std::int64_t length : {9, 30}) REQUIRE(continue_all(model, {ids_up_to(length)}, 6, 1)[0][0].ids == TokenIds{4, 5, 6, 7, 8, 4});
  REQUIRE(continue_all(model, {ids_up_to(8)}, 1, 1)[0][0].ids == TokenIds{8});
  REQUIRE(continue_all(model, {ids_up_to(8)}, 3, 1)[0][0].ids == TokenIds{8, 4, 5});
  REQUIRE(continue_all(model, {ids_up_to(7)}, 3, 1)[0][0].ids == TokenIds{7, 8, 4});
  // What a row does depends on its own length, not on its neighbours'.
  const auto together = continue_all(model, {ids_up_to(3), ids_up_to(7), ids_up_to(30)}, 12, 1);
  REQUIRE(together[0][0].ids == TokenIds{3, 4, 5, 6, 7, 8, 4, 5, 6, 7, 8, 4});
  REQUIRE(together[1][0].ids == TokenIds{7, 8, 4, 5, 6, 7, 8, 4, 5, 6, 7, 8});
  REQUIRE(together[2][0].ids == TokenIds{4, 5, 6, 7, 8, 4, 5, 6, 7, 8, 4, 5});
}

TEST_CASE("ids beyond the tokenizer's are not there") {
  const ContextLogits padded = [](const TokenIds&) {
    std::vector<float> logits(kVocab + 5, 0.0f);
    for (std::size_t id = kVocab; id < logits.size(); ++id) logits[id] = 50.0f;
    return logits;
  };
  ToyCausalModel model(padded, kVocab + 5, 64);
  const auto found = continue_all(model, {{1}, {2, 3}}, 20);
  for (const auto& hypothesis : found[0]) {
    for (const auto id : hypothesis.ids) REQUIRE(id < kVocab);
    REQUIRE(hypothesis.log_probability == Approx(-20 * std::log(static_cast<double>(kVocab))));
  }
}
