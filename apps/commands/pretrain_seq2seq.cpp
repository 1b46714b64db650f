#include "apps/commands/pretrain_seq2seq.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "apps/flags.h"
#include "core/error.h"
#include "core/log.h"
#include "data/parallel_text.h"
#include "tokenizers/sentencepiece_trainer.h"

namespace attend {
namespace {

constexpr std::int64_t kLongestTranslation = 255;  // what generation_config.json says; enough for any sentence

void learn_tokenizer(const PretrainSeq2SeqOptions& options, const std::filesystem::path& folder) {
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

TokenizerSource tokenizer_source(const PretrainSeq2SeqOptions& options) {
  return {.learning_flag = options.language_codes.empty() ? "--tokenizer-model" : "--language-codes",
          .learning_flag_given = !options.tokenizer_model.empty() || !options.language_codes.empty(),
          .copy =
              [&options](const std::filesystem::path& folder) {
                const MarianTokenizer checked(options.model.tokenizer);  // refuses what cannot be read before anything is copied
                copy_tokenizer_files(options.model.tokenizer, folder);
              },
          .learn = [&options](const std::filesystem::path& folder) { learn_tokenizer(options, folder); }};
}

}  // namespace

void add_pretrain_seq2seq(CLI::App& command, PretrainSeq2SeqOptions& options, const PretrainModelHelp& help) {
  add_translation_data(command, options.data);
  add_pretrain_model(command, options.model, help);
  command.add_option("--tokenizer-model", options.tokenizer_model, "how a learnt tokenizer cuts text [unigram]")
      ->type_name(enum_choices<PieceModel>());
  command.add_option("--language-codes", options.language_codes, std::string("of a learnt tokenizer: ") + kLanguageCodesHelp)
      ->delimiter(',');
  add_training_run(command, options.run);
}

int pretrain_seq2seq(PretrainSeq2SeqOptions options, const Seq2SeqPretraining& family, std::ostream& out) {
  const torch::Device device = begin_translation_training(options.run, options.data);
  const auto tokenizer_folder = prepare_tokenizer(options.run, options.model, tokenizer_source(options));
  const auto tokenizer = std::make_shared<const MarianTokenizer>(tokenizer_folder);

  TranslationSetup setup = translation_setup(options.run, options.data);
  setup.model = family.make(*tokenizer, options.run.training.seed, device);
  setup.tokenizer = tokenizer;
  setup.tokenizer_folder = tokenizer_folder;
  setup.generation = seq2seq_generation_config(setup.model->token_roles(), std::min(kLongestTranslation, setup.model->max_positions() - 1));
  record_settings(options.model, setup.settings);
  setup.settings.update(family.settings);
  if (!options.tokenizer_model.empty()) setup.settings["tokenizer_model"] = options.tokenizer_model;
  if (!options.language_codes.empty()) setup.settings["language_codes"] = options.language_codes;
  TranslationObjective objective(std::move(setup));
  return static_cast<int>(train(options.run, objective, family.command, out).code);
}

}  // namespace attend
