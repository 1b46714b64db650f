#include "apps/commands/pretrain_transformer.h"

#include <algorithm>
#include <memory>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/log.h"
#include "data/parallel_text.h"
#include "models/transformer/config.h"
#include "models/transformer/model.h"
#include "tokenizers/sentencepiece_trainer.h"

namespace attend {
namespace {

constexpr std::int64_t kLongestTranslation = 255;  // what generation_config.json says; enough for any sentence

void learn_tokenizer(const PretrainTransformerOptions& options, const std::filesystem::path& folder) {
  VocabularyConfig vocabulary{.vocab_size = options.model.vocab_size.value_or(kLearntVocabSize)};
  if (!options.tokenizer_model.empty()) {
    const auto model = enum_from_name<PieceModel>(options.tokenizer_model);
    if (!model) throw UserError("--tokenizer-model is '" + options.tokenizer_model + "'; expected " + enum_choices<PieceModel>());
    vocabulary.model = *model;
  }
  const TranslationFiles& files = options.data.files;
  check_parallel({files.train_source, files.train_target});  // what is wrong with the texts is told before hours of learning
  if (!files.valid_source.empty() && !files.valid_target.empty()) check_parallel({files.valid_source, files.valid_target});
  log_info("learning a vocabulary from " + options.data.files.train_source.string() + " and " + options.data.files.train_target.string());
  train_marian_tokenizer({.source_files = {options.data.files.train_source},
                          .target_files = {options.data.files.train_target},
                          .sides = Sides::kJoint,
                          .vocabulary = vocabulary,
                          .source_language = "",
                          .target_language = "",
                          .language_codes = options.language_codes},
                         folder);
}

TokenizerSource tokenizer_source(const PretrainTransformerOptions& options) {
  return {.learning_flag = options.language_codes.empty() ? "--tokenizer-model" : "--language-codes",
          .learning_flag_given = !options.tokenizer_model.empty() || !options.language_codes.empty(),
          .copy =
              [&options](const std::filesystem::path& folder) {
                const MarianTokenizer checked(options.model.tokenizer);  // refuses what cannot be read before anything is copied
                copy_tokenizer_files(options.model.tokenizer, folder);
              },
          .learn = [&options](const std::filesystem::path& folder) { learn_tokenizer(options, folder); }};
}

TransformerConfig chosen_sizes(const PretrainTransformerOptions& options) {
  return configured(transformer_preset(options.model.preset), options.model, {"vocab_size", "pad_id", "eos_id", "decoder_start_id"});
}

TransformerConfig make_config(const PretrainTransformerOptions& options, const MarianTokenizer& tokenizer) {
  TransformerConfig config = chosen_sizes(options);
  config.vocab_size = tokenizer.vocab_size();
  config.pad_id = tokenizer.pad_id();
  config.eos_id = tokenizer.eos_id();
  config.decoder_start_id = tokenizer.pad_id();  // as MarianMT has it
  config.validate();
  return config;
}

void add_flags(CLI::App& command, PretrainTransformerOptions& options) {
  add_translation_data(command, options.data);
  add_pretrain_model(
      command, options.model,
      {.presets = transformer_preset_names(), .sizes = "sizes of the model; base and big are the paper's", .tokenizer = "a tokenizer"});
  command.add_option("--tokenizer-model", options.tokenizer_model, "how a learnt tokenizer cuts text [unigram]")
      ->type_name(enum_choices<PieceModel>());
  command.add_option("--language-codes", options.language_codes, std::string("of a learnt tokenizer: ") + kLanguageCodesHelp)
      ->delimiter(',');
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
  check_before_learning(chosen_sizes(options));
  const torch::Device device = begin_translation_training(options.run, options.data);
  const auto tokenizer_folder = prepare_tokenizer(options.run, options.model, tokenizer_source(options));
  const auto tokenizer = std::make_shared<const MarianTokenizer>(tokenizer_folder);
  const TransformerConfig config = make_config(options, *tokenizer);

  TranslationSetup setup = translation_setup(options.run, options.data);
  setup.model = make_transformer(config, options.run.training.seed, device);
  setup.tokenizer = tokenizer;
  setup.tokenizer_folder = tokenizer_folder;
  setup.generation = seq2seq_generation_config(setup.model->token_roles(), std::min(kLongestTranslation, config.max_positions - 1));
  record_settings(options.model, setup.settings);
  if (!options.tokenizer_model.empty()) setup.settings["tokenizer_model"] = options.tokenizer_model;
  if (!options.language_codes.empty()) setup.settings["language_codes"] = options.language_codes;
  TranslationObjective objective(std::move(setup));
  return static_cast<int>(train(options.run, objective, "attend pretrain transformer", out).code);
}

}  // namespace attend
