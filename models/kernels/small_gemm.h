// Products of matrices too small for a BLAS call: attention over one sentence's tokens.
#pragma once

#include "core/simd.h"

namespace attend::simd {

/// A strided left operand: element (i, k) lies at data[i * row_stride + k * column_stride].
struct Left {
  const float* data;
  std::int64_t row_stride, column_stride;
};

/// A row-major matrix whose rows lie `stride` floats apart.
struct Rows {
  float* data;
  std::int64_t stride;
};
struct ConstRows {
  const float* data;
  std::int64_t stride;
};

struct GemmSize {
  std::int64_t rows, columns, inner;  ///< columns: a multiple of kWidth
};

enum class Accumulate { kNo, kYes };

// One tile of kRows x (kVectors * 16) results held in registers over the whole inner dimension.
template <int kRows, int kVectors, Accumulate kAccumulate>
ATTEND_INLINE void gemm_tile(const Left& a, const ConstRows& b, const Rows& c, std::int64_t inner) {
  Floats sums[kRows][kVectors];
  for (int i = 0; i < kRows; ++i)
    for (int v = 0; v < kVectors; ++v) sums[i][v] = kAccumulate == Accumulate::kYes ? load(c.data + i * c.stride + v * kWidth) : Floats{};
  for (std::int64_t k = 0; k < inner; ++k) {
    Floats row[kVectors];
    for (int v = 0; v < kVectors; ++v) row[v] = load(b.data + k * b.stride + v * kWidth);
    for (int i = 0; i < kRows; ++i) {
      const float factor = a.data[i * a.row_stride + k * a.column_stride];
      for (int v = 0; v < kVectors; ++v) sums[i][v] += factor * row[v];
    }
  }
  for (int i = 0; i < kRows; ++i)
    for (int v = 0; v < kVectors; ++v) store(c.data + i * c.stride + v * kWidth, sums[i][v]);
}

template <int kRows, Accumulate kAccumulate>
ATTEND_INLINE void gemm_rows(const Left& a, const ConstRows& b, const Rows& c, const GemmSize& size) {
  std::int64_t j = 0;
  for (; j + 2 * kWidth <= size.columns; j += 2 * kWidth)
    gemm_tile<kRows, 2, kAccumulate>(a, {b.data + j, b.stride}, {c.data + j, c.stride}, size.inner);
  for (; j < size.columns; j += kWidth) gemm_tile<kRows, 1, kAccumulate>(a, {b.data + j, b.stride}, {c.data + j, c.stride}, size.inner);
}

/// C = A B, or C += A B.
template <Accumulate kAccumulate>
ATTEND_INLINE void small_gemm(const Left& a, const ConstRows& b, const Rows& c, const GemmSize& size) {
  std::int64_t i = 0;
  const auto left = [&](std::int64_t row) { return Left{a.data + row * a.row_stride, a.row_stride, a.column_stride}; };
  const auto result = [&](std::int64_t row) { return Rows{c.data + row * c.stride, c.stride}; };
  for (; i + 4 <= size.rows; i += 4) gemm_rows<4, kAccumulate>(left(i), b, result(i), size);
  for (; i < size.rows; ++i) gemm_rows<1, kAccumulate>(left(i), b, result(i), size);
}

}  // namespace attend::simd
