// x W^T + b for the few rows of a step of decoding: nearly all of the time is reading W, once, as fast as memory gives it.
#pragma once

#include <torch/types.h>

namespace attend {

inline constexpr std::int64_t kFewRows = 4;

/// Whether few_rows_linear can and is worth it: float32 on a CPU, 1 to kFewRows rows, no gradient wanted.
bool has_few_rows(const torch::Tensor& x_RI, const torch::Tensor& weight_OI);

/// x_RI, weight_OI, bias_O (may be undefined) -> y_RO.
torch::Tensor few_rows_linear(const torch::Tensor& x_RI, const torch::Tensor& weight_OI, const torch::Tensor& bias_O);

}  // namespace attend
