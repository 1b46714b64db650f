// float32 products on the bfloat16 tiles of a CPU (Intel's AMX), which multiply 16 times as many numbers a cycle as its float32 units.
// Each number is cut into three bfloat16 parts, x = x0 + x1 + x2 to its last bit, and of the nine products of parts those six are summed
// that float32 can see: a0 b0, a0 b1, a1 b0, a0 b2, a1 b1, a2 b0, all sums in float32. The result is as exact as float32's own
// (tests/models/tile_product_test.cpp) where numbers are above 1e-31 or zero: below, the smaller parts leave bfloat16's range, until at
// 1e-38 nothing is left. An infinity in A or B may come out as a NaN.
//
// Letters: N rows, M columns, K the inner dimension.
#pragma once

#include <torch/types.h>

namespace attend {

/// Whether this CPU has such tiles, a_NK and b_KM are float32 matrices on it, and their product is large enough to gain by it.
bool has_tile_product(const torch::Tensor& a_NK, const torch::Tensor& b_KM);

struct TileProduct {
  torch::Tensor bias_M;  ///< may be undefined
  bool adds = false;     ///< to what stands in C
  bool relu = false;
};

/// C = relu(C + A B + bias), of which A B alone is always there. A and B are read as they lie or transposed; C is contiguous, with its own
/// memory. Throws c10::Error for sizes that do not fit.
void tile_product(torch::Tensor& c_NM, const torch::Tensor& a_NK, const torch::Tensor& b_KM, const TileProduct& options = {});
torch::Tensor tile_product(const torch::Tensor& a_NK, const torch::Tensor& b_KM, const TileProduct& options = {});

}  // namespace attend
