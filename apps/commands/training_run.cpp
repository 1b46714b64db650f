#include "apps/commands/training_run.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <sstream>
#include <thread>

#include <torch/cuda.h>

#include "apps/commands/processes.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/field_io.h"
#include "core/log.h"
#include "core/mapped_file.h"
#include "core/stop_signal.h"
#include "core/text_source.h"
#include "metrics/score.h"
#include "models/device_memory.h"
#include "training/batch_memory.h"
#include "training/trainer.h"

namespace attend {
namespace {

void require_file(const char* flag, const std::filesystem::path& file) {
  with_place([&] { return std::string(flag); }, [&] { require_readable_again(file, "training"); });
}

TrainingPrecision training_precision(Precision precision) {
  if (precision == Precision::kInt8 || precision == Precision::kAuto)
    throw UserError("--precision " + std::string(enum_name(precision)) + ": training computes in float32 or bfloat16", "use one of them");
  return precision == Precision::kBFloat16 ? TrainingPrecision::kBfloat16 : TrainingPrecision::kFloat32;
}

Start start_of(const TrainingRun& run) { return run.resume ? Start::kResume : Start::kFresh; }

Json settings_of(const std::filesystem::path& config) {
  const MappedFile file(config);
  return toml_to_json({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}, config.string());
}

/// Whether run.toml, and no flag, names the output.
bool output_is_of(const std::filesystem::path& config, const std::filesystem::path& output) {
  const Json settings = settings_of(config);
  return settings.contains("output") && settings["output"] == output.string();
}

/// A run's folder that was moved still names the old one, where nothing is left to go on from.
void require_own_folder(const TrainingRun& run) {
  const auto& config = run.common.config;
  if (!run.resume || config.filename() != "run.toml") return;
  const auto beside = config.parent_path();
  if (std::filesystem::exists(run.output / "checkpoints") || !std::filesystem::exists(beside / "checkpoints")) return;
  if (output_is_of(config, run.output))
    throw UserError("--resume finds nothing in " + run.output.string() + ", which " + config.string() + " names",
                    "was the folder moved? add --output " + (beside.empty() ? "." : beside.string()));
}

}  // namespace

Validation validation_of(const std::filesystem::path& valid) { return valid.empty() ? Validation::kAbsent : Validation::kPresent; }

void require_validation_for(const std::string& flag, const std::string& value, const std::filesystem::path& valid) {
  if (!value.empty() && valid.empty())
    throw UserError(flag + " needs validation data", "add the validation files, or leave " + flag + " out");
}

void add_training_run(CLI::App& command, TrainingRun& run, BatchesBy batches_by) {
  command.add_option("--output,--output-dir", run.output, "folder for the model, its checkpoints and its log")->required();
  command.add_flag("--resume", run.resume, "go on from the newest complete checkpoint in --output; from the start where there is none");
  const std::string processes = "Processes";
  add_field_flag(command, "--nproc", run.nproc,
                 "processes to start on this machine, each with batches of its own; torchrun, srun and mpirun "
                 "are recognised without it")
      ->configurable(false)
      ->group(processes);
  add_field_flag(command, "--peer-timeout", run.peer_timeout, "seconds after which a process that says nothing is given up")
      ->configurable(false)
      ->group(processes);
  add_config_flags(
      command, run.training,
      {.group = "Training",
       .aliases = {{"steps", "--max-steps"},
                   {"epochs", "--num-train-epochs"},
                   {"batch_tokens", "--max-tokens"},
                   {"batch_size", "--per-device-train-batch-size"},
                   {"accumulate", "--gradient-accumulation-steps"}},
       .without = batches_by == BatchesBy::kSequences ? std::vector<std::string>{"batch_tokens"} : std::vector<std::string>{}});
  const BatchBudget& batch = run.training.default_batch;
  CLI::Option* by_size = command.get_option("--batch-size");
  if (batches_by == BatchesBy::kEither) {
    CLI::Option* by_tokens = command.get_option("--batch-tokens");
    by_tokens->excludes(by_size);
    by_tokens->transform([](const std::string& text) { return text == "auto" ? std::to_string(kFindBatchTokens) : text; });
    if (batch.tokens > 0) by_tokens->default_str(std::to_string(batch.tokens));
  }
  if (batch.tokens == 0) by_size->default_str(std::to_string(batch.sequences));
  command.get_option("--schedule")->default_str(std::string(enum_name(run.training.default_schedule)));
  command.get_option("--epochs")->default_str(std::to_string(run.training.default_epochs));
  const std::string every = run.training.default_every ? std::to_string(*run.training.default_every) : "an epoch";
  for (const char* flag : {"--eval-every", "--save-every"}) command.get_option(flag)->default_str(every);
  add_common(command, run.common, kTrainingPrecisions);
}

void add_seeds(CLI::App& command, std::vector<std::int64_t>& seeds) {
  command.add_option("--seeds", seeds, "train once with each of these seeds, and report means and deviations")
      ->delimiter(',')
      ->excludes(command.get_option("--seed"));
}

namespace {

/// Joins or starts the others. The cores of a machine are shared out, unless --threads says how many each takes.
void join_processes(TrainingRun& run) {
  constexpr int kMostProcesses = 1024;
  constexpr std::int64_t kLongestWait = 7 * 24 * 3600;
  if (run.nproc < 1 || run.nproc > kMostProcesses)
    throw UserError("--nproc is " + std::to_string(run.nproc) + "; expected 1 to " + std::to_string(kMostProcesses));
  if (run.peer_timeout < 1 || run.peer_timeout > kLongestWait)
    throw UserError("--peer-timeout is " + std::to_string(run.peer_timeout) + "; expected seconds, 1 to " + std::to_string(kLongestWait));
  const Processes& processes = processes_of_run(run.nproc, std::chrono::seconds(run.peer_timeout));
  run.ranks = processes.ranks;
  run.local_world = processes.local_world;
  if (run.ranks->is_alone()) return;
  if (run.common.threads == 0)
    run.common.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / processes.local_world);
  if (torch::cuda::is_available() && (run.common.device == "auto" || run.common.device == "cuda"))
    run.common.device = "cuda:" + std::to_string(processes.local_rank);
}

void set_tf32(bool is_on, torch::Device device) {
  if (!is_on) return;
  if (device.is_cpu()) throw UserError("--tf32 is a way of GPUs to multiply; this run computes on the CPU", "leave --tf32 out");
  at::globalContext().setAllowTF32CuBLAS(true);
  at::globalContext().setAllowTF32CuDNN(true);
}

}  // namespace

torch::Device begin_training(TrainingRun& run, Validation validation, const std::vector<InputFile>& files) {
  join_processes(run);
  const torch::Device device = apply_common(run.common);
  if (!run.ranks->is_first()) set_log_level(LogLevel::kErrors);
  run.training.seed = run.common.seed;
  run.training.precision = training_precision(run.common.precision);
  run.training.threads = torch::get_num_threads();
  validate(run.training, validation);
  set_tf32(run.training.tf32, device);
  for (const InputFile& file : files)
    if (!file.path.empty()) require_file(file.flag, file.path);
  require_own_folder(run);
  install_stop_handlers();
  if (run.ranks->is_first())
    run.lock = open_output(run.output, start_of(run));
  else
    run.ranks->wait_for_first();
  return device;
}

void require_other_folder(const std::filesystem::path& model, const std::filesystem::path& output) {
  std::error_code ignored;
  if (std::filesystem::equivalent(model, output, ignored))
    throw UserError("--model and --output are the same folder: " + model.string(), "write to another folder, so that the model stays");
}

namespace {

/// Of a run that goes on, what it found when it began.
void settle_batch_tokens(TrainingRun& run, Objective& objective) {
  if (run.training.batch_tokens != kFindBatchTokens) return;
  const auto file = run.output / "run.toml";
  double before = 0;
  if (run.ranks->is_first() && run.resume && std::filesystem::exists(file)) {
    const Json settings = settings_of(file);
    if (const auto found = settings.find("batch_tokens"); found != settings.end()) before = found->get<double>();
  }
  before = run.ranks->from_first(before);
  if (before > 0) {
    run.training.batch_tokens = static_cast<std::int64_t>(before);
    objective.set_batch_tokens(*run.training.batch_tokens);
  } else {
    run.training.batch_tokens = find_batch_tokens(objective, run.training, *run.ranks, run.local_world);
  }
}

}  // namespace

TrainingOutcome train(const TrainingRun& given, Objective& objective, const std::string& command, std::ostream& out) {
  TrainingRun run = given;
  if (run.ranks->is_first()) run.ranks->let_others_go();
  settle_batch_tokens(run, objective);
  Trainer trainer(
      objective,
      {.output = run.output, .options = run.training, .start = start_of(run), .lock = run.lock, .command = command, .ranks = run.ranks});
  const ExitCode code = trainer.run();
  TrainingOutcome outcome{.code = code, .metrics = trainer.written_metrics()};
  if (code != ExitCode::kDone || !run.ranks->is_first()) return outcome;
  const torch::Device device = objective.model().parameters().front().device();
  const std::int64_t most_bytes = most_device_bytes(device);
  if (most_bytes > 0) log_info("most memory on " + device.str() + ": " + std::to_string(most_bytes / 1024 / 1024) + " MiB");
  std::string usage = objective.card().usage;
  if (const std::size_t mark = usage.find("{folder}"); mark != std::string::npos) usage.replace(mark, 8, run.output.string());
  if (run.common.json) {
    const TrainerState& state = trainer.state();
    Json result{{"model", run.output.string()}, {"steps", state.step}, {"tokens", state.tokens}, {"seconds", state.seconds}};
    if (most_bytes > 0) result["most_device_bytes"] = most_bytes;
    result["best_step"] = state.best_step;
    result["best"] = state.best_metrics;
    if (run.training.average > 0) result["average"] = trainer.written_metrics();
    result["use"] = usage;
    out << one_line(result) << "\n";
  } else {
    out << "Use it with:\n  " << usage << "\n";
  }
  return outcome;
}

int train_seeds(const TrainingRun& run, const std::vector<std::int64_t>& seeds, std::ostream& out,
                const std::function<TrainingOutcome(TrainingRun&, std::ostream&)>& train_one) {
  if (seeds.empty()) {
    TrainingRun single = run;
    return static_cast<int>(train_one(single, out).code);
  }
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    if (seeds[i] < 0) throw UserError("--seeds holds " + std::to_string(seeds[i]) + "; expected numbers from 0");
    if (std::count(seeds.begin(), seeds.end(), seeds[i]) > 1)
      throw UserError("--seeds holds " + std::to_string(seeds[i]) + " more than once", "give each seed once");
  }
  std::map<std::string, std::vector<double>> values;
  bool is_first = true;  // of the processes
  for (const std::int64_t seed : seeds) {
    TrainingRun one = run;
    one.common.seed = static_cast<std::uint64_t>(seed);
    one.output = run.output / ("seed-" + std::to_string(seed));
    std::ostringstream usage;
    const TrainingOutcome outcome = train_one(one, usage);
    is_first = one.ranks->is_first();
    if (outcome.code != ExitCode::kDone) {
      log_info("that was seed " + std::to_string(seed) + " of --seeds; the whole command, with --resume added, goes on with all of them");
      return static_cast<int>(outcome.code);
    }
    for (const auto& [name, value] : outcome.metrics.items())
      if (value.is_number()) values[name].push_back(value.get<double>());
  }
  if (!is_first) return static_cast<int>(ExitCode::kDone);
  if (values.empty()) log_warning("there are no validation data, so nothing to take means of");
  Json summary{{"seeds", seeds}};
  for (const auto& [name, of_seeds] : values) {
    double mean = 0, squares = 0;
    for (const double value : of_seeds) mean += value / static_cast<double>(of_seeds.size());
    for (const double value : of_seeds) squares += (value - mean) * (value - mean);
    const double deviation = of_seeds.size() > 1 ? std::sqrt(squares / static_cast<double>(of_seeds.size() - 1)) : 0;
    summary[name] = {{"mean", mean}, {"deviation", deviation}, {"values", of_seeds}};
    if (!run.common.json)
      out << name << " = " << fixed_decimals(mean, 4) << " +- " << fixed_decimals(deviation, 4) << " (" << of_seeds.size() << " seeds)\n";
  }
  if (run.common.json)
    out << one_line(summary) << "\n";
  else
    out << "The models are in " << run.output.string() << "/seed-N\n";
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
