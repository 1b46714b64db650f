#include "models/kernels/lstm.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "models/kernels/pieces.h"
#include "models/layers/linear.h"

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

float* data(torch::Tensor& tensor) { return tensor.mutable_data_ptr<float>(); }
const float* data(const torch::Tensor& tensor) { return tensor.const_data_ptr<float>(); }

template <class Row>
void each_row(std::int64_t rows, std::int64_t width, const Row& row) {
  at::parallel_for(0, rows, std::max<std::int64_t>(1, kGrain / (4 * width)), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) row(r);
  });
}

struct CellFunction : torch::autograd::Function<CellFunction> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const torch::Tensor& sums_R4H,
                                                const torch::Tensor& past_RH) {
    auto gates = sums_R4H.clone(torch::MemoryFormat::Contiguous), cell = torch::empty_like(past_RH), hidden = torch::empty_like(past_RH);
    const std::int64_t width = past_RH.size(1);
    each_row(past_RH.size(0), width, [&](std::int64_t r) {
      cell_forward(data(gates) + r * 4 * width, nullptr, data(past_RH) + r * width, data(cell) + r * width, data(hidden) + r * width,
                   width);
    });
    context->save_for_backward({gates, past_RH, cell});
    return {hidden, cell};
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &gates = saved[0], &past = saved[1], &cell = saved[2];
    const auto of_hidden = gradients[0].defined() ? gradients[0].contiguous() : torch::zeros_like(cell);
    auto of_cell = gradients[1].defined() ? gradients[1].clone(torch::MemoryFormat::Contiguous) : torch::zeros_like(cell);
    auto sums = torch::empty_like(gates);
    const std::int64_t width = cell.size(1);
    each_row(cell.size(0), width, [&](std::int64_t r) {
      cell_backward(data(gates) + r * 4 * width, data(past) + r * width, data(cell) + r * width, data(of_hidden) + r * width,
                    data(of_cell) + r * width, data(sums) + r * 4 * width, width);
    });
    return {sums, of_cell};
  }
};

// The state before each token, in time-major order: the first states, then those of the step before, of the rows that go on.
torch::Tensor before(const torch::Tensor& first_BH, const torch::Tensor& states_NH, const std::vector<std::int64_t>& rows) {
  std::vector<torch::Tensor> parts{first_BH};
  std::int64_t start = 0;
  for (std::size_t t = 1; t < rows.size(); ++t) {
    parts.push_back(states_NH.narrow(0, start, rows[t]));
    start += rows[t - 1];
  }
  return torch::cat(parts);
}

struct StepsFunction : torch::autograd::Function<StepsFunction> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const torch::Tensor& sums_N4H,
                                                const torch::Tensor& weight_4HH, const torch::Tensor& first_hidden,
                                                const torch::Tensor& first_cell, const std::vector<std::int64_t>& rows) {
    const std::int64_t width = weight_4HH.size(1);
    auto gates = sums_N4H.clone(torch::MemoryFormat::Contiguous);
    auto hidden = torch::empty({gates.size(0), width}, gates.options()), cell = torch::empty_like(hidden);
    torch::Tensor past_hidden = first_hidden.contiguous(), past_cell = first_cell.contiguous();
    std::int64_t start = 0;
    for (const std::int64_t count : rows) {
      const auto recurrent = matmul::nt(past_hidden.narrow(0, 0, count), weight_4HH);
      each_row(count, width, [&](std::int64_t r) {
        cell_forward(data(gates) + (start + r) * 4 * width, data(recurrent) + r * 4 * width, data(past_cell) + r * width,
                     data(cell) + (start + r) * width, data(hidden) + (start + r) * width, width);
      });
      past_hidden = hidden.narrow(0, start, count);
      past_cell = cell.narrow(0, start, count);
      start += count;
    }
    context->save_for_backward({gates, weight_4HH, first_hidden, first_cell, hidden, cell});
    context->saved_data["rows"] = rows;
    return {hidden, cell};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &gates = saved[0], &weight = saved[1], &hidden = saved[4], &cell = saved[5];
    const auto rows = context->saved_data["rows"].toIntVector();
    const std::int64_t width = weight.size(1);
    auto of_hidden = gradients[0].defined() ? gradients[0].clone(torch::MemoryFormat::Contiguous) : torch::zeros_like(hidden);
    auto of_cell = gradients[1].defined() ? gradients[1].clone(torch::MemoryFormat::Contiguous) : torch::zeros_like(cell);
    const auto cell_before = before(saved[3], cell, rows);
    auto sums = torch::empty_like(gates);
    torch::Tensor first_hidden_gradient, first_cell_gradient;
    std::int64_t start = hidden.size(0);
    for (std::size_t t = rows.size(); t-- > 0;) {
      const std::int64_t count = rows[t];
      start -= count;
      each_row(count, width, [&](std::int64_t r) {
        const std::int64_t at = start + r;
        cell_backward(data(gates) + at * 4 * width, data(cell_before) + at * width, data(cell) + at * width, data(of_hidden) + at * width,
                      data(of_cell) + at * width, data(sums) + at * 4 * width, width);
      });
      const auto of_past_hidden = matmul::nn(sums.narrow(0, start, count), weight), of_past_cell = of_cell.narrow(0, start, count);
      if (t == 0) {
        first_hidden_gradient = of_past_hidden;
        first_cell_gradient = of_past_cell;
      } else {  // the rows that went on are the first of the step before
        of_hidden.narrow(0, start - rows[t - 1], count).add_(of_past_hidden);
        of_cell.narrow(0, start - rows[t - 1], count).add_(of_past_cell);
      }
    }
    return {sums, matmul::tn(sums, before(saved[2], hidden, rows)), first_hidden_gradient, first_cell_gradient, torch::Tensor()};
  }
};

bool runs_here(const torch::Tensor& x) { return x.is_cpu() && x.scalar_type() == torch::kFloat32; }

}  // namespace

LstmState lstm_cell(const torch::Tensor& gates_R4H, const torch::Tensor& cell_RH) {
  if (runs_here(gates_R4H) && runs_here(cell_RH)) {
    const auto next = CellFunction::apply(gates_R4H, cell_RH.contiguous());
    return {.hidden = next[0], .cell = next[1]};
  }
  const auto sums = gates_R4H.chunk(4, 1);
  const auto cell = torch::sigmoid(sums[1]) * cell_RH + torch::sigmoid(sums[0]) * torch::tanh(sums[2]);
  return {.hidden = torch::sigmoid(sums[3]) * torch::tanh(cell), .cell = cell};
}

LstmState lstm_steps(const torch::Tensor& gates_N4H, const torch::Tensor& weight_4HH, const LstmState& first,
                     const std::vector<std::int64_t>& rows) {
  TORCH_CHECK(!rows.empty() && first.hidden.size(0) == rows.front(), "a first state for each sequence");
  if (runs_here(gates_N4H) && runs_here(weight_4HH)) {
    const auto states = StepsFunction::apply(gates_N4H, weight_4HH, first.hidden, first.cell, rows);
    return {.hidden = states[0], .cell = states[1]};
  }
  std::vector<torch::Tensor> hidden, cell;
  LstmState state = first;
  std::int64_t start = 0;
  for (const std::int64_t count : rows) {
    const auto recurrent = linear(state.hidden.narrow(0, 0, count), weight_4HH, torch::Tensor());
    state = lstm_cell(gates_N4H.narrow(0, start, count) + recurrent, state.cell.narrow(0, 0, count));
    hidden.push_back(state.hidden);
    cell.push_back(state.cell);
    start += count;
  }
  return {.hidden = torch::cat(hidden), .cell = torch::cat(cell)};
}

}  // namespace attend
