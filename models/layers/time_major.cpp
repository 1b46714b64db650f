#include "models/layers/time_major.h"

#include <algorithm>
#include <numeric>

#include <torch/torch.h>

namespace attend {

TimeMajor::TimeMajor(const PackedLayout& layout, Direction direction) {
  const std::vector<std::int64_t>& lengths = layout.lengths();
  std::vector<std::int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return lengths[a] > lengths[b]; });
  std::vector<std::int64_t> row_of(order.size());
  for (std::size_t row = 0; row < order.size(); ++row) row_of[order[row]] = static_cast<std::int64_t>(row);

  std::vector<std::int64_t> token_of, place_of(layout.tokens()), last(order.size());
  for (std::int64_t t = 0; t < layout.longest(); ++t) {
    std::int64_t count = 0;
    for (const std::int64_t b : order) {
      if (lengths[b] <= t) break;
      const std::int64_t token = layout.offsets()[b] + (direction == Direction::kForward ? t : lengths[b] - 1 - t);
      place_of[token] = last[b] = static_cast<std::int64_t>(token_of.size());
      token_of.push_back(token);
      ++count;
    }
    rows_.push_back(count);
  }
  token_of_N_ = ids_tensor(token_of, layout.device());
  place_of_N_ = ids_tensor(place_of, layout.device());
  sequence_of_B_ = ids_tensor(order, layout.device());
  row_of_B_ = ids_tensor(row_of, layout.device());
  last_of_B_ = ids_tensor(last, layout.device());
}

}  // namespace attend
