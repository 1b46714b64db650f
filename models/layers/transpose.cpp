// Letters: R rows, C columns of what is read.
#include "models/layers/transpose.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "models/layers/pieces.h"

namespace attend {
namespace {

using namespace simd;

constexpr std::int64_t kElementsAThread = 16384;

// Exchanges the off-diagonal blocks of kDistance x kDistance in each pair of rows that far apart: for the distances 8, 4, 2, 1 in turn,
// that transposes 16 x 16 numbers.
template <int kDistance>
ATTEND_INLINE void exchange(Floats (&rows)[kWidth]) {
  Ints upper, lower;  // lanes 0 to 15 are the first row's, 16 to 31 the second's
  for (int lane = 0; lane < kWidth; ++lane) {
    upper[lane] = lane & kDistance ? kWidth + lane - kDistance : lane;
    lower[lane] = lane & kDistance ? kWidth + lane : lane + kDistance;
  }
  for (int i = 0; i < kWidth; ++i) {
    if (i & kDistance) continue;
    const Floats first = rows[i], second = rows[i + kDistance];
    rows[i] = __builtin_shuffle(first, second, upper);
    rows[i + kDistance] = __builtin_shuffle(first, second, lower);
  }
}

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
      exchange<8>(block);
      exchange<4>(block);
      exchange<2>(block);
      exchange<1>(block);
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
