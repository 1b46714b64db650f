// Sums of gradients by c10d's Reducer: a bucket of them travels as soon as backward has made it, while backward goes on (Li et al. 2020,
// "PyTorch Distributed", section 3.2).
#pragma once

#include <memory>
#include <vector>

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "training/ranks.h"

namespace attend {

/// None where this LibTorch's Reducer is made otherwise than those known here, or the parameters are not all on the CPU. `group` sums on
/// the CPU.
std::unique_ptr<GradientSums> make_gradient_reducer(const c10::intrusive_ptr<c10d::ProcessGroup>& group,
                                                    const std::vector<torch::Tensor>& parameters);

}  // namespace attend
