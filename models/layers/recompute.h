// Blocks that are computed again going backward instead of being kept (gradient checkpointing; Chen et al. 2016, "Training Deep Nets with
// Sublinear Memory Cost", section 4): a model of L blocks keeps the input of each and the inside of one, for a second pass forward.
#pragma once

#include <cstdint>
#include <functional>

#include <torch/types.h>

namespace attend {

/// While it lives, and `is_wanted`, this thread's recomputed() blocks keep nothing but their inputs.
class Recompute {
 public:
  explicit Recompute(bool is_wanted);
  ~Recompute();
  Recompute(const Recompute&) = delete;
  Recompute& operator=(const Recompute&) = delete;

  /// How many blocks were computed so, in this process.
  static std::int64_t num_blocks();

 private:
  bool before_;
};

/// What goes into a block and comes out of it: one tensor, or two.
struct BlockStates {
  torch::Tensor x, second = {};
};
using Block = std::function<BlockStates(const BlockStates&)>;

/// block(states), of the same bits and gradients either way. `block` draws random numbers from torch's default generators alone, which are
/// set back for its second run; what it holds must outlive the backward pass, so it holds copies of what belongs to the batch.
BlockStates recomputed(const Block& block, const BlockStates& states);

}  // namespace attend
