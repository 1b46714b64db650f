#include "apps/commands/bench.h"

#include <algorithm>
#include <numeric>
#include <sstream>

#include <torch/torch.h>

#include "apps/commands.h"
#include "apps/commands/bench_causal.h"
#include "apps/commands/bench_text.h"
#include "apps/commands/bench_tools.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "core/json.h"
#include "core/random.h"
#include "core/text.h"
#include "inference/beam_search.h"
#include "inference/generation_config.h"
#include "models/layers/recompute.h"
#include "models/lstm/model.h"
#include "models/transformer/model.h"
#include "training/optimizer.h"

namespace attend {
namespace {

using Sentences = std::vector<std::vector<std::int64_t>>;

// The ids of each line and the end of sentence.
Sentences read_ids(const std::filesystem::path& path, std::int64_t eos_id, std::int64_t vocab_size) {
  Sentences sentences;
  LineReader reader(path);
  std::string line;
  while (reader.next(line)) {
    std::istringstream words(line);
    std::vector<std::int64_t> ids;
    for (std::string word; words >> word;) {
      std::int64_t id = -1;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
      if (error != std::errc() || end != word.data() + word.size() || id < 0 || (vocab_size > 0 && id >= vocab_size))
        throw UserError(path.string() + ", line " + std::to_string(reader.line_number()) + ": '" + excerpt(word) + "' is not a token id" +
                        (vocab_size > 0 ? " below " + std::to_string(vocab_size) : ""));
      ids.push_back(id);
    }
    ids.push_back(eos_id);
    sentences.push_back(std::move(ids));
  }
  if (sentences.empty()) throw UserError(path.string() + " is empty; expected a sentence of token ids a line");
  return sentences;
}

PackedIds pack(const Sentences& sentences, const std::vector<std::size_t>& chosen) {
  PackedIds packed;
  for (const std::size_t index : chosen) {
    packed.ids.insert(packed.ids.end(), sentences[index].begin(), sentences[index].end());
    packed.lengths.push_back(static_cast<std::int64_t>(sentences[index].size()));
  }
  return packed;
}

template <class Config>
Config bench_sizes(Config config, const BenchTrainOptions& options) {
  config.dropout = 0.1;
  apply_settings(config, options.settings);
  if (config.vocab_size == 0) throw UserError("bench train needs to know the vocabulary's size", "add --set vocab_size=8000");
  ++config.vocab_size;  // and padding
  config.pad_id = config.decoder_start_id = config.vocab_size - 1;
  return config;
}

}  // namespace

void add_bench(CLI::App& app) {
  auto* command = app.add_subcommand("bench", "Measure the speed of training, translating, classifying, generating and tokenizing");
  command->require_subcommand(1);

  auto train = std::make_shared<BenchTrainOptions>();
  auto* train_command = command->add_subcommand(
      "train", "Training steps of a Transformer or an LSTM on sentences of token ids, or of BERT or GPT on random ones");
  add_common(*train_command, train->common, kTrainingPrecisions);
  add_field_flag(*train_command, "--family", train->family,
                 "transformer, lstm: sentence pairs; bert: masked words and next sentences; gpt: next tokens");
  train_command->add_option("--source", train->source, "token ids, a sentence a line");
  train_command->add_option("--target", train->target, "token ids, a sentence a line");
  train_command->add_option("--length", train->length, "tokens of bert's and gpt's random sequences")
      ->capture_default_str()
      ->check(positive_number());
  train_command->add_option("--preset", train->preset, "sizes of the model")->capture_default_str();
  train_command->add_option("--set", train->settings, "field=value of the model's configuration; vocab_size is needed");
  train_command->add_option("--batch-size", train->batch_size, "sentence pairs, or sequences, a step")
      ->capture_default_str()
      ->check(positive_number());
  train_command->add_option("--steps", train->steps, "steps, the warm-up quarter included")
      ->capture_default_str()
      ->check(positive_number());
  add_field_flag(*train_command, "--recompute", train->recompute, "compute the inside of each block again going backward, as in pretrain");
  train_command->footer(
      "Examples:\n"
      "  attend bench train --source train.de.ids --target train.en.ids --set vocab_size=8000\n"
      "  attend bench train --family bert --preset mini --set vocab_size=30522 --batch-size 16 --length 128");
  set_run(*train_command, train, run_bench_train);

  auto translate = std::make_shared<BenchTranslateOptions>();
  auto* translate_command = command->add_subcommand("translate", "Beam search over sentences of token ids");
  add_common(*translate_command, translate->common, kAnsweringPrecisions);
  translate_command->add_option("--model", translate->model, "model folder; needs no tokenizer")->required();
  translate_command->add_option("--ids", translate->ids, "token ids, a sentence a line")->required();
  translate_command->add_option("--beam,--beam-size", translate->beam, "beams; 1 is greedy")
      ->capture_default_str()
      ->check(positive_number());
  translate_command->add_option("--min-length", translate->min_length, "fewest target tokens")->capture_default_str();
  translate_command->add_option("--max-length", translate->max_length, "most target tokens")
      ->capture_default_str()
      ->check(positive_number());
  translate_command->add_option("--batch-tokens", translate->batch_tokens, "source tokens x beams in a batch")->capture_default_str();
  translate_command->add_option("--repeats", translate->repeats, "timed runs; the median counts")
      ->capture_default_str()
      ->check(positive_number());
  translate_command->footer(
      "Examples:\n  attend bench translate --model runs/de-en --ids test.de.ids --beam 4 --min-length 20 --max-length 20");
  set_run(*translate_command, translate, run_bench_translate);

  add_bench_classify(*command);
  add_bench_generate(*command);
  add_bench_tokenize(*command);
  add_bench_attention(*command);
}

int run_bench_train(const BenchTrainOptions& options, std::istream&, std::ostream& out) {
  const Recompute recompute(options.recompute);
  if (options.family == BenchFamily::kBert) return bench_train_bert(options, out);
  if (options.family == BenchFamily::kGpt) return bench_train_gpt(options, out);
  if (options.source.empty() || options.target.empty()) throw UserError("bench train needs sentences", "give --source and --target");
  const auto device = apply_common(options.common);
  const auto model = options.family == BenchFamily::kLstm
                         ? make_lstm(bench_sizes(lstm_preset(options.preset), options), options.common.seed, device)
                         : make_transformer(bench_sizes(transformer_preset(options.preset), options), options.common.seed, device);
  const TokenRoles roles = model->token_roles();
  const auto sources = read_ids(options.source, roles.eos, roles.pad), targets = read_ids(options.target, roles.eos, roles.pad);
  if (sources.size() != targets.size())
    throw UserError(options.source.string() + " has " + std::to_string(sources.size()) + " lines, " + options.target.string() + " has " +
                    std::to_string(targets.size()));
  Optimizer optimizer(*model, {.kind = OptimizerKind::kAdamW, .weight_decay = 0.01, .clip = 1.0});
  RandomStream random(options.common.seed, "bench");
  std::vector<double> seconds;
  std::int64_t tokens = 0;
  double loss = 0, timed = 0;
  for (std::int64_t step = 0; step < options.steps; ++step) {
    std::vector<std::size_t> chosen;
    for (std::int64_t i = 0; i < options.batch_size; ++i) chosen.push_back(random.below(sources.size()));
    const auto start = std::chrono::steady_clock::now();
    const PairBatch batch{.source = pack(sources, chosen), .target = pack(targets, chosen)};
    const SummedLoss summed = [&] {
      const Autocast autocast = forward_precision(options.common, *model);
      return model->loss(batch, 0.1);
    }();
    const auto mean = summed.loss / static_cast<double>(summed.num_targets);
    mean.backward();
    optimizer.step(1e-4, optimizer.gradient_norm().item<double>());
    optimizer.clear_gradients();
    loss = mean.item<double>();
    if (step < options.steps / 4) continue;
    seconds.push_back(seconds_since(start));
    timed += seconds.back();
    tokens += static_cast<std::int64_t>(batch.source.ids.size() + batch.target.ids.size());
  }
  print_record({{"tokens_per_second", std::round(static_cast<double>(tokens) / timed)},
                {"milliseconds_per_step", std::round(median(seconds) * 1e4) / 10},
                {"parameters", optimizer.num_parameters()},
                {"loss", loss},
                {"peak_memory_mib", std::round(peak_memory_mib())}},
               options.common.json, out);
  return static_cast<int>(ExitCode::kDone);
}

int run_bench_translate(const BenchTranslateOptions& options, std::istream&, std::ostream& out) {
  const auto model = load_seq2seq(options.model, apply_common_answering(options.common));
  const auto generation = read_generation_config(options.model, model->token_roles());
  tell_folder(generation.warnings);
  const auto roles = model->token_roles();
  auto sources = read_ids(options.ids, roles.eos, model->source_vocab_size());
  std::stable_sort(sources.begin(), sources.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  const SearchOptions search{.rules = {.eos_ids = {roles.eos},
                                       .forced_eos_id = generation.forced_eos_token_id,
                                       .max_length = options.max_length,
                                       .min_length = options.min_length,
                                       .bad_words = {{roles.pad}}},
                             .num_beams = options.beam};
  const auto translate_all = [&] {
    std::int64_t tokens = 0;
    for (std::size_t begin = 0; begin < sources.size();) {
      std::vector<std::size_t> chosen;
      for (std::int64_t total = 0; begin < sources.size(); ++begin) {
        total += static_cast<std::int64_t>(sources[begin].size()) * options.beam;
        if (!chosen.empty() && total > options.batch_tokens) break;
        chosen.push_back(begin);
      }
      const auto decoder = model->start_decoding(pack(sources, chosen), options.beam, options.max_length);
      const std::vector<SequenceStart> starts(chosen.size(), {.prompt = {roles.decoder_start}});
      for (const auto& hypotheses : beam_search(*decoder, search, starts))
        tokens += static_cast<std::int64_t>(hypotheses.front().ids.size());
    }
    return tokens;
  };
  std::int64_t tokens = translate_all();  // the warm-up
  std::vector<double> seconds;
  for (std::int64_t i = 0; i < options.repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    tokens = translate_all();
    seconds.push_back(seconds_since(start));
  }
  const double typical = median(seconds);
  print_record({{"sentences_per_second", std::round(static_cast<double>(sources.size()) / typical * 100) / 100},
                {"target_tokens_per_second", std::round(static_cast<double>(tokens) / typical)},
                {"seconds", typical},
                {"target_tokens", tokens},
                {"peak_memory_mib", std::round(peak_memory_mib())}},
               options.common.json, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
