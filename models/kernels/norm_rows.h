// LayerNorm (Ba et al. 2016) of a residual connection, and dropout, over rows of a matrix on a CPU.
//
//   s = x + Dropout(sublayer),  n = (s - mean(s)) / sigma,  sigma = sqrt(mean((s - mean(s))^2) + epsilon),  y = n o w + b
//
// Backwards, with g = dy o w (Ba et al. 2016, the derivative of n by s):
//
//   ds = (g - mean(g) - n mean(g o n)) / sigma,  dw = sum_rows dy o n,  db = sum_rows dy
//
// Letters: n a row, E its width.
#pragma once

#include <cstdint>

#include "models/kernels/dropout_mask.h"

namespace attend::kernels {

/// Rows [begin, end) of a matrix `width` wide.
struct RowRange {
  std::int64_t begin, end, width;
};

/// y = x o mask.
void dropout_rows(const RowRange& rows, const float* x, const DropoutMask& mask, float* y);

struct NormForward {
  const float *x, *sublayer, *weight, *bias;  // no sublayer: x alone is normalised
  float *sum, *y, *statistics;                // statistics_N2: mean and 1 / deviation; no sum without a sublayer
  float epsilon;
};

/// `mask` may be none: nothing is dropped.
void norm_rows(const RowRange& rows, const NormForward& io, const DropoutMask* mask);

struct NormBackward {
  const float *sum, *statistics, *weight, *gradient;
  const float* sum_gradient;               // of the sum itself, where it was used besides
  float *x_gradient, *sublayer_gradient;   // the same pointer without dropout
  float *weight_gradient, *bias_gradient;  // this block's own partial sums
};

void norm_rows_backward(const RowRange& rows, const NormBackward& io, const DropoutMask* mask);

}  // namespace attend::kernels
