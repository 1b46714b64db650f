// Every setting of the training loop. What belongs to a model or a task (dropout, label smoothing) is not here.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "core/fields.h"
#include "data/batch_cuts.h"

namespace attend {

enum class ScheduleKind { kInverseSqrt, kLinear, kCosine, kConstant };
template <>
struct EnumNames<ScheduleKind> {
  static constexpr std::array values{std::pair{ScheduleKind::kInverseSqrt, "inverse-sqrt"}, std::pair{ScheduleKind::kLinear, "linear"},
                                     std::pair{ScheduleKind::kCosine, "cosine"}, std::pair{ScheduleKind::kConstant, "constant"}};
};

enum class OptimizerKind { kAdam, kAdamW };
template <>
struct EnumNames<OptimizerKind> {
  static constexpr std::array values{std::pair{OptimizerKind::kAdam, "adam"}, std::pair{OptimizerKind::kAdamW, "adamw"}};
};

/// bfloat16: matrix products in bfloat16 by autocast; weights, gradients and optimizer state stay in float32.
enum class TrainingPrecision { kFloat32, kBfloat16 };
template <>
struct EnumNames<TrainingPrecision> {
  static constexpr std::array values{std::pair{TrainingPrecision::kFloat32, "float32"},
                                     std::pair{TrainingPrecision::kBfloat16, "bfloat16"}};
};

enum class OnNan { kStop, kSkip };
template <>
struct EnumNames<OnNan> {
  static constexpr std::array values{std::pair{OnNan::kStop, "stop"}, std::pair{OnNan::kSkip, "skip"}};
};

enum class OnSpike { kIgnore, kRewind };
template <>
struct EnumNames<OnSpike> {
  static constexpr std::array values{std::pair{OnSpike::kIgnore, "ignore"}, std::pair{OnSpike::kRewind, "rewind"}};
};

/// batch_tokens where memory is to decide: --batch-tokens auto (training/batch_memory.h).
inline constexpr std::int64_t kFindBatchTokens = std::numeric_limits<std::int64_t>::min();

struct TrainingOptions {
  std::optional<std::int64_t> steps;
  std::optional<std::int64_t> epochs;
  std::optional<double> max_minutes;
  std::optional<std::int64_t> batch_tokens;  ///< one of the two, or neither: default_batch then
  std::optional<std::int64_t> batch_size;
  std::int64_t accumulate = 1;
  double learning_rate = 1e-3;
  std::optional<ScheduleKind> schedule;
  std::int64_t warmup_steps = 1000;
  double min_learning_rate = 0;
  OptimizerKind optimizer = OptimizerKind::kAdam;
  double beta1 = 0.9;
  double beta2 = 0.98;
  double epsilon = 1e-9;
  double weight_decay = 0;
  double clip = 1.0;
  std::optional<std::int64_t> eval_every;
  std::optional<std::int64_t> save_every;
  std::int64_t keep = 3;
  bool tensorboard = false;
  bool recompute = false;
  bool shard_optimizer = false;
  bool tf32 = false;
  std::int64_t patience = 0;
  std::int64_t average = 0;
  std::int64_t log_every = 50;
  OnNan on_nan = OnNan::kStop;
  OnSpike on_spike = OnSpike::kIgnore;
  double spike_deviations = 6;
  // Flags of every command, so not in the field list; settings() has them.
  std::uint64_t seed = 1;
  TrainingPrecision precision = TrainingPrecision::kFloat32;
  std::int64_t threads = 0;
  // The command's own, where none is given.
  BatchBudget default_batch{.tokens = 4096};
  std::int64_t default_epochs = 10;
  ScheduleKind default_schedule = ScheduleKind::kInverseSqrt;  ///< constant after the warm-up where it has no end: with max_minutes alone
  std::optional<std::int64_t> default_every = 500;             ///< of eval_every and save_every; nothing: an epoch (set_to_epochs)

  static void fields(auto& self, auto&& visit) {
    visit("steps", self.steps, "stop after this many optimizer steps");
    visit("epochs", self.epochs, "stop after this many passes over the data; the default where no other end is given");
    visit("max_minutes", self.max_minutes, "stop after this much wall time, earlier parts of a resumed run counted");
    visit("batch_tokens", self.batch_tokens,
          "real tokens in a batch, at most; of sentence pairs, both sides together; auto: what memory allows");
    visit("batch_size", self.batch_size, "sentences, pairs or sequences in a batch, instead of a number of tokens");
    visit("accumulate", self.accumulate, "batches whose gradients are added up for one step");
    visit("learning_rate", self.learning_rate, "peak learning rate");
    visit("schedule", self.schedule, "how the learning rate changes after the warm-up");
    visit("warmup_steps", self.warmup_steps, "steps over which the learning rate rises from 0 to its peak");
    visit("min_learning_rate", self.min_learning_rate, "where the schedule ends (linear, cosine) or its floor (inverse-sqrt)");
    visit("optimizer", self.optimizer, "adam (weight decay as an L2 term) or adamw (decoupled)");
    visit("beta1", self.beta1, "decay of the gradient's running mean");
    visit("beta2", self.beta2, "decay of the squared gradient's running mean");
    visit("epsilon", self.epsilon, "added to the root of the squared gradient's mean");
    visit("weight_decay", self.weight_decay, "of matrices and embeddings; never of biases and layer norms");
    visit("clip", self.clip, "largest norm of the whole gradient; 0: no clipping");
    visit("eval_every", self.eval_every, "steps between evaluations; 0: only at the end");
    visit("save_every", self.save_every, "steps between checkpoints; 0: only at the end");
    visit("keep", self.keep, "how many of the last checkpoints are kept, beside the best");
    visit("patience", self.patience, "stop after this many evaluations in a row without a better one; 0: never");
    visit("average", self.average, "at the end, write the mean of this many last checkpoints; 0: the best model");
    visit("log_every", self.log_every, "steps between records in metrics.jsonl");
    visit("tensorboard", self.tensorboard, "write the records as TensorBoard's event files too, into the output's folder tensorboard");
    visit("recompute", self.recompute, "keep the input of each block and compute its inside again going backward: less memory, more time");
    visit("shard_optimizer", self.shard_optimizer,
          "of several processes each keeps the optimizer's state of its share of the weights alone");
    visit("tf32", self.tf32, "on a GPU, products of float32 with 10 bits of the fraction instead of 23: faster, less exact");
    visit("on_nan", self.on_nan, "what to do with a step whose loss or gradient is not finite");
    visit("on_spike", self.on_spike,
          "rewind: where the loss jumps and stays up, or is not finite, go back to the last checkpoint, with other data and for a while "
          "half the learning rate");
    visit("spike_deviations", self.spike_deviations, "a loss is high from this many standard deviations above its running mean on");
  }
};

/// Checks ranges and combinations, and sets what was not given to the command's own. Throws UserError; logs a warning for
/// settings that are allowed and probably not meant. `has_validation`: whether the run can evaluate.
enum class Validation { kAbsent, kPresent };
void validate(TrainingOptions& options, Validation validation);

/// Evaluations and checkpoints after each epoch of so many steps, where no number of steps was given.
void set_to_epochs(TrainingOptions& options, std::int64_t steps_an_epoch);

/// What `schedule` says, or the command's own.
ScheduleKind schedule_of(const TrainingOptions& options);

/// What batch_tokens or batch_size says.
BatchBudget batch_budget(const TrainingOptions& options);

}  // namespace attend
