#include "apps/commands/training_run.h"

#include <ostream>

#include "apps/flags.h"
#include "core/error.h"
#include "core/stop_signal.h"
#include "training/trainer.h"

namespace attend {
namespace {

void require_file(const char* flag, const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) throw UserError(std::string(flag) + " " + file.string() + ": there is no such file");
}

TrainingPrecision training_precision(Precision precision) {
  if (precision == Precision::kInt8) throw UserError("--precision int8 is for inference", "train with float32 or bfloat16");
  return precision == Precision::kBFloat16 ? TrainingPrecision::kBfloat16 : TrainingPrecision::kFloat32;
}

Start start_of(const TrainingRun& run) { return run.resume ? Start::kResume : Start::kFresh; }

}  // namespace

void add_training_run(CLI::App& command, TrainingRun& run) {
  command.add_option("--output,--output-dir", run.output, "folder for the model, its checkpoints and its log")->required();
  command.add_flag("--resume", run.resume, "go on from the newest complete checkpoint in --output; from the start where there is none");
  add_config_flags(command, run.training,
                   {.group = "Training",
                    .aliases = {{"steps", "--max-steps"},
                                {"epochs", "--num-train-epochs"},
                                {"batch_tokens", "--max-tokens"},
                                {"batch_size", "--per-device-train-batch-size"},
                                {"accumulate", "--gradient-accumulation-steps"}}});
  add_common(command, run.common);
}

void add_translation_data(CLI::App& command, TrainingRun& run) {
  command.add_option("--train-source", run.files.train_source, "training text, a sentence a line")->required();
  command.add_option("--train-target", run.files.train_target, "its translation, line by line")->required();
  command.add_option("--valid-source", run.files.valid_source, "validation text; without it the last model is kept, not the best");
  command.add_option("--valid-target", run.files.valid_target, "its translation");
  add_config_flags(command, run.translation, {.group = "Translation"});
}

torch::Device begin_training(TrainingRun& run) {
  const torch::Device device = apply_common(run.common);
  run.training.seed = run.common.seed;
  run.training.precision = training_precision(run.common.precision);
  run.training.threads = torch::get_num_threads();
  run.translation.validate();
  validate(run.training, run.files.valid_source.empty() ? Validation::kAbsent : Validation::kPresent);
  require_file("--train-source", run.files.train_source);
  require_file("--train-target", run.files.train_target);
  if (!run.files.valid_source.empty()) require_file("--valid-source", run.files.valid_source);
  if (!run.files.valid_target.empty()) require_file("--valid-target", run.files.valid_target);
  install_stop_handlers();
  run.lock = open_output(run.output, start_of(run));
  return device;
}

TranslationSetup translation_setup(const TrainingRun& run) {
  TranslationSetup setup;
  setup.files = run.files;
  setup.cache = run.output / "data";
  setup.batches = {.batch_tokens = run.training.batch_tokens, .batch_sentences = run.training.batch_size, .seed = run.training.seed};
  setup.options = run.translation;
  setup.settings["device"] = run.common.device;
  return setup;
}

int train(const TrainingRun& run, Objective& objective, const std::string& command, std::ostream& out) {
  Trainer trainer(objective, {.output = run.output,
                              .options = run.training,
                              .start = start_of(run),
                              .lock = run.lock,
                              .command = command});
  const ExitCode code = trainer.run();
  if (code != ExitCode::kDone) return static_cast<int>(code);
  std::string usage = objective.card().usage;
  if (const std::size_t mark = usage.find("{folder}"); mark != std::string::npos) usage.replace(mark, 8, run.output.string());
  if (run.common.json) {
    const TrainerState& state = trainer.state();
    Json result{{"model", run.output.string()}, {"steps", state.step}, {"tokens", state.tokens}, {"seconds", state.seconds}};
    result["best_step"] = state.best_step;
    result["best"] = state.best_metrics;
    result["use"] = usage;
    out << result.dump() << "\n";
  } else {
    out << "Use it with:\n  " << usage << "\n";
  }
  return static_cast<int>(code);
}

}  // namespace attend
