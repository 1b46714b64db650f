// checkpoints/step-N: a Hugging Face folder with what training needs besides; complete or absent.
//
//   config.json, model.safetensors, tokenizer files   the objective's save()
//   optimizer.safetensors                             running means and step count
//   trainer_state.json                                everything else that decides the bits of the rest of the run
//   manifest.json                                     sizes and SHA-256, written last
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/json.h"
#include "training/objective.h"
#include "training/optimizer.h"
#include "training/spikes.h"

namespace attend {

/// What a run is at the end of a step, beside weights and optimizer state.
struct TrainerState {
  std::int64_t step = 0;    ///< optimizer steps asked for, skipped ones counted
  Json position;            ///< of the data stream
  double seconds = 0;       ///< wall time of the run so far, over all its parts
  std::int64_t tokens = 0;  ///< real tokens trained on
  double loss_sum = 0;      ///< since the last record in metrics.jsonl
  std::int64_t loss_targets = 0;
  double gradient_norm = 0;         ///< of the last step
  std::int64_t evaluated_step = 0;  ///< the last step that was evaluated
  std::optional<double> best = {};  ///< the best metric so far
  std::int64_t best_step = 0;
  Json best_metrics = Json::object();  ///< all metrics of that evaluation
  std::int64_t without_gain = 0;       ///< evaluations in a row that were not better
  std::int64_t skipped_in_a_row = 0;   ///< steps whose gradient was not finite
  LossTrend trend = {};                ///< of the losses, where --on-spike watches them
  std::int64_t rewinds = 0;            ///< to the newest checkpoint, in a row
  std::int64_t slower_until = 0;       ///< the step up to which a rewind has made the learning rate smaller
  double slower_by = 1;                ///< and its factor
  std::int64_t processes = 1;          ///< of the run that saved it
  std::string validation = {};         ///< Objective::validation() of the run that saved it; "" too where an earlier version did
  Json settings = {};                  ///< of the run that saved it

  static void fields(auto& self, auto&& visit) {
    visit("step", self.step, "");
    visit("seconds", self.seconds, "");
    visit("tokens", self.tokens, "");
    visit("loss_sum", self.loss_sum, "");
    visit("loss_targets", self.loss_targets, "");
    visit("gradient_norm", self.gradient_norm, "");
    visit("evaluated_step", self.evaluated_step, "");
    visit("best", self.best, "");
    visit("best_step", self.best_step, "");
    visit("without_gain", self.without_gain, "");
    visit("skipped_in_a_row", self.skipped_in_a_row, "");
    visit("rewinds", self.rewinds, "");
    visit("slower_until", self.slower_until, "");
    visit("slower_by", self.slower_by, "");
    visit("processes", self.processes, "");
    visit("validation", self.validation, "");
  }
};

/// The checkpoints of one output folder.
class Checkpoints {
 public:
  explicit Checkpoints(const std::filesystem::path& output) : folder_(output / "checkpoints") {}

  std::filesystem::path path(std::int64_t step) const { return folder_ / ("step-" + std::to_string(step)); }
  /// Steps of the folders there are, complete or not, ascending.
  std::vector<std::int64_t> steps() const;
  /// The newest whose sizes and hashes are right; each newer one is named in a warning.
  std::optional<std::int64_t> newest_complete() const;

  /// Writes step-N and points `last` at it. Throws StorageError; the checkpoints there were are then as before.
  void save(const TrainerState& state, const Objective& objective, const Optimizer& optimizer) const;
  /// What step-N says of the run. Throws UserError.
  TrainerState state(std::int64_t step) const;
  /// Weights, optimizer state and data position of the checkpoint that has this state. Throws UserError.
  void load(const TrainerState& state, Objective& objective, Optimizer& optimizer) const;

  /// Removes all but the `keep` last, and `best_step`. What a stop saved between the multiples of `save_every` is not
  /// counted, and goes when something newer is there.
  struct Keep {
    std::int64_t keep = 3;
    std::int64_t save_every = 0;
    std::int64_t best_step = 0;
  };
  void prune(const Keep& keep) const;
  /// The last `count` complete steps whose weights are averaged: multiples of `save_every`, and the last of all. What a stop saved in
  /// between is left out, so that a run that was stopped averages the same ones.
  std::vector<std::int64_t> steps_to_average(std::int64_t count, std::int64_t save_every) const;
  /// Removes what a killed process left half written. The caller holds the output folder's lock.
  void remove_leftovers() const;

 private:
  std::filesystem::path folder_;
};

}  // namespace attend
