// What a folder's generation_config.json decides of a language model's continuations, and what it cannot.
#include <catch2/catch.hpp>

#include <limits>

#include "core/log.h"
#include "inference/text_generator.h"
#include "inference/text_scorer.h"
#include "tests/inference/byte_tokenizer.h"
#include "tests/inference/toy_causal_model.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"

using namespace attend;
using namespace attend::test;
using Catch::Contains;

namespace {

constexpr std::int64_t kVocab = 257, kPositions = 64;

// Any byte, "a" somewhat more often.
std::vector<float> flat(const TokenIds&) {
  std::vector<float> logits(kVocab, 0.0f);
  logits['a'] = 1.0f;
  return logits;
}

struct Toy {
  std::shared_ptr<ToyCausalModel> model;
  TextGenerator generator;

  explicit Toy(GenerationConfig config, ContextLogits next = flat)
      : model(std::make_shared<ToyCausalModel>(std::move(next), kVocab, kPositions)),
        generator(model, byte_tokenizer(), std::move(config)) {}

  std::vector<Continuation> run(const std::string& text, const GenerateOptions& options) const {
    const Prompt prompt{.ids = generator.encode(text), .number = 1, .name = "line 1"};
    return generator.generate({.prompts = std::span(&prompt, 1)}, options)[0];
  }
};

std::vector<TokenIds> ids_of(const std::vector<Continuation>& continuations) {
  std::vector<TokenIds> ids;
  for (const Continuation& continuation : continuations) ids.push_back(continuation.ids);
  return ids;
}

}  // namespace

TEST_CASE("a forced end that the tokenizer does not have is refused") {
  for (const std::int64_t id : {std::int64_t{-1}, std::int64_t{257}, std::int64_t{1'000'000'000}}) {
    GenerationConfig config;
    config.forced_eos_token_id = id;
    CHECK_THAT(refusal_of([&] { Toy toy(config); }), Contains("force token id " + std::to_string(id)) && Contains("257 ids"));
  }
  GenerationConfig config;
  config.forced_eos_token_id = 'z';
  CHECK(Toy(config).run("x", {.max_new_tokens = 3})[0].ids.back() == 'z');
}

TEST_CASE("the folder's sampling settings hold whether or not it says do_sample") {
  GenerationConfig config;
  config.states_sampling = true;
  config.top_k = 1;
  const TokenIds best = Toy(config).run("x", {.max_new_tokens = 20})[0].ids;
  CHECK(best == TokenIds(20, 'a'));
  config.states_sampling = false;  // then nothing was said of top_k
  const TokenIds ids = Toy(config).run("x", {.max_new_tokens = 20})[0].ids;
  CHECK(std::count(ids.begin(), ids.end(), 'a') < 10);
}

TEST_CASE("the folder's fewest new tokens hold, and give way to the flag") {
  GenerationConfig config;
  config.eos_token_ids = {'a'};
  config.min_new_tokens = 5;
  CHECK(Toy(config).run("x", {.max_new_tokens = 20, .temperature = 0.0})[0].ids.size() == 6);
  CHECK(Toy(config).run("x", {.max_new_tokens = 20, .min_new_tokens = 2, .temperature = 0.0})[0].ids.size() == 3);
  CHECK(Toy(config).run("x", {.max_new_tokens = 3, .temperature = 0.0})[0].ids.size() == 3);  // as many as there may be
}

TEST_CASE("a bad word whose beginning ends the prompt is not completed, sampling or searching") {
  GenerationConfig config;
  const auto first = [&](const std::string& prompt, const GenerateOptions& options) {
    return Toy(config).run(prompt, options)[0].ids.front();
  };
  const GenerateOptions greedy{.max_new_tokens = 1, .temperature = 0.0}, beams{.max_new_tokens = 1, .beam = 2};
  for (const GenerateOptions& options : {greedy, beams}) {
    config.bad_words_ids = {{'x', 'y', 'a'}};
    CHECK(first("xy", options) != 'a');
    CHECK(first("zxy", options) != 'a');
    CHECK(first("y", options) == 'a');  // too short to hold the beginning
    CHECK(first("xyz", options) == 'a');
  }
  // The beginning stands partly in the prompt and partly in the text.
  config.bad_words_ids = {{'x', 'a', 'a'}};
  CHECK(Toy(config).run("x", {.max_new_tokens = 2, .temperature = 0.0})[0].ids.front() == 'a');
  CHECK(Toy(config).run("x", {.max_new_tokens = 2, .temperature = 0.0})[0].ids.back() != 'a');
}

TEST_CASE("a bad word that the model lacks is refused") {
  GenerationConfig config;
  config.bad_words_ids = {{'a', kVocab}};
  CHECK_THAT(refusal_of([&] { Toy toy(config); }), Contains("bad_words_ids names token id 257"));
}

TEST_CASE("what the folder's beams do not go with says where the beams come from") {
  GenerationConfig config;
  config.num_beams = 4;
  const Toy toy(config);
  CHECK_THAT(refusal_of([&] { toy.run("x", {.repetition_penalty = 1.2}); }), Contains("give --beam 1, or no penalties"));
  CHECK_THAT(refusal_of([&] { toy.run("x", {.context = ContextPolicy::kSlide}); }),
             Contains("generation_config.json") && Contains("--beam 1"));
  CHECK_THAT(refusal_of([&] { toy.run("x", {.beam = 4, .context = ContextPolicy::kSlide}); }), Contains("leave one of the two out"));
}

TEST_CASE("samples that are more than the budget takes are drawn in parts, and are the same ones") {
  const Toy toy{GenerationConfig()};
  const auto all = ids_of(toy.run("some text", {.max_new_tokens = 10, .samples = 7}));
  CHECK(all.size() == 7);
  for (const std::int64_t budget : {1, 40, 60})
    CHECK(ids_of(toy.run("some text", {.max_new_tokens = 10, .samples = 7, .batch_tokens = budget})) == all);
}

TEST_CASE("a prompt longer than the model's positions is cut, and that is part of its answer") {
  const Toy toy{GenerationConfig()};
  const auto warnings = [&](std::size_t length) { return toy.run(std::string(length, 'x'), {.max_new_tokens = 2})[0].warnings; };
  REQUIRE(warnings(kPositions + 1).size() == 1);
  CHECK_THAT(warnings(kPositions + 1)[0], Contains("has 65 tokens") && Contains("its last 32 are read"));
  CHECK(warnings(kPositions).empty());
}

TEST_CASE("scores that are no numbers are refused") {
  const auto broken = std::make_shared<ToyCausalModel>(
      [](const TokenIds&) { return std::vector<float>(kVocab, std::numeric_limits<float>::quiet_NaN()); }, kVocab, kPositions);
  const TextScorer scorer(broken, byte_tokenizer());
  const std::vector<std::string> texts{"some"};
  CHECK_THAT(refusal_of([&] { scorer.score(texts); }), Contains("is not a number"));
}
