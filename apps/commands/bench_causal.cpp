#include "apps/commands/bench_causal.h"

#include <torch/torch.h>

#include "apps/commands.h"
#include "apps/commands/bench_tools.h"
#include "apps/flags.h"
#include "core/random.h"
#include "models/gpt/heads.h"

namespace attend {
namespace {

struct BenchGenerateOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::int64_t prompt_length = 32;
  std::int64_t new_tokens = 64;
  std::int64_t repeats = 3;
};

struct RandomText {
  std::int64_t sequences, length, vocab_size;
};

PackedIds draw_tokens(const RandomText& shape, RandomStream& random) {
  PackedIds tokens;
  for (std::int64_t i = 0; i < shape.sequences * shape.length; ++i)
    tokens.ids.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(shape.vocab_size))));
  tokens.lengths.assign(static_cast<std::size_t>(shape.sequences), shape.length);
  return tokens;
}

CausalBatch draw_batch(const RandomText& shape, RandomStream& random) {
  CausalBatch batch{.tokens = draw_tokens(shape, random), .targets = {}};
  batch.targets.assign(batch.tokens.ids.begin() + 1, batch.tokens.ids.end());
  batch.targets.push_back(CausalBatch::kNoTarget);
  for (std::int64_t end = shape.length; end < shape.sequences * shape.length; end += shape.length)
    batch.targets[end - 1] = CausalBatch::kNoTarget;
  return batch;
}

// Greedy search as a caller of StepDecoder writes it; the decoder reads the prompt when it is made.
std::vector<std::int64_t> continue_greedily(CausalLanguageModel& model, const PackedIds& prompt, std::int64_t new_tokens) {
  const auto decoder = model.start_decoding(prompt, /*rows_per_prompt=*/1, new_tokens);
  std::vector<std::int64_t> ids;
  std::int64_t last = prompt.ids.back();
  for (std::int64_t i = 0; i < new_tokens; ++i) {
    last = decoder->step(std::span(&last, 1)).argmax(1).item<std::int64_t>();
    ids.push_back(last);
  }
  return ids;
}

/// Continues one random prompt greedily again and again, reading it included: prints new tokens a second of the median.
int run_bench_generate(const BenchGenerateOptions& options, std::istream&, std::ostream& out) {
  const auto model = load_causal_language_model(options.model, apply_common_answering(options.common));
  if (options.prompt_length - 1 + options.new_tokens > model->max_positions())
    throw UserError("--prompt-length " + std::to_string(options.prompt_length) + " and --max-new-tokens " +
                    std::to_string(options.new_tokens) + " need " + std::to_string(options.prompt_length - 1 + options.new_tokens) +
                    " positions; the model has " + std::to_string(model->max_positions()));
  RandomStream random(options.common.seed, "bench");
  const PackedIds prompt = draw_tokens({.sequences = 1, .length = options.prompt_length, .vocab_size = model->vocab_size()}, random);
  continue_greedily(*model, prompt, std::min<std::int64_t>(4, options.new_tokens));  // the warm-up
  std::vector<double> seconds;
  for (std::int64_t i = 0; i < options.repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    continue_greedily(*model, prompt, options.new_tokens);
    seconds.push_back(seconds_since(start));
  }
  print_record({{"tokens_per_second", std::round(static_cast<double>(options.new_tokens) / median(seconds) * 100) / 100},
                {"milliseconds_per_token", std::round(median(seconds) / static_cast<double>(options.new_tokens) * 1e5) / 100},
                {"peak_memory_mib", std::round(peak_memory_mib())}},
               options.common.json, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_bench_generate(CLI::App& bench) {
  auto options = std::make_shared<BenchGenerateOptions>();
  CLI::App* command = bench.add_subcommand("generate", "Greedy continuation of one random prompt");
  add_common(*command, options->common, kAnsweringPrecisions);
  command->add_option("--model", options->model, "model folder; needs no tokenizer")->required();
  command->add_option("--prompt-length", options->prompt_length, "tokens of the prompt")->capture_default_str()->check(positive_number());
  command->add_option("--max-new-tokens", options->new_tokens, "tokens written")->capture_default_str()->check(positive_number());
  command->add_option("--repeats", options->repeats, "timed runs; the median counts")->capture_default_str()->check(positive_number());
  command->footer("Examples:\n  attend bench generate --model runs/gpt --prompt-length 32 --max-new-tokens 64");
  set_run(*command, options, run_bench_generate);
}

int bench_train_gpt(const BenchTrainOptions& options, std::ostream& out) {
  const auto device = apply_common(options.common);
  if (!options.source.empty() || !options.target.empty())
    throw UserError("--source and --target have no effect with --family gpt", "leave them out");
  if (options.length < 2) throw UserError("--length is 1; a sequence needs a token and its successor");
  GptConfig config = gpt_preset(options.preset);
  apply_settings(config, options.settings);
  if (config.vocab_size == 0) throw UserError("bench train needs to know the vocabulary's size", "add --set vocab_size=50257");
  require_positions(options.length, config.max_positions, "add --set max_positions=" + std::to_string(options.length));
  const auto model = make_gpt(config, options.common.seed, device);
  RandomStream random(options.common.seed, "bench");
  const BenchSteps<CausalBatch> steps{
      .draw =
          [&] { return draw_batch({.sequences = options.batch_size, .length = options.length, .vocab_size = config.vocab_size}, random); },
      .mean_loss =
          [&](const CausalBatch& batch) {
            const SummedLoss summed = model->loss(batch);
            return summed.loss / static_cast<double>(summed.num_targets);
          }};
  time_training(options, *model, steps, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
