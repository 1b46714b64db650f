#include "apps/commands/pretrain_bert.h"

#include <memory>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/log.h"
#include "data/text_corpus.h"
#include "inference/folders.h"
#include "models/bert/heads.h"
#include "tokenizers/wordpiece_trainer.h"

namespace attend {
namespace {

TokenizerSource tokenizer_source(const PretrainBertOptions& options) {
  return {.learning_flag = options.limit_alphabet ? "--limit-alphabet" : "--cased",
          .learning_flag_given = options.cased || options.limit_alphabet,
          .copy = [&options](const std::filesystem::path& folder) { WordPieceTokenizer(options.model.tokenizer).save(folder); },
          .learn =
              [&options](const std::filesystem::path& folder) {
                log_info("learning a vocabulary from " + names_of(whole_files(options.train)));
                train_wordpiece_tokenizer({.files = options.train,
                                           .vocabulary = {.vocab_size = options.model.vocab_size.value_or(kLearntVocabSize),
                                                          .limit_alphabet = options.limit_alphabet},
                                           .casing = options.cased ? Casing::kKeep : Casing::kLower},
                                          folder);
              }};
}

BertConfig chosen_sizes(const PretrainBertOptions& options) {
  return configured(bert_preset(options.model.preset), options.model, {"vocab_size", "pad_id", "sep_id"});
}

BertConfig make_config(const PretrainBertOptions& options, const WordPieceTokenizer& tokenizer) {
  BertConfig config = chosen_sizes(options);
  config.vocab_size = tokenizer.vocab_size();
  config.pad_id = tokenizer.pad_id();
  config.sep_id = tokenizer.sep_id();
  config.validate();
  return config;
}

using Model = std::shared_ptr<MaskedLanguageModel>;

Model drawn_model(const PretrainBertOptions& options, const WordPieceTokenizer& tokenizer, torch::Device device) {
  using NextSentence = BertMaskedLanguageModel::NextSentence;
  return make_bert(make_config(options, tokenizer), options.masked.next_sentence ? NextSentence::kYes : NextSentence::kNo,
                   options.run.training.seed, device);
}

Model loaded_model(PretrainBertOptions& options, const WordPieceTokenizer& tokenizer, torch::Device device) {
  const Model model = load_masked_language_model(
      options.start, {.device = device}, MaskedHeads{.next_sentence = options.masked.next_sentence, .seed = options.run.training.seed});
  require_vocabulary(model->vocab_size(), tokenizer.vocab_size());
  validate(options.masked, {.positions = model->max_positions(), .segments = model->num_segments()});
  return model;
}

void add_flags(CLI::App& command, PretrainBertOptions& options) {
  command.add_option("--train", options.train, "training text, a sentence a line, a blank line between documents; several files")
      ->required();
  command.add_option("--valid", options.valid, "validation text; without it the last model is kept, not the best");
  command.add_option("--model", options.start, "BERT folder to go on from, with or without heads: its sizes, weights and tokenizer");
  add_pretrain_model(
      command, options.model,
      {.presets = bert_preset_names(), .sizes = "sizes of the model: the published ones", .tokenizer = "a WordPiece tokenizer"});
  command.add_flag("--cased", options.cased, "a learnt tokenizer keeps case and accents");
  add_field_flag(command, "--limit-alphabet", options.limit_alphabet,
                 "of a learnt tokenizer: most characters that get a piece of their own; words with others are [UNK] [1000, and more where "
                 "ids are free]");
  for (const char* decided : {"--preset", "--set", "--dropout", "--tokenizer", "--vocab-size", "--cased", "--limit-alphabet"})
    command.get_option("--model")->excludes(command.get_option(decided));
  add_config_flags(command, options.masked, masked_language_flags());
  add_training_run(command, options.run);
}

}  // namespace

PretrainBertOptions::PretrainBertOptions() {
  TrainingOptions& training = run.training;
  training.learning_rate = 5e-4;
  training.default_schedule = ScheduleKind::kLinear;
  training.warmup_steps = 500;
  training.optimizer = OptimizerKind::kAdamW;
  training.beta2 = 0.999;
  training.epsilon = 1e-6;
  training.weight_decay = 0.01;
}

FlagSet masked_language_flags() {
  return {.group = "Masked language", .aliases = {{"max_length", "--max-seq-length"}, {"mask_probability", "--mlm-probability"}}};
}

void add_pretrain_bert(CLI::App& pretrain) {
  auto options = std::make_shared<PretrainBertOptions>();
  CLI::App* command = pretrain.add_subcommand("bert", "BERT (Devlin et al. 2019): masked words and next sentences, from plain text");
  add_flags(*command, *options);
  command->footer(
      "Examples:\n"
      "  attend pretrain bert --train text.txt --valid valid.txt --preset mini --steps 20000 --output runs/bert\n"
      "  attend pretrain bert --train prose.txt --split-sentences --cased --vocab-size 16000 --max-minutes 60 --output runs/cased\n"
      "  attend pretrain bert --model bert-base-uncased --train clinic.txt --learning-rate 5e-5 --epochs 3 --output runs/clinic\n"
      "  attend pretrain bert --config runs/bert/run.toml --resume");
  set_run(*command, options, run_pretrain_bert);
}

int run_pretrain_bert(const PretrainBertOptions& given, std::istream&, std::ostream& out) {
  PretrainBertOptions options = given;
  const bool is_start_given = !options.start.empty();
  if (is_start_given) {
    load_wordpiece(options.start);  // throws where the folder is none
    options.model.tokenizer = options.start;
  } else {
    const BertConfig sizes = chosen_sizes(options);
    check_before_learning(sizes);
    validate(options.masked, {.positions = sizes.max_positions, .segments = sizes.type_vocab_size});
  }
  std::vector<InputFile> files;
  for (const auto& file : options.train) files.push_back({"--train", file});
  for (const auto& file : options.valid) files.push_back({"--valid", file});
  const torch::Device device = begin_training(options.run, validation_of(options.valid.empty() ? "" : options.valid.front()), files);
  const auto tokenizer =
      std::make_shared<const WordPieceTokenizer>(prepare_tokenizer(options.run, options.model, tokenizer_source(options)));
  if (is_start_given) require_other_folder(options.start, options.run.output);

  MaskedLanguageSetup setup;
  setup.model = is_start_given ? loaded_model(options, *tokenizer, device) : drawn_model(options, *tokenizer, device);
  setup.tokenizer = tokenizer;
  setup.train = options.train;
  setup.valid = options.valid;
  setup.cache = options.run.output / "data";
  const TrainingOptions& training = options.run.training;
  setup.budget = batch_budget(training);
  setup.seed = training.seed;
  setup.process = options.run.ranks->process();
  setup.options = options.masked;
  setup.settings["device"] = options.run.common.device;
  if (is_start_given) {
    setup.settings["model"] = options.start.string();
  } else {
    record_settings(options.model, setup.settings);
    if (options.cased) setup.settings["cased"] = true;
    if (options.limit_alphabet) setup.settings["limit_alphabet"] = *options.limit_alphabet;
  }
  MaskedLanguageObjective objective(std::move(setup));
  return static_cast<int>(train(options.run, objective, "attend pretrain bert", out).code);
}

}  // namespace attend
