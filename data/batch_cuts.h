// The sequences of an epoch in a random order, cut into batches.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/random.h"

namespace attend {

struct BatchBudget {
  std::int64_t sequences = 32;  ///< a batch
  std::int64_t tokens = 0;      ///< above 0: at most so many tokens instead; a longer sequence is a batch by itself
};
/// Throws UserError for a batch of none.
void check_budget(const BatchBudget& budget);

class BatchCuts {
 public:
  /// Lengths of all sequences, by their own numbers; asked for once, and only where batches are cut by tokens.
  using Lengths = std::function<std::vector<std::uint32_t>()>;

  /// The order is that of Permutation(num_sequences, key). Cut by tokens, it takes 8 bytes a batch, and 4 a sequence meanwhile.
  BatchCuts(std::uint64_t num_sequences, std::uint64_t key, const BatchBudget& budget, const Lengths& lengths);

  std::uint64_t num_batches() const { return num_batches_; }
  /// The numbers of the batch's sequences. Throws std::out_of_range.
  std::vector<std::uint64_t> sequences(std::uint64_t batch) const;

 private:
  std::uint64_t num_sequences_;
  Permutation order_;
  std::uint64_t sequences_a_batch_;
  std::vector<std::uint64_t> starts_;  // cut by tokens, batch i is [starts_[i], starts_[i + 1]) of the order
  std::uint64_t num_batches_ = 0;
};

}  // namespace attend
