// What objectives share whose examples are all in memory and come in a shuffled order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "training/objective.h"
#include "training/objectives/shuffled_batches.h"

namespace attend {

class ShuffledObjective : public Objective {
 public:
  Json position() const override;
  /// Throws UserError where the checkpoint is of other examples.
  void seek(const Json& position) override;
  std::int64_t epoch() const override { return batches_.position().epoch; }
  std::int64_t micro_batches_per_epoch() override { return batches_.batches_an_epoch(); }

 protected:
  /// Where the examples come from, for the message of seek().
  struct Source {
    std::filesystem::path file;
    std::string what;       ///< "sentences"
    std::string resume_by;  ///< "file, columns and tokenizer"
  };
  explicit ShuffledObjective(Source source) : source_(std::move(source)), batches_(1, 1, 1) {}

  struct Order {
    std::size_t num_examples = 0;
    std::int64_t batch_size = 1;
    std::uint64_t seed = 1;
    ProcessRank process = {};
    std::string fingerprint;  ///< of all examples and what they are to be answered with
  };
  /// Called once the examples are there.
  void set_order(Order order);
  /// The examples of the next batch.
  std::vector<std::size_t> next_examples() { return batches_.next(); }

 private:
  Source source_;
  std::string fingerprint_;
  ShuffledBatches batches_;
};

}  // namespace attend
