// Token ids and scores of transformers' generate, for greedy and beam search: tests/fixtures/marian_tiny_beam, made by
// scripts/make_beam_fixtures.py.
#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>

#include "core/json.h"
#include "inference/beam_search.h"
#include "inference/generation_config.h"
#include "models/interfaces.h"

using namespace attend;

namespace {

// Worst measured: 3.2e-5, of a score near 40 (a negative length penalty); the sums of two float32 searches differ by so much.
constexpr double kScoreTolerance = 1e-4;

SearchOptions options_of(const GenerationConfig& config, const TokenRoles& roles) {
  SearchOptions options;
  options.rules = {.eos_ids = config.eos_token_ids.empty() ? TokenIds{roles.eos} : config.eos_token_ids,
                   .forced_eos_id = config.forced_eos_token_id,
                   .max_length = config.max_length.value(),
                   .min_length = config.min_length,
                   .bad_words = config.bad_words_ids};
  options.num_beams = options.n_best = config.num_beams;
  options.length_penalty = config.length_penalty;
  options.early_stopping = config.early_stopping;
  return options;
}

PackedIds pack(const std::vector<TokenIds>& sentences) {
  PackedIds packed;
  for (const auto& ids : sentences) {
    packed.ids.insert(packed.ids.end(), ids.begin(), ids.end());
    packed.lengths.push_back(static_cast<std::int64_t>(ids.size()));
  }
  return packed;
}

std::vector<std::vector<Hypothesis>> decode(Seq2SeqModel& model, const std::vector<TokenIds>& sources, const SearchOptions& options) {
  const auto decoder = model.start_decoding(pack(sources), options.num_beams, options.rules.max_length);
  return beam_search(*decoder, options, std::vector<SequenceStart>(sources.size(), {.prompt = {model.token_roles().decoder_start}}));
}

}  // namespace

TEST_CASE("greedy and beam search give transformers' token ids and scores") {
  const std::filesystem::path folder = std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures/marian_tiny_beam";
  const auto model = load_seq2seq(folder);
  model->eval();
  const Json fixture = read_json_file(folder / "cases.json");
  const auto sources = fixture["sources"].get<std::vector<TokenIds>>();
  double worst = 0;
  std::size_t num_sequences = 0;
  for (const auto& expected : fixture["cases"]) {
    const std::string name = expected["generation_config"].dump();
    CAPTURE(name);
    std::vector<std::string> unsupported;
    const GenerationConfig config = parse_generation_config(expected["generation_config"], name, unsupported);
    REQUIRE(unsupported.empty());
    const SearchOptions options = options_of(config, model->token_roles());
    const auto found = decode(*model, sources, options);
    for (std::size_t s = 0; s < sources.size(); ++s) {
      CAPTURE(s);
      const auto& hypotheses = expected["hypotheses"][s];
      REQUIRE(found[s].size() == hypotheses.size());
      for (std::size_t i = 0; i < found[s].size(); ++i) {
        REQUIRE(found[s][i].ids == hypotheses[i]["ids"].get<TokenIds>());
        ++num_sequences;
        if (hypotheses[i]["score"].is_null()) continue;
        worst = std::max(worst, std::abs(found[s][i].score - hypotheses[i]["score"].get<double>()));
      }
      // A sentence by itself gives the same answer.
      if (s % 3 == 0) REQUIRE(decode(*model, {sources[s]}, options)[0][0].ids == found[s][0].ids);
    }
  }
  CAPTURE(worst);
  REQUIRE(worst < kScoreTolerance);
  REQUIRE(num_sequences > 1000);
}

TEST_CASE("the folder's own generation_config.json is read") {
  const std::filesystem::path folder = std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures/marian_tiny_beam";
  const GenerationConfig config = read_generation_config(folder, {.pad = 66, .eos = 0, .decoder_start = 66});
  REQUIRE(config.num_beams == 4);
  REQUIRE(config.max_length == 32);  // the file's 33 count the start
  REQUIRE(config.length_penalty == 0.8);
  REQUIRE(config.early_stopping == EarlyStopping::kTrue);
  REQUIRE(config.bad_words_ids == std::vector<TokenIds>{{66}});
  REQUIRE(config.forced_eos_token_id == 0);
}
