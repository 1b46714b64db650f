// The tokens of a batch step by step: all first tokens, then all second ones, the longest sequences first, so that the sequences that go
// on are always the first rows. What recurrent layers read.
//
// Letters: N tokens, B sequences.
#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "models/layers/packed.h"

namespace attend {

class TimeMajor {
 public:
  /// Backward: each sequence's last token is the first step's.
  enum class Direction { kForward, kBackward };
  explicit TimeMajor(const PackedLayout& layout, Direction direction = Direction::kForward);

  /// rows()[t] sequences have a step t.
  const std::vector<std::int64_t>& rows() const { return rows_; }
  /// Which sequence of the layout each row is, int64 [B].
  const torch::Tensor& sequence_of_rows() const { return sequence_of_B_; }

  /// Packed to time-major and back: x_N...
  torch::Tensor arrange(const torch::Tensor& x) const { return x.index_select(0, token_of_N_); }
  torch::Tensor restore(const torch::Tensor& x) const { return x.index_select(0, place_of_N_); }
  /// Sequences to rows and back: x_B...
  torch::Tensor arrange_rows(const torch::Tensor& x) const { return x.index_select(0, sequence_of_B_); }
  torch::Tensor restore_rows(const torch::Tensor& x) const { return x.index_select(0, row_of_B_); }
  /// Of time-major states those after each sequence's last step: x_N... -> x_B..., in the layout's order.
  torch::Tensor last(const torch::Tensor& x) const { return x.index_select(0, last_of_B_); }

 private:
  std::vector<std::int64_t> rows_;
  torch::Tensor token_of_N_, place_of_N_, sequence_of_B_, row_of_B_, last_of_B_;
};

}  // namespace attend
