// A matrix as it lies to its transpose as it lies.
#pragma once

#include <torch/types.h>

namespace attend {

/// A contiguous copy of a_RC's transpose, [C, R]. Same values as a.t().contiguous(), which LibTorch copies with one thread.
torch::Tensor transposed(const torch::Tensor& a_RC);

}  // namespace attend
