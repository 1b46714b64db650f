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

torch::Device begin_training(TrainingRun& run, Validation validation, const std::vector<InputFile>& files) {
  const torch::Device device = apply_common(run.common);
  run.training.seed = run.common.seed;
  run.training.precision = training_precision(run.common.precision);
  run.training.threads = torch::get_num_threads();
  validate(run.training, validation);
  for (const InputFile& file : files)
    if (!file.path.empty()) require_file(file.flag, file.path);
  install_stop_handlers();
  run.lock = open_output(run.output, start_of(run));
  return device;
}

void require_other_folder(const std::filesystem::path& model, const std::filesystem::path& output) {
  std::error_code ignored;
  if (std::filesystem::equivalent(model, output, ignored))
    throw UserError("--model and --output are the same folder: " + model.string(), "write to another folder, so that the model stays");
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
