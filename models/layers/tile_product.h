// float32 products on the bfloat16 tiles of a CPU (Intel's AMX), which multiply 32 times as many numbers a cycle as its float32 units.
// Each number is cut into three bfloat16 parts, x = x0 + x1 + x2 to its last bit, and of the nine products of parts those six are summed
// that float32 can see: a0 b0 + (a0 b1 + a1 b0) + (a0 b2 + a1 b1 + a2 b0), the small ones first, all sums in float32. The result is as
// exact as float32's own (tests/models/tile_product_test.cpp); an infinity in A or B may come out as a NaN.
//
// Letters: N rows, M columns, K the inner dimension.
#pragma once

#include <torch/types.h>

namespace attend {

/// Whether this CPU has such tiles, the tensors are float32 on it, and the product of a_NK and b_KM is large enough to gain by it.
bool has_tile_product(const torch::Tensor& a_NK, const torch::Tensor& b_KM);

struct TileProduct {
  torch::Tensor bias_M;  ///< may be undefined
  bool adds = false;     ///< to what stands in C
  bool relu = false;
};

/// C = relu(C + A B + bias), of which A B alone is always there. A and B as they lie or transposed; C contiguous, with its own memory.
void tile_product(torch::Tensor& c_NM, const torch::Tensor& a_NK, const torch::Tensor& b_KM, const TileProduct& options = {});
torch::Tensor tile_product(const torch::Tensor& a_NK, const torch::Tensor& b_KM, const TileProduct& options = {});

}  // namespace attend
