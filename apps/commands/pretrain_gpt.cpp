#include "apps/commands/pretrain_gpt.h"

#include <fstream>
#include <memory>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/commands/scratch_folder.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/log.h"
#include "models/gpt/heads.h"

namespace attend {
namespace {

constexpr double kMinimumShare = 0.1;

/// Learns a vocabulary from the training text; of tables from their rows as they will be read.
void learn_tokenizer(const PretrainGptOptions& options, const std::filesystem::path& folder) {
  log_info("learning a vocabulary from " + names_of(whole_files(options.data.train)));
  ByteBpeTraining training{.files = options.data.train,
                           .vocabulary = {.model = options.tokenizer_model.value_or(BytePieces::kBpe),
                                          .vocab_size = options.model.vocab_size.value_or(kLearntVocabSize)}};
  if (options.data.language.fill_in_the_middle > 0) training.special_tokens = fill_token_names();
  const ScratchFolder scratch;
  if (const auto columns = task_columns(options.data)) {
    training.files = {scratch.path() / "rows.txt"};
    std::ofstream rows(training.files[0], std::ios::binary);
    write_task_text({.files = options.data.train, .columns = *columns}, rows);
    show_as(training.files[0].string(), "the rows of " + names_of(whole_files(options.data.train)));
    if (!rows.flush()) throw StorageError(training.files[0].string() + ": cannot be written");
  }
  train_byte_bpe_tokenizer(training, folder);
}

TokenizerSource tokenizer_source(const PretrainGptOptions& options) {
  if (options.model.vocab_size && options.tokenizer_model == BytePieces::kChar)
    throw UserError("--vocab-size has no effect with --tokenizer-model char: a character model has the characters of the text",
                    "leave it out");
  return {.learning_flag = "--tokenizer-model",
          .learning_flag_given = options.tokenizer_model.has_value(),
          .copy = [&options](const std::filesystem::path& folder) { ByteBpeTokenizer(options.model.tokenizer).save(folder); },
          .learn = [&options](const std::filesystem::path& folder) { learn_tokenizer(options, folder); }};
}

GptConfig chosen_sizes(const PretrainGptOptions& options) {
  return configured(gpt_preset(options.model.preset), options.model, {"vocab_size", "bos_id", "eos_id", "pad_id"});
}

GptConfig make_config(const PretrainGptOptions& options, const ByteBpeTokenizer& tokenizer) {
  GptConfig config = chosen_sizes(options);
  config.vocab_size = tokenizer.vocab_size();
  config.bos_id = config.eos_id = tokenizer.end_of_text_id();
  config.pad_id.reset();
  config.validate();
  return config;
}

void add_flags(CLI::App& command, PretrainGptOptions& options) {
  add_language_data(command, options.data);
  add_pretrain_model(command, options.model,
                     {.presets = gpt_preset_names(), .sizes = "sizes of the model", .tokenizer = "a byte-level BPE tokenizer"});
  add_field_flag(command, "--tokenizer-model", options.tokenizer_model,
                 "of a learnt tokenizer: pieces made by merges, or single bytes [bpe]");
  add_training_run(command, options.run);
  command.remove_option(command.get_option("--min-learning-rate"));
  add_field_flag(command, "--min-learning-rate", options.min_learning_rate,
                 "where the schedule ends (linear, cosine) or its floor (inverse-sqrt) [a tenth of the learning rate]")
      ->group("Training");
}

}  // namespace

PretrainGptOptions::PretrainGptOptions() {
  TrainingOptions& training = run.training;
  training.learning_rate = 1e-3;
  training.default_schedule = ScheduleKind::kCosine;
  training.warmup_steps = 100;
  training.optimizer = OptimizerKind::kAdamW;
  training.beta2 = 0.95;
  training.epsilon = 1e-8;
  training.weight_decay = 0.1;
}

void add_pretrain_gpt(CLI::App& pretrain) {
  auto options = std::make_shared<PretrainGptOptions>();
  CLI::App* command = pretrain.add_subcommand("gpt", "GPT (Radford et al. 2019, Brown et al. 2020): the next token, from plain text");
  add_flags(*command, *options);
  command->footer(
      "Text is learnt as it is, line breaks too. A document is a file, or what stands between lines of <|endoftext|>.\n"
      "Examples:\n"
      "  attend pretrain gpt --train book.txt --valid-fraction 0.1 --tokenizer-model char --preset nano --steps 2000 --output runs/book\n"
      "  attend pretrain gpt --train a.txt b.txt --valid c.txt --preset gpt2 --vocab-size 16000 --steps 20000 --output runs/gpt\n"
      "  attend pretrain gpt --train episodes.txt --documents separate --steps 10000 --output runs/episodes\n"
      "  attend pretrain gpt --config runs/gpt/run.toml --resume");
  set_run(*command, options, run_pretrain_gpt);
}

int run_pretrain_gpt(const PretrainGptOptions& given, std::istream&, std::ostream& out) {
  PretrainGptOptions options = given;
  TrainingOptions& training = options.run.training;
  const double least = schedule_of(training) == ScheduleKind::kConstant ? 0 : kMinimumShare * training.learning_rate;
  training.min_learning_rate = options.min_learning_rate.value_or(least);
  check_before_learning(chosen_sizes(options));
  const torch::Device device = begin_language_training(options.run, options.data);
  const auto tokenizer = std::make_shared<const ByteBpeTokenizer>(prepare_tokenizer(options.run, options.model, tokenizer_source(options)));

  LanguageSetup setup = language_setup(options.run, options.data);
  setup.model = make_gpt(make_config(options, *tokenizer), training.seed, device);
  setup.tokenizer = tokenizer;
  record_settings(options.model, setup.settings);
  if (options.tokenizer_model) setup.settings["tokenizer_model"] = std::string(enum_name(*options.tokenizer_model));
  LanguageObjective objective(std::move(setup));
  return static_cast<int>(train(options.run, objective, "attend pretrain gpt", out).code);
}

}  // namespace attend
