// Where a call of attention leaves its weights, where one wants to look at them.
#pragma once

#include <vector>

#include <torch/types.h>

namespace attend {

/// Weights of a call's attention, one a layer: weights_BHQK. Time and memory grow with the square of the length.
struct AttentionRecord {
  std::vector<torch::Tensor> self = {}, cross = {};
};

}  // namespace attend
