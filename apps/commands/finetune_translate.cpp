// attend finetune translate: go on from a model folder with new sentence pairs.
#include "apps/commands.h"

#include <filesystem>
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/command.h"
#include "apps/commands/text_flags.h"
#include "apps/commands/translation_data.h"
#include "core/error.h"
#include "inference/generation_config.h"
#include "models/interfaces.h"

namespace attend {
namespace {

struct FinetuneTranslateOptions {
  FinetuneTranslateOptions();  ///< a lower learning rate and a shorter warm-up than training from the start

  TrainingRun run;
  TranslationData data;
  std::filesystem::path model;
  std::vector<std::int64_t> seeds;  ///< several: one run each, in folders of their own
};

TrainingOutcome train_one(const FinetuneTranslateOptions& options, TrainingRun& run, std::ostream& out) {
  const torch::Device device = begin_translation_training(run, options.data);
  require_other_folder(options.model, run.output);
  TranslationSetup setup = translation_setup(run, options.data);
  setup.model = load_seq2seq(options.model, {.device = device});
  setup.tokenizer = std::make_shared<const MarianTokenizer>(options.model);
  setup.tokenizer_folder = options.model;
  setup.generation = read_generation_config(options.model, setup.model->token_roles());
  tell_folder(setup.generation.warnings);
  setup.settings["model"] = options.model.string();
  TranslationObjective objective(std::move(setup));
  return train(run, objective, "attend finetune translate", out);
}

FinetuneTranslateOptions::FinetuneTranslateOptions() {
  run.training.learning_rate = 2e-4;
  run.training.warmup_steps = 100;
  run.training.default_epochs = 3;
  run.training.default_every = 200;
}

int run_finetune_translate(const FinetuneTranslateOptions& options, std::istream&, std::ostream& out) {
  return train_seeds(options.run, options.seeds, out,
                     [&](TrainingRun& run, std::ostream& usage) { return train_one(options, run, usage); });
}

}  // namespace

void add_finetune_translate(CLI::App& finetune) {
  auto options = std::make_shared<FinetuneTranslateOptions>();
  CLI::App* command = finetune.add_subcommand("translate", "Go on with new sentence pairs from a translation model");
  command->add_option("--model", options->model, "model folder to start from")->required();
  add_translation_data(*command, options->data);
  add_training_run(*command, options->run);
  add_seeds(*command, options->seeds);
  command->footer(
      "Examples:\n"
      "  attend finetune translate --model runs/de-en --train-source new.de --train-target new.en --epochs 3 --output runs/de-en-new\n"
      "  attend finetune translate --config runs/de-en-new/run.toml --resume");
  set_run(*command, options, run_finetune_translate);
}

}  // namespace attend
