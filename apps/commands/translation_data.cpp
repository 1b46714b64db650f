#include "apps/commands/translation_data.h"

#include "apps/flags.h"

namespace attend {

void add_translation_data(CLI::App& command, TranslationData& data) {
  command.add_option("--train-source", data.files.train_source, "training text, a sentence a line")->required();
  command.add_option("--train-target", data.files.train_target, "its translation, line by line")->required();
  command.add_option("--valid-source", data.files.valid_source, "validation text; without it the last model is kept, not the best");
  command.add_option("--valid-target", data.files.valid_target, "its translation");
  add_config_flags(command, data.options, {.group = "Translation"});
}

torch::Device begin_translation_training(TrainingRun& run, const TranslationData& data) {
  data.options.validate();
  require_validation_for("--best-by bleu", data.options.best_by == BestBy::kBleu ? "bleu" : "", data.files.valid_source);
  return begin_training(run, validation_of(data.files.valid_source),
                        {{"--train-source", data.files.train_source},
                         {"--train-target", data.files.train_target},
                         {"--valid-source", data.files.valid_source},
                         {"--valid-target", data.files.valid_target}});
}

TranslationSetup translation_setup(const TrainingRun& run, const TranslationData& data) {
  TranslationSetup setup;
  setup.files = data.files;
  setup.cache = run.output / "data";
  const ProcessRank process = run.ranks->process();
  setup.batches = {.budget = batch_budget(run.training), .seed = run.training.seed, .rank = process.rank, .world = process.world};
  setup.options = data.options;
  setup.settings["device"] = run.common.device;
  return setup;
}

}  // namespace attend
