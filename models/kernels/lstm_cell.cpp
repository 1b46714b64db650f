#include "models/kernels/lstm_cell.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "models/kernels/pieces.h"

namespace attend {
namespace {

using namespace simd;

constexpr std::int64_t kGrain = 8192;  // numbers that are worth waking a thread for

ATTEND_INLINE Floats sigmoid(const Floats& x) { return 1.0f / (1.0f + exp(-x)); }
ATTEND_INLINE Floats tanh(const Floats& x) { return 2.0f / (1.0f + exp(-2.0f * x)) - 1.0f; }

// One row's step. `gates` holds the sums, `recurrent` what is to be added to them (or null); the gates' values are left in `gates`.
ATTEND_SIMD void cell_forward(float* gates, const float* recurrent, const float* past, float* cell, float* hidden, std::int64_t width) {
  for_each_piece(
      0, width, [&](std::int64_t j, std::int64_t count) __attribute__((always_inline)) {
        Floats sum[4];
        for (int k = 0; k < 4; ++k) {
          sum[k] = load_piece(gates + k * width + j, count);
          if (recurrent != nullptr) sum[k] += load_piece(recurrent + k * width + j, count);
        }
        const Floats in = sigmoid(sum[0]), forget = sigmoid(sum[1]), candidate = tanh(sum[2]), out = sigmoid(sum[3]);
        const Floats now = forget * load_piece(past + j, count) + in * candidate;
        store_piece(cell + j, now, count);
        store_piece(hidden + j, out * tanh(now), count);
        store_piece(gates + j, in, count);
        store_piece(gates + width + j, forget, count);
        store_piece(gates + 2 * width + j, candidate, count);
        store_piece(gates + 3 * width + j, out, count);
      });
}

// The gradients of one row's step: of the sums, left in `sums`, and of the cell before, left in `cell_gradient`, which held that of the
// cell after. `gates` are their values.
ATTEND_SIMD void cell_backward(const float* gates, const float* past, const float* cell, const float* hidden_gradient, float* cell_gradient,
                               float* sums, std::int64_t width) {
  for_each_piece(
      0, width, [&](std::int64_t j, std::int64_t count) __attribute__((always_inline)) {
        const Floats in = load_piece(gates + j, count), forget = load_piece(gates + width + j, count);
        const Floats candidate = load_piece(gates + 2 * width + j, count), out = load_piece(gates + 3 * width + j, count);
        const Floats squashed = tanh(load_piece(cell + j, count)), of_hidden = load_piece(hidden_gradient + j, count);
        const Floats of_cell = load_piece(cell_gradient + j, count) + of_hidden * out * (1.0f - squashed * squashed);
        store_piece(sums + j, of_cell * candidate * in * (1.0f - in), count);
        store_piece(sums + width + j, of_cell * load_piece(past + j, count) * forget * (1.0f - forget), count);
        store_piece(sums + 2 * width + j, of_cell * in * (1.0f - candidate * candidate), count);
        store_piece(sums + 3 * width + j, of_hidden * squashed * out * (1.0f - out), count);
        store_piece(cell_gradient + j, of_cell * forget, count);
      });
}

const float* data(const torch::Tensor& tensor) { return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr; }

template <class Row>
void each_row(std::int64_t rows, std::int64_t width, const Row& row) {
  at::parallel_for(0, rows, std::max<std::int64_t>(1, kGrain / (4 * width)), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) row(r);
  });
}

}  // namespace

void lstm_cell_forward(torch::Tensor gates_R4H, const torch::Tensor& recurrent_R4H, const torch::Tensor& past_RH, torch::Tensor cell_RH,
                       torch::Tensor hidden_RH) {
  const std::int64_t width = past_RH.size(1);
  float *gates = gates_R4H.mutable_data_ptr<float>(), *cell = cell_RH.mutable_data_ptr<float>(),
        *hidden = hidden_RH.mutable_data_ptr<float>();
  const float *recurrent = data(recurrent_R4H), *past = data(past_RH);
  each_row(past_RH.size(0), width, [&](std::int64_t r) {
    cell_forward(gates + r * 4 * width, recurrent ? recurrent + r * 4 * width : nullptr, past + r * width, cell + r * width,
                 hidden + r * width, width);
  });
}

void lstm_cell_backward(const torch::Tensor& gates_R4H, const torch::Tensor& past_RH, const torch::Tensor& cell_RH,
                        const torch::Tensor& hidden_gradient_RH, torch::Tensor cell_gradient_RH, torch::Tensor sums_R4H) {
  const std::int64_t width = past_RH.size(1);
  float *of_cell = cell_gradient_RH.mutable_data_ptr<float>(), *sums = sums_R4H.mutable_data_ptr<float>();
  const float *gates = data(gates_R4H), *past = data(past_RH), *cell = data(cell_RH), *of_hidden = data(hidden_gradient_RH);
  each_row(past_RH.size(0), width, [&](std::int64_t r) {
    cell_backward(gates + r * 4 * width, past + r * width, cell + r * width, of_hidden + r * width, of_cell + r * width,
                  sums + r * 4 * width, width);
  });
}

}  // namespace attend
