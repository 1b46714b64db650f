#include "apps/commands/pretrain_transformer.h"

#include <algorithm>
#include <memory>

#include "apps/command.h"
#include "apps/flags.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "models/transformer/config.h"
#include "models/transformer/model.h"
#include "tokenizers/sentencepiece_trainer.h"

namespace attend {
namespace {

constexpr std::int64_t kVocabSize = 8000;
constexpr std::int64_t kLongestTranslation = 255;  // what generation_config.json says; enough for any sentence

/// The folder inside the output that holds the run's tokenizer, complete or absent: made on the first start, found again on resuming.
std::filesystem::path prepare_tokenizer(const PretrainTransformerOptions& options) {
  const auto folder = options.run.output / "tokenizer";
  if (!options.tokenizer.empty() && (options.vocab_size || !options.tokenizer_model.empty()))
    throw UserError("--vocab-size and --tokenizer-model have no effect with --tokenizer",
                    "leave them out, or leave --tokenizer out to learn one");
  if (options.run.resume && folder_is_complete(folder, CheckHashes::kYes)) return folder;
  write_folder_atomically(folder, [&](const std::filesystem::path& unfinished) {
    if (!options.tokenizer.empty()) {
      const MarianTokenizer checked(options.tokenizer);  // refuses what cannot be read before anything is copied
      copy_tokenizer_files(options.tokenizer, unfinished);
      return;
    }
    VocabularyConfig vocabulary{.vocab_size = options.vocab_size.value_or(kVocabSize)};
    if (!options.tokenizer_model.empty()) {
      const auto model = enum_from_name<PieceModel>(options.tokenizer_model);
      if (!model) throw UserError("--tokenizer-model is '" + options.tokenizer_model + "'; expected " + enum_choices<PieceModel>());
      vocabulary.model = *model;
    }
    log_info("learning a vocabulary from " + options.data.files.train_source.string() + " and " + options.data.files.train_target.string());
    train_marian_tokenizer({.source_files = {options.data.files.train_source},
                            .target_files = {options.data.files.train_target},
                            .sides = Sides::kJoint,
                            .vocabulary = vocabulary,
                            .source_language = "",
                            .target_language = ""},
                           unfinished);
  });
  return folder;
}

TransformerConfig make_config(const PretrainTransformerOptions& options, const MarianTokenizer& tokenizer) {
  TransformerConfig config = transformer_preset(options.preset);
  for (const std::string& setting : options.settings) {
    for (const char* field : {"vocab_size", "pad_id", "eos_id", "decoder_start_id"})
      if (setting.starts_with(std::string(field) + "="))
        throw UserError("--set " + setting + " has no effect: the tokenizer decides it", "leave it out");
    if (setting.starts_with("dropout=") && options.dropout) throw UserError("both --dropout and --set dropout are given", "leave one out");
  }
  apply_settings(config, options.settings);
  if (options.dropout) config.dropout = *options.dropout;
  config.vocab_size = tokenizer.vocab_size();
  config.pad_id = tokenizer.pad_id();
  config.eos_id = tokenizer.eos_id();
  config.decoder_start_id = tokenizer.pad_id();  // as MarianMT has it
  config.validate();
  return config;
}

void add_flags(CLI::App& command, PretrainTransformerOptions& options) {
  add_translation_data(command, options.data);
  std::string presets;
  for (const std::string& name : transformer_preset_names()) presets += (presets.empty() ? "" : "|") + name;
  command.add_option("--preset", options.preset, "sizes of the model; base and big are the paper's")
      ->type_name(presets)
      ->capture_default_str();
  command.add_option("--set", options.settings, "field=value: any field of the model's configuration")->type_name("FIELD=VALUE");
  command.add_option_function<double>(
      "--dropout", [&options](double value) { options.dropout = value; }, "dropout of the model, P_drop");
  command.add_option("--tokenizer", options.tokenizer, "folder with a tokenizer; without it one is learnt from the training text");
  command.add_option_function<std::int64_t>(
      "--vocab-size", [&options](std::int64_t value) { options.vocab_size = value; },
      "ids of a learnt tokenizer, at most [" + std::to_string(kVocabSize) + "]");
  command.add_option("--tokenizer-model", options.tokenizer_model, "how a learnt tokenizer cuts text [unigram]")
      ->type_name(enum_choices<PieceModel>());
  add_training_run(command, options.run);
}

}  // namespace

void add_pretrain_transformer(CLI::App& pretrain) {
  auto options = std::make_shared<PretrainTransformerOptions>();
  CLI::App* command = pretrain.add_subcommand("transformer", "The Transformer of Vaswani et al. 2017, for translation");
  add_flags(*command, *options);
  command->footer(
      "Examples:\n"
      "  attend pretrain transformer --train-source train.de --train-target train.en --valid-source valid.de --valid-target valid.en \\\n"
      "      --preset small --epochs 20 --output runs/de-en\n"
      "  attend pretrain transformer --config runs/de-en/run.toml --resume\n"
      "  attend pretrain transformer --config runs/de-en/run.toml --set hidden_size=256 --average 5 --output runs/wider");
  set_run(*command, options, run_pretrain_transformer);
}

int run_pretrain_transformer(const PretrainTransformerOptions& given, std::istream&, std::ostream& out) {
  PretrainTransformerOptions options = given;
  const torch::Device device = begin_translation_training(options.run, options.data);
  const auto tokenizer_folder = prepare_tokenizer(options);
  const auto tokenizer = std::make_shared<const MarianTokenizer>(tokenizer_folder);
  const TransformerConfig config = make_config(options, *tokenizer);

  TranslationSetup setup = translation_setup(options.run, options.data);
  setup.model = make_transformer(config, options.run.training.seed, device);
  setup.tokenizer = tokenizer;
  setup.tokenizer_folder = tokenizer_folder;
  setup.generation = seq2seq_generation_config(setup.model->token_roles(), std::min(kLongestTranslation, config.max_positions - 1));
  setup.settings["preset"] = options.preset;
  if (!options.settings.empty()) setup.settings["set"] = options.settings;
  if (options.dropout) setup.settings["dropout"] = *options.dropout;
  if (!options.tokenizer.empty()) setup.settings["tokenizer"] = options.tokenizer.string();
  if (options.vocab_size) setup.settings["vocab_size"] = *options.vocab_size;
  if (!options.tokenizer_model.empty()) setup.settings["tokenizer_model"] = options.tokenizer_model;
  TranslationObjective objective(std::move(setup));
  return static_cast<int>(train(options.run, objective, "attend pretrain transformer", out).code);
}

}  // namespace attend
