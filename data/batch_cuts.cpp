#include "data/batch_cuts.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "core/error.h"

namespace attend {
namespace {

/// Positions of the order where batches begin, and its end.
std::vector<std::uint64_t> cut_by_tokens(const std::vector<std::uint32_t>& lengths, const Permutation& order, std::uint64_t most) {
  std::vector<std::uint64_t> starts{0};
  std::uint64_t tokens = 0;
  for (std::uint64_t i = 0; i < lengths.size(); ++i) {
    const std::uint32_t length = lengths[order(i)];
    if (tokens > 0 && tokens + length > most) {
      starts.push_back(i);
      tokens = 0;
    }
    tokens += length;
  }
  starts.push_back(lengths.size());
  return starts;
}

}  // namespace

void check_budget(const BatchBudget& budget) {
  if (budget.tokens < 0 || (budget.tokens == 0 && budget.sequences < 1))
    throw UserError("a batch of " + std::to_string(budget.tokens == 0 ? budget.sequences : budget.tokens) +
                    " was asked for; expected at least 1");
}

BatchCuts::BatchCuts(std::uint64_t num_sequences, std::uint64_t key, const BatchBudget& budget, const Lengths& lengths)
    : num_sequences_(num_sequences), order_(num_sequences, key), sequences_a_batch_(static_cast<std::uint64_t>(budget.sequences)) {
  if (budget.tokens > 0) {
    starts_ = cut_by_tokens(lengths(), order_, static_cast<std::uint64_t>(budget.tokens));
    num_batches_ = starts_.size() - 1;
  } else {
    num_batches_ = num_sequences / sequences_a_batch_ + (num_sequences % sequences_a_batch_ > 0 ? 1 : 0);
  }
}

std::vector<std::uint64_t> BatchCuts::sequences(std::uint64_t batch) const {
  if (batch >= num_batches_) throw std::out_of_range("batch " + std::to_string(batch) + " of " + std::to_string(num_batches_));
  const std::uint64_t begin = starts_.empty() ? batch * sequences_a_batch_ : starts_[batch];
  const std::uint64_t end = starts_.empty() ? begin + std::min(sequences_a_batch_, num_sequences_ - begin) : starts_[batch + 1];
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = begin; i < end; ++i) numbers.push_back(order_(i));
  return numbers;
}

}  // namespace attend
