// Token ids and scores of transformers' generate for a GPT-2, greedy, with a repetition penalty and with beams:
// tests/fixtures/gpt_generation, made by scripts/make_generation_fixtures.py.
#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>

#include "core/json.h"
#include "inference/beam_search.h"
#include "inference/generation_config.h"
#include "inference/sampling.h"
#include "inference/windowed_decoder.h"

using namespace attend;

namespace {

constexpr double kScoreTolerance = 1e-4;

struct Fixture {
  std::filesystem::path folder = std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures/gpt_generation";
  std::shared_ptr<CausalLanguageModel> model = load_causal_language_model(folder);
  Json content = read_json_file(folder / "cases.json");
  std::vector<TokenIds> prompts = content["prompts"].get<std::vector<TokenIds>>();

  Fixture() { model->eval(); }
};

std::vector<SequenceStart> starts_of(const std::vector<TokenIds>& prompts) {
  std::vector<SequenceStart> starts;
  for (const TokenIds& prompt : prompts) starts.push_back({.prompt = prompt});
  return starts;
}

SearchOptions options_of(const GenerationConfig& config, const Json& stated, const TokenIds& eos_ids) {
  SearchOptions options;
  const std::int64_t min_new_tokens = stated.value("min_new_tokens", std::int64_t{0});
  options.rules = {.eos_ids = config.eos_token_ids.empty() ? eos_ids : config.eos_token_ids,
                   .forced_eos_id = {},
                   .max_length = config.max_new_tokens.value(),
                   .min_length = min_new_tokens > 0 ? min_new_tokens + 1 : 0,
                   .bad_words = config.bad_words_ids};
  options.num_beams = options.n_best = config.num_beams;
  options.length_penalty = config.length_penalty;
  options.early_stopping = config.early_stopping;
  return options;
}

std::vector<std::vector<Hypothesis>> decode(Fixture& fixture, const std::vector<TokenIds>& prompts, const SearchOptions& options,
                                            double repetition_penalty) {
  WindowedDecoder decoder(*fixture.model, {.prompts = prompts,
                                           .rows_per_prompt = options.num_beams,
                                           .max_steps = options.rules.max_length,
                                           .num_ids = fixture.model->vocab_size()});
  if (options.num_beams > 1) return beam_search(decoder, options, starts_of(prompts));
  std::vector<RandomStream> streams(prompts.size(), RandomStream(1, "unused at temperature 0"));
  const SamplingOptions greedy{.penalties = {.repetition = repetition_penalty}, .temperature = 0.0};
  return sample_sequences(decoder, {.search = options, .sampling = greedy, .starts = starts_of(prompts), .streams = streams});
}

}  // namespace

TEST_CASE("greedy search, a repetition penalty and beams give transformers' tokens and scores") {
  Fixture fixture;
  const TokenIds eos_ids{66};
  double worst = 0;
  std::size_t num_sequences = 0;
  for (const auto& expected : fixture.content["cases"]) {
    const std::string name = expected["generation_config"].dump();
    CAPTURE(name);
    const GenerationConfig config = parse_generation_config(expected["generation_config"], name);
    REQUIRE(config.warnings.empty());
    const SearchOptions options = options_of(config, expected["generation_config"], eos_ids);
    const auto found = decode(fixture, fixture.prompts, options, config.repetition_penalty);
    for (std::size_t p = 0; p < fixture.prompts.size(); ++p) {
      CAPTURE(p);
      const auto& hypotheses = expected["hypotheses"][p];
      REQUIRE(found[p].size() == hypotheses.size());
      for (std::size_t i = 0; i < found[p].size(); ++i) {
        REQUIRE(found[p][i].ids == hypotheses[i]["ids"].get<TokenIds>());
        ++num_sequences;
        if (!hypotheses[i]["score"].is_null()) worst = std::max(worst, std::abs(found[p][i].score - hypotheses[i]["score"].get<double>()));
      }
      REQUIRE(decode(fixture, {fixture.prompts[p]}, options, config.repetition_penalty)[0][0].ids == found[p][0].ids);  // by itself
    }
  }
  CAPTURE(worst);
  REQUIRE(worst < kScoreTolerance);
  REQUIRE(num_sequences > 500);
}

TEST_CASE("what is generated with the cache is what is generated without it") {
  Fixture fixture;
  SearchOptions options;
  options.rules = {.eos_ids = {66}, .forced_eos_id = {}, .max_length = 40, .min_length = 0, .bad_words = {}};
  const auto found = decode(fixture, fixture.prompts, options, 1.0);
  const torch::NoGradGuard no_grad;
  for (std::size_t p = 0; p < fixture.prompts.size(); ++p) {
    TokenIds ids = fixture.prompts[p];
    double log_probability = 0;
    for (const std::int64_t cached : found[p][0].ids) {
      const auto last_V = fixture.model->logits(pack_ids({&ids, 1}))[-1].to(torch::kFloat64).log_softmax(0);
      REQUIRE(last_V.argmax().item<std::int64_t>() == cached);
      log_probability += last_V[cached].item<double>();
      ids.push_back(cached);
    }
    REQUIRE(found[p][0].log_probability == Approx(log_probability).margin(1e-4));
  }
}

TEST_CASE("a window that slides reads what a fresh prompt of its newer half would read") {
  Fixture fixture;
  const std::int64_t positions = fixture.model->max_positions();
  SearchOptions options;
  options.rules = {.eos_ids = {}, .forced_eos_id = {}, .max_length = 90, .min_length = 0, .bad_words = {}};
  const auto found = decode(fixture, fixture.prompts, options, 1.0);
  for (std::size_t p = 0; p < fixture.prompts.size(); ++p) {
    TokenIds window = fixture.prompts[p];
    options.rules.max_length = 1;
    for (const std::int64_t expected : found[p][0].ids) {
      if (static_cast<std::int64_t>(window.size()) > positions) window.erase(window.begin(), window.end() - positions / 2);
      REQUIRE(decode(fixture, {window}, options, 1.0)[0][0].ids == TokenIds{expected});
      window.push_back(expected);
    }
  }
}
