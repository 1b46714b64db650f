#include "training/objectives/shuffled_batches.h"

#include <algorithm>

#include "core/random.h"

namespace attend {

std::vector<std::size_t> ShuffledBatches::next() {
  BatchPosition own = position_;
  for (int i = 0; i < process_.rank; ++i) step(own);
  for (int i = 0; i < process_.world; ++i) step(position_);
  const Permutation order(num_examples_, mix_seed(seed_, "example order", {static_cast<std::uint64_t>(own.epoch)}));
  const auto begin = static_cast<std::size_t>(own.batch * batch_size_);
  const std::size_t end = std::min(begin + static_cast<std::size_t>(batch_size_), num_examples_);
  std::vector<std::size_t> chosen;
  for (std::size_t i = begin; i < end; ++i) chosen.push_back(order(i));
  return chosen;
}

void ShuffledBatches::step(BatchPosition& position) const {
  if (++position.batch == batches_an_epoch()) position = {.epoch = position.epoch + 1, .batch = 0};
}

void ShuffledBatches::seek(const BatchPosition& position) {
  check_position(position);
  if (position.batch >= batches_an_epoch()) report_past_epoch(position.batch, batches_an_epoch());
  position_ = position;
}

}  // namespace attend
