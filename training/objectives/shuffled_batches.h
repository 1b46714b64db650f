// The order of the examples of a task with a head, which are few enough for memory.
#pragma once

#include <cstdint>
#include <vector>

#include "data/batch_position.h"

namespace attend {

/// Which examples come when: an epoch is a permutation that is a function of (seed, epoch), cut every `batch_size`. All processes see the
/// same stream and position() is the same on all, so a run may resume with another world.
class ShuffledBatches {
 public:
  /// Throws std::invalid_argument for a rank outside of its world.
  ShuffledBatches(std::size_t num_examples, std::int64_t batch_size, std::uint64_t seed, ProcessRank process = {})
      : num_examples_(num_examples), batch_size_(batch_size), seed_(seed), process_(process) {
    check_rank(process.rank, process.world);
  }

  std::vector<std::size_t> next();
  /// Of the batch that next() will return, on rank 0; other ranks' batches follow it.
  const BatchPosition& position() const { return position_; }
  /// Throws UserError for one that no run can have.
  void seek(const BatchPosition& position);
  /// Of all processes together.
  std::int64_t batches_an_epoch() const { return (static_cast<std::int64_t>(num_examples_) + batch_size_ - 1) / batch_size_; }

 private:
  void step(BatchPosition& position) const;

  std::size_t num_examples_;
  std::int64_t batch_size_;
  std::uint64_t seed_;
  ProcessRank process_;
  BatchPosition position_;
};

}  // namespace attend
