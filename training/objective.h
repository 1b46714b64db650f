// What the trainer knows of a model and its data: nothing but this. A task (translation, masked words, the next token,
// classes) is an Objective; the trainer never sees a family.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include "core/json.h"
#include "core/sample.h"
#include "inference/sharing.h"
#include "metrics/score.h"
#include "models/interfaces.h"

namespace attend {

/// The part of a step's batch that goes through the model at once. What it holds besides is the objective's own.
struct MicroBatch {
  virtual ~MicroBatch() = default;
  /// Predictions that each term of the loss is summed over, known before any of it is computed. Most losses have one term; that of
  /// BERT's pretraining has two, masked words and next sentences. A count may be 0.
  std::vector<std::int64_t> num_targets;
  std::int64_t num_tokens = 0;  ///< real tokens read, all sides together: what tokens/s counts
};

/// Which metric of an evaluation decides which model is kept, and when to stop early.
struct BestMetric {
  enum class Direction { kLower, kHigher };
  std::string name = "loss";
  Direction direction = Direction::kLower;

  /// Strictly; a NaN is never better.
  bool is_better(double candidate, double than) const { return direction == Direction::kLower ? candidate < than : candidate > than; }
};

/// What the model card says of a run beyond its settings.
struct CardFacts {
  std::string title;                                      ///< "Translation model (marian, 2.6 M parameters)"
  std::string library_tag;                                ///< "translation": Hugging Face's pipeline tag
  std::vector<std::pair<std::string, std::string>> data;  ///< {"train source", "train.de (29000 lines)"}
  std::string usage;                                      ///< the command that uses the model, its folder as {folder}
};

class Objective {
 public:
  virtual ~Objective() = default;

  /// The module that is trained: its named parameters that require a gradient, in a fixed order.
  virtual torch::nn::Module& model() = 0;

  /// The next micro-batch of an endless stream, which is a function of the seed and the position alone.
  virtual std::unique_ptr<MicroBatch> next() = 0;
  /// The terms, each summed over its targets in `batch` and differentiable; the trainer divides each by its own targets of the whole
  /// step, and adds them. Draws dropout from torch's default generator, which the trainer has seeded for this micro-batch.
  virtual std::vector<SummedLoss> loss(const MicroBatch& batch) = 0;

  /// Where the stream stands: enough for seek() to give the same micro-batches in a new process.
  virtual Json position() const = 0;
  virtual void seek(const Json& position) = 0;
  /// Whole passes over the data that are behind the micro-batch next() will return.
  virtual std::int64_t epoch() const = 0;
  /// Micro-batches in the first epoch, of all processes together; the others may differ by a few. For schedules and the time left.
  virtual std::int64_t micro_batches_per_epoch() = 0;

  /// Batches of at most so many real tokens, also in evaluations; the stream begins anew. Not for tasks whose batches are counted in
  /// sequences.
  virtual void set_batch_tokens(std::int64_t) { throw std::logic_error("batches of this task are counted in sequences"); }

  /// False where the run has no validation data; evaluate() is not called then.
  virtual bool can_evaluate() const = 0;
  /// On all validation data, in evaluation mode (the trainer sets it), without gradients; shared among the processes where the task's
  /// measures can be, else each computes them all. Nothing where a stop was requested meanwhile: the trainer saves, and evaluates again
  /// when resumed.
  virtual std::optional<Metrics> evaluate(const Sharing& sharing) = 0;
  /// A few answers of the last evaluate(), of the first process; the same inputs each time. Empty for tasks that write no text.
  virtual std::vector<Sample> samples() const { return {}; }
  virtual BestMetric best_metric() const = 0;
  /// A hash of the data that evaluate() measures on; "" without any. Models measured on other data do not compare.
  virtual std::string validation() const = 0;

  /// Writes a complete folder, ready for `attend` and for transformers: model, config, generation config, tokenizer.
  /// Each file is complete or absent. Throws StorageError.
  virtual void save(const std::filesystem::path& folder) const = 0;
  /// Sets the parameters and buffers of model() to those of a folder that save() wrote. Throws UserError.
  virtual void load(const std::filesystem::path& folder) = 0;

  /// What decides the bits of the run beside TrainingOptions: model, data, tokenizer, as they go into run.toml and are
  /// compared when a run is resumed.
  virtual Json settings() const = 0;
  virtual CardFacts card() const = 0;
};

}  // namespace attend
