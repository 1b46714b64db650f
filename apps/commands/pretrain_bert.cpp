#include "apps/commands/pretrain_bert.h"

#include <memory>

#include "apps/command.h"
#include "apps/flags.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "models/bert/heads.h"
#include "tokenizers/wordpiece_trainer.h"

namespace attend {
namespace {

constexpr std::int64_t kVocabSize = 8000;

/// The folder inside the output that holds the run's tokenizer, complete or absent: made on the first start, found again on resuming.
std::filesystem::path prepare_tokenizer(const PretrainBertOptions& options) {
  const auto folder = options.run.output / "tokenizer";
  if (!options.tokenizer.empty() && (options.vocab_size || options.cased))
    throw UserError("--vocab-size and --cased have no effect with --tokenizer", "leave them out, or leave --tokenizer out to learn one");
  if (options.run.resume && folder_is_complete(folder, CheckHashes::kYes)) return folder;
  write_folder_atomically(folder, [&](const std::filesystem::path& unfinished) {
    if (!options.tokenizer.empty()) {
      WordPieceTokenizer(options.tokenizer).save(unfinished);
      return;
    }
    log_info("learning a vocabulary from " + options.train.front().string() +
             (options.train.size() > 1 ? " and " + std::to_string(options.train.size() - 1) + " more" : ""));
    train_wordpiece_tokenizer({.files = options.train,
                               .vocabulary = {.vocab_size = options.vocab_size.value_or(kVocabSize)},
                               .casing = options.cased ? Casing::kKeep : Casing::kLower},
                              unfinished);
  });
  return folder;
}

BertConfig make_config(const PretrainBertOptions& options, const WordPieceTokenizer& tokenizer) {
  BertConfig config = bert_preset(options.preset);
  for (const std::string& setting : options.settings) {
    for (const char* field : {"vocab_size", "pad_id"})
      if (setting.starts_with(std::string(field) + "="))
        throw UserError("--set " + setting + " has no effect: the tokenizer decides it", "leave it out");
    if (setting.starts_with("dropout=") && options.dropout) throw UserError("both --dropout and --set dropout are given", "leave one out");
  }
  apply_settings(config, options.settings);
  if (options.dropout) config.dropout = *options.dropout;
  config.vocab_size = tokenizer.vocab_size();
  config.pad_id = tokenizer.pad_id();
  config.validate();
  return config;
}

void add_flags(CLI::App& command, PretrainBertOptions& options) {
  command.add_option("--train", options.train, "training text, a sentence a line, a blank line between documents; several files")
      ->required();
  command.add_option("--valid", options.valid, "validation text; without it the last model is kept, not the best");
  std::string presets;
  for (const std::string& name : bert_preset_names()) presets += (presets.empty() ? "" : "|") + name;
  command.add_option("--preset", options.preset, "sizes of the model: the published ones")->type_name(presets)->capture_default_str();
  command.add_option("--set", options.settings, "field=value: any field of the model's configuration")->type_name("FIELD=VALUE");
  command.add_option_function<double>(
      "--dropout", [&options](double value) { options.dropout = value; }, "dropout of the model");
  command.add_option("--tokenizer", options.tokenizer,
                     "folder with a WordPiece tokenizer; without it one is learnt from the training text");
  command.add_option_function<std::int64_t>(
      "--vocab-size", [&options](std::int64_t value) { options.vocab_size = value; },
      "ids of a learnt tokenizer, at most [" + std::to_string(kVocabSize) + "]");
  command.add_flag("--cased", options.cased, "a learnt tokenizer keeps case and accents");
  add_config_flags(
      command, options.masked,
      {.group = "Masked language", .aliases = {{"max_length", "--max-seq-length"}, {"mask_probability", "--mlm-probability"}}});
  add_training_run(command, options.run);
}

}  // namespace

PretrainBertOptions::PretrainBertOptions() {
  TrainingOptions& training = run.training;
  training.learning_rate = 5e-4;
  training.schedule = ScheduleKind::kLinear;
  training.warmup_steps = 500;
  training.optimizer = OptimizerKind::kAdamW;
  training.beta2 = 0.999;
  training.epsilon = 1e-6;
  training.weight_decay = 0.01;
}

void add_pretrain_bert(CLI::App& pretrain) {
  auto options = std::make_shared<PretrainBertOptions>();
  CLI::App* command = pretrain.add_subcommand("bert", "BERT (Devlin et al. 2019): masked words and next sentences, from plain text");
  add_flags(*command, *options);
  command->footer(
      "Examples:\n"
      "  attend pretrain bert --train text.txt --valid valid.txt --preset mini --steps 20000 --output runs/bert\n"
      "  attend pretrain bert --train prose.txt --split-sentences --cased --vocab-size 16000 --max-minutes 60 --output runs/cased\n"
      "  attend pretrain bert --config runs/bert/run.toml --resume");
  set_run(*command, options, run_pretrain_bert);
}

int run_pretrain_bert(const PretrainBertOptions& given, std::istream&, std::ostream& out) {
  PretrainBertOptions options = given;
  std::vector<InputFile> files;
  for (const auto& file : options.train) files.push_back({"--train", file});
  for (const auto& file : options.valid) files.push_back({"--valid", file});
  const torch::Device device = begin_training(options.run, options.valid.empty() ? Validation::kAbsent : Validation::kPresent, files);
  const auto tokenizer = std::make_shared<const WordPieceTokenizer>(prepare_tokenizer(options));
  const BertConfig config = make_config(options, *tokenizer);

  MaskedLanguageSetup setup;
  setup.model = make_bert(
      config, options.masked.next_sentence ? BertMaskedLanguageModel::NextSentence::kYes : BertMaskedLanguageModel::NextSentence::kNo,
      options.run.training.seed, device);
  setup.tokenizer = tokenizer;
  setup.train = options.train;
  setup.valid = options.valid;
  setup.cache = options.run.output / "data";
  const TrainingOptions& training = options.run.training;
  setup.budget = training.batch_size > 0 ? BatchBudget{.sequences = training.batch_size} : BatchBudget{.tokens = training.batch_tokens};
  setup.seed = training.seed;
  setup.options = options.masked;
  setup.settings["device"] = options.run.common.device;
  setup.settings["preset"] = options.preset;
  if (!options.settings.empty()) setup.settings["set"] = options.settings;
  if (options.dropout) setup.settings["dropout"] = *options.dropout;
  if (!options.tokenizer.empty()) setup.settings["tokenizer"] = options.tokenizer.string();
  if (options.vocab_size) setup.settings["vocab_size"] = *options.vocab_size;
  if (options.cased) setup.settings["cased"] = true;
  MaskedLanguageObjective objective(std::move(setup));
  return static_cast<int>(train(options.run, objective, "attend pretrain bert", out).code);
}

}  // namespace attend
