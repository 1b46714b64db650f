// Letters: R rows, C columns of what is read.
#include "models/kernels/transpose.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "models/kernels/pieces.h"

namespace attend {
namespace {

using namespace simd;

constexpr std::int64_t kElementsAThread = 16384;

struct Matrix {
  const float* values;
  std::int64_t rows, columns, row_stride;
};

// Columns [begin, end) become rows of y.
ATTEND_SIMD void transpose_columns(const Matrix& a, float* y, std::int64_t begin, std::int64_t end) {
  for (std::int64_t column = begin; column < end; column += kWidth) {
    const std::int64_t width = std::min(kWidth, end - column);
    for (std::int64_t row = 0; row < a.rows; row += kWidth) {
      const std::int64_t height = std::min(kWidth, a.rows - row);
      Floats block[kWidth] = {};
      for (std::int64_t i = 0; i < height; ++i) block[i] = load_piece(a.values + (row + i) * a.row_stride + column, width);
      transpose(block);
      for (std::int64_t i = 0; i < width; ++i) store_piece(y + (column + i) * a.rows + row, block[i], height);
    }
  }
}

}  // namespace

torch::Tensor transposed(const torch::Tensor& a_RC) {
  if (!a_RC.is_cpu() || a_RC.scalar_type() != torch::kFloat32 || a_RC.stride(1) != 1) return a_RC.t().contiguous();
  const Matrix a{a_RC.const_data_ptr<float>(), a_RC.size(0), a_RC.size(1), a_RC.stride(0)};
  auto y_CR = torch::empty({a.columns, a.rows}, a_RC.options());
  float* const y = y_CR.mutable_data_ptr<float>();
  const std::int64_t blocks = (a.columns + kWidth - 1) / kWidth, block_size = std::max<std::int64_t>(1, kWidth * a.rows);
  at::parallel_for(0, blocks, std::max<std::int64_t>(1, kElementsAThread / block_size), [&](std::int64_t begin, std::int64_t end) {
    transpose_columns(a, y, begin * kWidth, std::min(end * kWidth, a.columns));
  });
  return y_CR;
}

}  // namespace attend
