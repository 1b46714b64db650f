// Encoded examples of a task with a head, in batches: small enough for memory, shuffled by (seed, epoch).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/json.h"
#include "data/batch_position.h"
#include "models/text_model.h"

namespace attend {

/// One sequence as ids, special tokens included.
struct TextExample {
  std::vector<std::int32_t> ids, type_ids;
};

/// The sequences of `chosen`, in that order.
TextBatch pack_examples(const std::vector<TextExample>& examples, const std::vector<std::size_t>& chosen);

/// All examples sorted by length and cut into batches of about `batch_tokens` tokens: for evaluating and answering.
std::vector<std::vector<std::size_t>> batches_by_length(const std::vector<TextExample>& examples, std::int64_t batch_tokens);

/// The length (--max-length) asked for, or a usual one, cut to the model's positions. Throws UserError for one asked for that is less than
/// 1 or more than the positions.
std::int64_t chosen_length(std::optional<std::int64_t> asked, std::int64_t usual, std::int64_t positions);

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
