// A short run of the toy model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/log.h"
#include "core/stop_signal.h"
#include "tests/training/toy_objective.h"
#include "training/trainer.h"

namespace attend {

inline TrainingOptions toy_options() {
  TrainingOptions options;
  options.steps = 12;
  options.accumulate = 2;
  options.learning_rate = 0.05;
  options.schedule = ScheduleKind::kInverseSqrt;
  options.warmup_steps = 3;
  options.eval_every = 4;
  options.save_every = 3;
  options.log_every = 5;
  options.threads = 1;
  return options;
}

struct Outcome {
  ExitCode code = ExitCode::kInternal;
  TrainerState state;
  std::vector<std::int64_t> seen;
};

inline Outcome train(const std::filesystem::path& output, const TrainingOptions& options, ToySettings toy = {},
                     Start start = Start::kFresh) {
  set_log_level(LogLevel::kQuiet);
  ToyObjective objective(std::move(toy));
  Trainer trainer(objective, {.output = output, .options = options, .start = start, .command = "attend pretrain toy"});
  Outcome outcome;
  outcome.code = trainer.run();
  outcome.state = trainer.state();
  outcome.seen = objective.seen;
  reset_stop();
  return outcome;
}

}  // namespace attend
