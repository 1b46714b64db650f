// The order of the examples of a task with a head, which are few enough for memory.
#pragma once

#include <cstdint>
#include <vector>

#include "data/batch_position.h"

namespace attend {

/// Which examples come when: an epoch is a permutation that is a function of (seed, epoch), cut every `batch_size`.
class ShuffledBatches {
 public:
  ShuffledBatches(std::size_t num_examples, std::int64_t batch_size, std::uint64_t seed)
      : num_examples_(num_examples), batch_size_(batch_size), seed_(seed) {}

  std::vector<std::size_t> next();
  const BatchPosition& position() const { return position_; }
  /// Throws UserError for one that no run can have.
  void seek(const BatchPosition& position);
  std::int64_t batches_an_epoch() const { return (static_cast<std::int64_t>(num_examples_) + batch_size_ - 1) / batch_size_; }

 private:
  std::size_t num_examples_;
  std::int64_t batch_size_;
  std::uint64_t seed_;
  BatchPosition position_;
};

}  // namespace attend
