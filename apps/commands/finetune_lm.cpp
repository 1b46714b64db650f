// attend finetune lm: go on training a GPT, on more text or on a table of inputs and outputs.
#include "apps/commands.h"

#include <filesystem>
#include <memory>

#include "apps/command.h"
#include "apps/commands/finetune_classify.h"
#include "apps/commands/language_data.h"
#include "core/error.h"

namespace attend {
namespace {

struct FinetuneLmOptions {
  FinetuneLmOptions();  ///< batches of 16 sequences, and GPT's weight decay

  FinetuneRun run;
  LanguageData data;
  std::filesystem::path model;
};

TrainingOutcome train_one(const FinetuneLmOptions& options, TrainingRun& run, std::ostream& out) {
  const torch::Device device = begin_language_training(run, options.data);
  require_other_folder(options.model, run.output);
  LanguageSetup setup = language_setup(run, options.data);
  setup.model = load_causal_language_model(options.model, {.device = device});
  setup.tokenizer = std::make_shared<const ByteBpeTokenizer>(options.model);
  setup.settings["model"] = options.model.string();
  LanguageObjective objective(std::move(setup));
  each_epoch(run, objective);
  return train(run, objective, "attend finetune lm", out);
}

FinetuneLmOptions::FinetuneLmOptions() {
  run.training.default_batch = {.sequences = 16};
  run.training.weight_decay = 0.01;
}

int run_finetune_lm(const FinetuneLmOptions& options, std::istream&, std::ostream& out) {
  return train_seeds(options.run, options.run.seeds, out,
                     [&](TrainingRun& run, std::ostream& usage) { return train_one(options, run, usage); });
}

}  // namespace

void add_finetune_lm(CLI::App& finetune) {
  auto options = std::make_shared<FinetuneLmOptions>();
  CLI::App* command = finetune.add_subcommand("lm", "Go on with a GPT: on other text, or to write outputs for inputs");
  command->add_option("--model", options->model, "model folder to start from: GPT's")->required();
  add_language_data(*command, options->data);
  add_training_run(*command, options->run);
  add_seeds(*command, options->run.seeds);
  command->footer(
      "Without --eval-every and --save-every the model is evaluated and saved after each epoch.\n"
      "Examples:\n"
      "  attend finetune lm --model runs/gpt --train letters.txt --valid-fraction 0.1 --output runs/letters\n"
      "  attend finetune lm --model runs/gpt --train task.tsv --valid dev.tsv --input 0 --output-column 1 --output runs/task\n"
      "  attend finetune lm --config runs/task/run.toml --resume");
  set_run(*command, options, run_finetune_lm);
}

}  // namespace attend
