#include "training/training_options.h"

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/log.h"

namespace attend {
namespace {

std::string flag(const char* name) {
  std::string text = "--" + std::string(name);
  for (char& letter : text)
    if (letter == '_') letter = '-';
  return text;
}

template <class T>
std::string shown(T value) {
  std::string text = std::to_string(value);
  if constexpr (std::is_floating_point_v<T>) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%g", value);
    text = buffer;
  }
  return text;
}

template <class T>
void check_at_least(const char* name, T value, T least) {
  if (!(value >= least)) throw UserError(flag(name) + " is " + shown(value) + "; expected " + shown(least) + " or more");
}

void check_in_unit_interval(const char* name, double value) {
  if (!(value >= 0 && value < 1)) throw UserError(flag(name) + " is " + shown(value) + "; expected 0 or more, below 1");
}

// More is no batch of any machine, and products of sizes stay within 64 bits.
constexpr std::int64_t kMostOfAStep = std::numeric_limits<std::int32_t>::max();

void check_step_size(const char* name, std::int64_t value) {
  check_at_least(name, value, std::int64_t{1});
  if (value > kMostOfAStep) throw UserError(flag(name) + " is " + shown(value) + "; expected at most " + shown(kMostOfAStep));
}

void check_ranges(const TrainingOptions& options) {
  if (options.steps) check_at_least("steps", *options.steps, std::int64_t{1});
  if (options.epochs) check_at_least("epochs", *options.epochs, std::int64_t{1});
  if (options.max_minutes && !(*options.max_minutes > 0 && std::isfinite(*options.max_minutes)))
    throw UserError("--max-minutes is " + shown(*options.max_minutes) + "; expected more than 0");
  if (options.batch_tokens && options.batch_tokens != kFindBatchTokens) check_step_size("batch_tokens", *options.batch_tokens);
  if (options.batch_size) check_step_size("batch_size", *options.batch_size);
  if (options.batch_tokens && options.batch_size)
    throw UserError("--batch-tokens and --batch-size are both given", "a batch is so many tokens or so many sequences: leave one out");
  check_step_size("accumulate", options.accumulate);
  check_at_least("log_every", options.log_every, std::int64_t{1});
  check_at_least("keep", options.keep, std::int64_t{1});
  check_at_least("spike_deviations", options.spike_deviations, 1.0);
  for (const auto& [name, value] :
       {std::pair{"warmup_steps", options.warmup_steps}, std::pair{"eval_every", options.eval_every.value_or(0)},
        std::pair{"save_every", options.save_every.value_or(0)}, std::pair{"patience", options.patience},
        std::pair{"average", options.average}})
    check_at_least(name, value, std::int64_t{0});
  for (const auto& [name, value] :
       {std::pair{"min_learning_rate", options.min_learning_rate}, std::pair{"weight_decay", options.weight_decay},
        std::pair{"clip", options.clip}, std::pair{"epsilon", options.epsilon}})
    if (!(value >= 0 && std::isfinite(value))) throw UserError(flag(name) + " is " + shown(value) + "; expected 0 or more");
  if (!(options.learning_rate > 0 && std::isfinite(options.learning_rate)))
    throw UserError("--learning-rate is " + shown(options.learning_rate) + "; expected more than 0");
  check_in_unit_interval("beta1", options.beta1);
  check_in_unit_interval("beta2", options.beta2);
}

bool ends_with_the_run(ScheduleKind schedule) { return schedule == ScheduleKind::kLinear || schedule == ScheduleKind::kCosine; }

void check_schedule(const TrainingOptions& options) {
  const ScheduleKind schedule = schedule_of(options);
  if (options.min_learning_rate >= options.learning_rate && options.min_learning_rate > 0)
    throw UserError("--min-learning-rate is " + shown(options.min_learning_rate) + "; expected less than --learning-rate (" +
                    shown(options.learning_rate) + ")");
  if (schedule == ScheduleKind::kConstant && options.min_learning_rate > 0)
    throw UserError("--min-learning-rate has no effect with --schedule constant", "leave it out, or choose another schedule");
  if (ends_with_the_run(schedule) && !options.steps && !options.epochs)
    throw UserError("--schedule " + std::string(enum_name(schedule)) + " needs to know where the run ends; only --max-minutes is given",
                    "add --steps or --epochs, or --schedule constant");
  if (schedule != options.schedule.value_or(options.default_schedule))
    log_info(
        "only --max-minutes says where the run ends, which is in no step: the learning rate stays at its peak after the warm-up. With "
        "--steps or --epochs it falls (--schedule " +
        std::string(enum_name(options.default_schedule)) + ")");
}

void check_evaluation(const TrainingOptions& options, Validation validation) {
  if (options.patience > 0 && validation == Validation::kAbsent)
    throw UserError("--patience needs validation data", "add the validation files, or leave --patience out");
  if (options.patience > 0 && options.eval_every == 0)
    throw UserError("--patience has no effect with --eval-every 0", "set --eval-every to a number of steps");
  if (options.on_spike == OnSpike::kRewind && options.save_every == 0)
    throw UserError("--on-spike rewind needs checkpoints to go back to; --save-every is 0", "set --save-every to a number of steps");
  if (options.average > 1 && options.save_every == 0)
    throw UserError("--average " + shown(options.average) + " needs that many checkpoints; --save-every is 0",
                    "set --save-every to a number of steps");
  if (options.average > 1 && options.steps && options.save_every > 0) {
    // Checkpoints are at the multiples of save_every and at the end.
    const std::int64_t saved = (*options.steps + *options.save_every - 1) / *options.save_every;
    if (saved < options.average)
      log_warning("--average " + shown(options.average) + ": a run of " + shown(*options.steps) + " steps saves " + shown(saved) +
                  " checkpoints with --save-every " + shown(*options.save_every) + "; their mean is taken");
  }
}

}  // namespace

void validate(TrainingOptions& options, Validation validation) {
  check_ranges(options);
  if (!options.steps && !options.epochs && !options.max_minutes) options.epochs = options.default_epochs;
  if (options.eval_every.value_or(0) > 0 && validation == Validation::kAbsent && options.eval_every != options.default_every)
    log_warning("--eval-every has no effect: there are no validation data");
  if (!options.eval_every) options.eval_every = options.default_every;
  if (!options.save_every) options.save_every = options.default_every;
  if (!options.batch_tokens && !options.batch_size) {
    const BatchBudget& own = options.default_batch;
    (own.tokens > 0 ? options.batch_tokens : options.batch_size) = own.tokens > 0 ? own.tokens : own.sequences;
  }
  check_schedule(options);
  check_evaluation(options, validation);
}

void set_to_epochs(TrainingOptions& options, std::int64_t steps_an_epoch) {
  if (!options.eval_every) options.eval_every = steps_an_epoch;
  if (!options.save_every) options.save_every = steps_an_epoch;
}

ScheduleKind schedule_of(const TrainingOptions& options) {
  if (options.schedule) return *options.schedule;
  const bool has_no_end = options.max_minutes && !options.steps && !options.epochs;
  return has_no_end && ends_with_the_run(options.default_schedule) ? ScheduleKind::kConstant : options.default_schedule;
}

BatchBudget batch_budget(const TrainingOptions& options) {
  if (options.batch_tokens && options.batch_tokens != kFindBatchTokens) return {.tokens = *options.batch_tokens};
  return options.batch_size ? BatchBudget{.sequences = *options.batch_size} : options.default_batch;
}

}  // namespace attend
