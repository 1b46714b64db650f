#include "models/kernels/norm_rows.h"

#include <cmath>

#include "models/kernels/pieces.h"

namespace attend::kernels {

using namespace simd;

ATTEND_SIMD void dropout_rows(const RowRange& rows, const float* x, const DropoutMask& mask, float* y) {
  for (std::int64_t n = rows.begin; n < rows.end; ++n) {
    const auto row = mask.row(n);
    for_each_piece(
        0, rows.width, [&](std::int64_t column, std::int64_t count) __attribute__((always_inline)) {
          const std::int64_t i = n * rows.width + column;
          store_piece(y + i, load_piece(x + i, count) * mask.factors(row, column), count);
        });
  }
}

ATTEND_SIMD void norm_rows(const RowRange& rows, const NormForward& io, const DropoutMask* mask) {
  const float width = static_cast<float>(rows.width);
  for (std::int64_t n = rows.begin; n < rows.end; ++n) {
    const auto row = mask ? mask->row(n) : DropoutMask::Row{};
    const float* sum_row = (io.sublayer ? io.sum : io.x) + n * rows.width;
    Floats total{};
    for_each_piece(
        0, rows.width, [&](std::int64_t column, std::int64_t count) __attribute__((always_inline)) {
          const std::int64_t i = n * rows.width + column;
          Floats value = load_piece(io.x + i, count);
          if (io.sublayer) {
            Floats added = load_piece(io.sublayer + i, count);
            if (mask) added *= mask->factors(row, column);
            value += added;
            store_piece(io.sum + i, value, count);
          }
          total += value;
        });
    const float mean = simd::sum(total) / width;
    Floats squares{};
    for_each_piece(
        0, rows.width, [&](std::int64_t column, std::int64_t count) __attribute__((always_inline)) {
          Floats centred = load_piece(sum_row + column, count) - mean;
          if (count < kWidth)
            for (std::int64_t i = count; i < kWidth; ++i) centred[i] = 0;
          squares += centred * centred;
        });
    const float inverse = 1.0f / std::sqrt(simd::sum(squares) / width + io.epsilon);
    io.statistics[2 * n] = mean;
    io.statistics[2 * n + 1] = inverse;
    for_each_piece(
        0, rows.width, [&](std::int64_t column, std::int64_t count) __attribute__((always_inline)) {
          const Floats normal = (load_piece(sum_row + column, count) - mean) * inverse;
          store_piece(io.y + n * rows.width + column, normal * load_piece(io.weight + column, count) + load_piece(io.bias + column, count),
                      count);
        });
  }
}

ATTEND_SIMD void norm_rows_backward(const RowRange& rows, const NormBackward& io, const DropoutMask* mask) {
  const float width = static_cast<float>(rows.width);
  for (std::int64_t n = rows.begin; n < rows.end; ++n) {
    const auto row = mask ? mask->row(n) : DropoutMask::Row{};
    const float mean = io.statistics[2 * n], inverse = io.statistics[2 * n + 1];
    const std::int64_t start = n * rows.width;
    Floats sum_g{}, sum_gn{};  // of g = dy o w, and of g o normal
    for_each_piece(
        0, rows.width, [&](std::int64_t column, std::int64_t count) __attribute__((always_inline)) {
          const Floats normal = (load_piece(io.sum + start + column, count) - mean) * inverse;
          const Floats dy = load_piece(io.gradient + start + column, count);
          store_piece(io.weight_gradient + column, load_piece(io.weight_gradient + column, count) + dy * normal, count);
          store_piece(io.bias_gradient + column, load_piece(io.bias_gradient + column, count) + dy, count);
          const Floats g = dy * load_piece(io.weight + column, count);
          sum_g += g;
          sum_gn += g * normal;
        });
    const float mean_g = simd::sum(sum_g) / width, mean_gn = simd::sum(sum_gn) / width;
    for_each_piece(
        0, rows.width, [&](std::int64_t column, std::int64_t count) __attribute__((always_inline)) {
          const Floats normal = (load_piece(io.sum + start + column, count) - mean) * inverse;
          const Floats g = load_piece(io.gradient + start + column, count) * load_piece(io.weight + column, count);
          Floats dx = (g - mean_g - normal * mean_gn) * inverse;
          if (io.sum_gradient) dx += load_piece(io.sum_gradient + start + column, count);
          store_piece(io.x_gradient + start + column, dx, count);
          if (mask) store_piece(io.sublayer_gradient + start + column, dx * mask->factors(row, column), count);
        });
  }
}

}  // namespace attend::kernels
