// The training loop: steps, evaluations, checkpoints, stopping and going on, for any Objective.
//
// What comes after a checkpoint is a function of the checkpoint: dropout is seeded by (seed, step, micro-batch), the data
// by (seed, epoch), deterministic kernels are asked for, and whatever else decides a bit is in TrainerState. So a run
// that was killed ends in the weights of the run that was not (same machine, same number of threads).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "training/checkpoint.h"
#include "training/objective.h"
#include "training/optimizer.h"
#include "training/ranks.h"
#include "training/run_log.h"
#include "training/schedule.h"
#include "training/training_options.h"

namespace attend {

enum class Start {
  kFresh,   ///< the folder must not hold a run yet
  kResume,  ///< from the newest complete checkpoint; from the start where there is none
};

/// Makes and locks a run's output folder. Throws UserError where it cannot be made, another process holds it, it holds a run already and
/// `start` is kFresh, or it holds a model that did not come from checkpoints beside it.
std::shared_ptr<FolderLock> open_output(const std::filesystem::path& output, Start start);

struct TrainerSetup {
  std::filesystem::path output;
  TrainingOptions options;  ///< validate()d
  Start start = Start::kFresh;
  std::shared_ptr<FolderLock> lock = {};   ///< of open_output(), for commands that write there before; else the trainer takes it
  std::string command = {};                ///< "attend pretrain transformer": for run.toml and messages
  std::shared_ptr<Ranks> ranks = alone();  ///< the objective has their process() too
};

class Trainer {
 public:
  /// Opens the output folder, and loads the checkpoint where the run is resumed. `objective` outlives the trainer.
  /// Throws UserError: as open_output(), for a checkpoint of another model or data, and for other validation data where the best model so
  /// far was chosen by some.
  Trainer(Objective& objective, TrainerSetup setup);

  /// Trains to the end, or until a signal, a full disk or the loss of another process: kDone or kStoppedAndSaved.
  /// Throws UserError where loss or gradient is not finite and the options say stop.
  ExitCode run();

  const TrainerState& state() const { return state_; }
  /// Of the model that run() wrote: the best one, or the mean of several. Empty without validation data.
  const Json& written_metrics() const { return written_metrics_; }

 private:
  struct StepResult {
    double loss = 0;  ///< the sum of the terms, each the mean over its targets
    double gradient_norm = 0;
    std::int64_t targets = 0;  ///< of the first term
    std::int64_t tokens = 0;
  };

  bool is_first() const { return setup_.ranks->is_first(); }
  std::optional<std::int64_t> step_to_resume() const;
  void require_same_run(const Json& settings) const;
  std::int64_t total_steps();
  ExitCode loop();
  void agree();
  void open_log();
  bool is_finished() const;
  bool evaluation_is_due() const;
  bool save_is_due() const;

  void train_step();
  std::unique_ptr<MicroBatch> next_micro_batch();
  StepResult accumulate_gradients(std::int64_t step);
  double learning_rate(std::int64_t step) const;
  bool rewind(std::int64_t step, const StepResult& result);
  void refuse_step(std::int64_t step, const StepResult& result);
  void record(std::int64_t step, double learning_rate);

  void evaluate();
  std::optional<Metrics> measure();
  void save();
  void save_objective() const;
  ExitCode stop();
  ExitCode finish();
  std::string early_end() const;
  std::string written_model() const;
  std::string what_is_saved() const;
  std::optional<Metrics> write_average();
  void update_seconds();

  Objective& objective_;
  TrainerSetup setup_;
  const TrainingOptions& options_;
  Optimizer optimizer_;
  std::unique_ptr<GradientSums> gradient_sums_;
  Checkpoints checkpoints_;
  TrainerState state_;
  Json written_metrics_ = Json::object();
  Schedule schedule_;
  std::unique_ptr<RunLog> log_;
  std::int64_t saved_step_ = 0;    // the newest checkpoint on disk; 0: none
  bool is_asked_to_stop_ = false;  // any of the processes
  double seconds_before_ = 0;      // of earlier parts of the run
  std::chrono::steady_clock::time_point started_;
};

}  // namespace attend
