#include "apps/commands/bench_text.h"

#include <torch/torch.h>

#include "apps/commands.h"
#include "apps/commands/bench_tools.h"
#include "apps/flags.h"
#include "core/random.h"
#include "models/bert/heads.h"

namespace attend {
namespace {

struct BenchClassifyOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::int64_t batch_size = 8;
  std::int64_t length = 128;
  std::int64_t repeats = 8;
};

constexpr std::int64_t kFirstWord = 5;  // the ids below are special in most vocabularies

struct RandomText {
  std::int64_t sequences, length, vocab_size;
};

TextBatch draw_text(const RandomText& shape, RandomStream& random) {
  TextBatch batch;
  for (std::int64_t i = 0; i < shape.sequences * shape.length; ++i)
    batch.tokens.ids.push_back(kFirstWord +
                               static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(shape.vocab_size - kFirstWord))));
  batch.tokens.lengths.assign(static_cast<std::size_t>(shape.sequences), shape.length);
  batch.type_ids.assign(batch.tokens.ids.size(), 0);
  return batch;
}

MaskedBatch draw_masked(const RandomText& shape, RandomStream& random) {
  MaskedBatch batch{.text = draw_text(shape, random), .masked_positions = {}, .masked_labels = {}, .next_labels = {}};
  for (std::size_t i = 0; i < batch.text.tokens.ids.size(); ++i) {
    if (random.uniform() >= 0.15) continue;
    batch.masked_positions.push_back(static_cast<std::int64_t>(i));
    batch.masked_labels.push_back(batch.text.tokens.ids[i]);
  }
  for (std::int64_t i = 0; i < shape.sequences; ++i) batch.next_labels.push_back(static_cast<std::int64_t>(random.below(2)));
  return batch;
}

/// Classifies one batch of random sequences again and again: prints sequences a second of the median.
int run_bench_classify(const BenchClassifyOptions& options, std::istream&, std::ostream& out) {
  const auto model = load_sequence_classifier(options.model, apply_common_answering(options.common));
  require_positions(options.length, model->max_positions());
  const torch::NoGradGuard no_grad;
  RandomStream random(options.common.seed, "bench");
  const TextBatch batch = draw_text({.sequences = options.batch_size, .length = options.length, .vocab_size = model->vocab_size()}, random);
  for (int i = 0; i < 2; ++i) model->logits(batch);  // the warm-up
  std::vector<double> seconds;
  for (std::int64_t i = 0; i < options.repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    model->logits(batch);
    seconds.push_back(seconds_since(start));
  }
  print_record({{"sequences_per_second", std::round(static_cast<double>(options.batch_size) / median(seconds) * 100) / 100},
                {"milliseconds", std::round(median(seconds) * 1e4) / 10},
                {"peak_memory_mib", std::round(peak_memory_mib())}},
               options.common.json, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_bench_classify(CLI::App& bench) {
  auto options = std::make_shared<BenchClassifyOptions>();
  CLI::App* command = bench.add_subcommand("classify", "Classification of random sequences");
  add_common(*command, options->common, kAnsweringPrecisions);
  command->add_option("--model", options->model, "model folder; needs no tokenizer")->required();
  command->add_option("--batch-size", options->batch_size, "sequences in a batch")->capture_default_str()->check(positive_number());
  command->add_option("--length", options->length, "tokens of a sequence")->capture_default_str()->check(positive_number());
  command->add_option("--repeats", options->repeats, "timed runs; the median counts")->capture_default_str()->check(positive_number());
  command->footer("Examples:\n  attend bench classify --model runs/sentiment --batch-size 8 --length 128");
  set_run(*command, options, run_bench_classify);
}

int bench_train_bert(const BenchTrainOptions& options, std::ostream& out) {
  const auto device = apply_common(options.common);
  if (!options.source.empty() || !options.target.empty())
    throw UserError("--source and --target have no effect with --family bert", "leave them out");
  BertConfig config = bert_preset(options.preset);
  apply_settings(config, options.settings);
  if (config.vocab_size <= kFirstWord) throw UserError("bench train needs to know the vocabulary's size", "add --set vocab_size=30522");
  require_positions(options.length, config.max_positions, "add --set max_positions=" + std::to_string(options.length));
  const auto model = make_bert(config, BertMaskedLanguageModel::NextSentence::kYes, options.common.seed, device);
  RandomStream random(options.common.seed, "bench");
  const BenchSteps<MaskedBatch> steps{
      .draw =
          [&] { return draw_masked({.sequences = options.batch_size, .length = options.length, .vocab_size = config.vocab_size}, random); },
      .mean_loss =
          [&](const MaskedBatch& batch) {
            const MaskedLoss terms = model->loss(batch);
            return terms.words.loss / static_cast<double>(terms.words.num_targets) +
                   terms.next_sentence->loss / static_cast<double>(options.batch_size);
          }};
  time_training(options, *model, steps, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
