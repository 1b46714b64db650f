#include "models/layers/lstm_steps.h"

#include <torch/torch.h>

#include "models/kernels/lstm_cell.h"
#include "models/layers/linear.h"

namespace attend {
namespace {

struct CellFunction : torch::autograd::Function<CellFunction> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const torch::Tensor& sums_R4H,
                                                const torch::Tensor& past_RH) {
    auto gates = sums_R4H.clone(torch::MemoryFormat::Contiguous), cell = torch::empty_like(past_RH), hidden = torch::empty_like(past_RH);
    lstm_cell_forward(gates, {}, past_RH, cell, hidden);
    context->save_for_backward({gates, past_RH, cell});
    return {hidden, cell};
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor &gates = saved[0], &past = saved[1], &cell = saved[2];
    const auto of_hidden = gradients[0].defined() ? gradients[0].contiguous() : torch::zeros_like(cell);
    auto of_cell = gradients[1].defined() ? gradients[1].clone(torch::MemoryFormat::Contiguous) : torch::zeros_like(cell);
    auto sums = torch::empty_like(gates);
    lstm_cell_backward(gates, past, cell, of_hidden, of_cell, sums);
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
      const auto recurrent = matmul::nt(past_hidden.narrow(0, 0, count), weight_4HH).to(torch::kFloat32);
      const auto next_hidden = hidden.narrow(0, start, count), next_cell = cell.narrow(0, start, count);
      lstm_cell_forward(gates.narrow(0, start, count), recurrent, past_cell.narrow(0, 0, count), next_cell, next_hidden);
      past_hidden = next_hidden;
      past_cell = next_cell;
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
    auto of_hidden = gradients[0].defined() ? gradients[0].clone(torch::MemoryFormat::Contiguous) : torch::zeros_like(hidden);
    auto of_cell = gradients[1].defined() ? gradients[1].clone(torch::MemoryFormat::Contiguous) : torch::zeros_like(cell);
    const auto cell_before = before(saved[3], cell, rows);
    auto sums = torch::empty_like(gates);
    torch::Tensor first_hidden_gradient, first_cell_gradient;
    std::int64_t start = hidden.size(0);
    for (std::size_t t = rows.size(); t-- > 0;) {
      const std::int64_t count = rows[t];
      start -= count;
      const auto of_step = [&](const torch::Tensor& x) { return x.narrow(0, start, count); };
      lstm_cell_backward(of_step(gates), of_step(cell_before), of_step(cell), of_step(of_hidden), of_step(of_cell), of_step(sums));
      const auto of_past_hidden = matmul::nn(of_step(sums), weight), of_past_cell = of_step(of_cell);
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
