#include "apps/commands/finetune.h"

#include <memory>

#include "apps/command.h"
#include "core/error.h"
#include "generation/generation_config.h"
#include "models/interfaces.h"

namespace attend {

FinetuneTranslateOptions::FinetuneTranslateOptions() {
  run.training.learning_rate = 2e-4;
  run.training.warmup_steps = 100;
  run.training.eval_every = 200;
  run.training.save_every = 200;
}

void add_finetune(CLI::App& app) {
  CLI::App* parent = app.add_subcommand("finetune", "Go on training a model, for a task or on other data");
  parent->require_subcommand(1);
  parent->footer("Example:\n  attend finetune translate --model runs/de-en --train-source new.de --train-target new.en --output runs/de-en-new");
  auto options = std::make_shared<FinetuneTranslateOptions>();
  CLI::App* command = parent->add_subcommand("translate", "Go on with new sentence pairs from a translation model");
  command->add_option("--model", options->model, "model folder to start from")->required();
  add_translation_data(*command, options->run);
  add_training_run(*command, options->run);
  command->footer(
      "Examples:\n"
      "  attend finetune translate --model runs/de-en --train-source new.de --train-target new.en --epochs 3 --output runs/de-en-new\n"
      "  attend finetune translate --config runs/de-en-new/run.toml --resume");
  set_run(*command, options, run_finetune_translate);
}

int run_finetune_translate(const FinetuneTranslateOptions& given, std::istream&, std::ostream& out) {
  FinetuneTranslateOptions options = given;
  TrainingOptions& training = options.run.training;
  if (!training.steps && !training.epochs && !training.max_minutes) training.epochs = 3;
  const torch::Device device = begin_training(options.run);
  std::error_code ignored;
  if (std::filesystem::equivalent(options.model, options.run.output, ignored))
    throw UserError("--model and --output are the same folder: " + options.model.string(), "write to another folder, so that the model stays");

  TranslationSetup setup = translation_setup(options.run);
  setup.model = load_seq2seq(options.model, device);
  setup.tokenizer = std::make_shared<const MarianTokenizer>(options.model);
  setup.tokenizer_folder = options.model;
  setup.generation = read_generation_config(options.model, setup.model->token_roles());
  setup.settings["model"] = options.model.string();
  TranslationObjective objective(std::move(setup));
  return train(options.run, objective, "attend finetune translate", out);
}

}  // namespace attend
