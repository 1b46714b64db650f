#include "models/layers/lstm.h"

#include <cmath>

#include <ATen/autocast_mode.h>
#include <torch/torch.h>

#include "models/layers/linear.h"

namespace attend {
namespace {

class WithoutAutocast {
 public:
  explicit WithoutAutocast(torch::DeviceType device) : device_(device), was_on_(at::autocast::is_autocast_enabled(device)) {
    at::autocast::set_autocast_enabled(device_, false);
  }
  ~WithoutAutocast() { at::autocast::set_autocast_enabled(device_, was_on_); }
  WithoutAutocast(const WithoutAutocast&) = delete;
  WithoutAutocast& operator=(const WithoutAutocast&) = delete;

 private:
  torch::DeviceType device_;
  bool was_on_;
};

}  // namespace

LstmImpl::LstmImpl(std::int64_t inputs, std::int64_t width)
    : input_weight(register_parameter("input_weight", torch::empty({4 * width, inputs}))),
      hidden_weight(register_parameter("hidden_weight", torch::empty({4 * width, width}))),
      bias(register_parameter("bias", torch::empty({4 * width}))) {}

void LstmImpl::initialize() {
  const torch::NoGradGuard no_gradient;
  const std::int64_t width = hidden_weight.size(1);
  const double reach = 1 / std::sqrt(static_cast<double>(width));
  for (auto& parameter : {input_weight, hidden_weight}) torch::Tensor(parameter).uniform_(-reach, reach);
  bias.zero_();
  bias.narrow(0, width, width).fill_(1);
}

LstmState LstmImpl::first_rows(const LstmState& given, const TimeMajor& time, const torch::TensorOptions& options) const {
  if (given.hidden.defined()) return {.hidden = time.arrange_rows(given.hidden), .cell = time.arrange_rows(given.cell)};
  const auto zeros = torch::zeros({time.rows().front(), hidden_weight.size(1)}, options);
  return {.hidden = zeros, .cell = zeros};
}

LstmImpl::Output LstmImpl::forward(const torch::Tensor& x_NI, const TimeMajor& time, const LstmState& first) const {
  if (!x_NI.is_cpu()) return forward_library(x_NI, time, first);
  const auto gates_N4H = linear(time.arrange(x_NI), input_weight, bias);
  const LstmState states = lstm_steps(gates_N4H, hidden_weight, first_rows(first, time, gates_N4H.options()), time.rows());
  return {.hidden_NH = time.restore(states.hidden), .last = {.hidden = time.last(states.hidden), .cell = time.last(states.cell)}};
}

// Autocast would run cuDNN's LSTM in float16, whatever precision was asked for.
LstmImpl::Output LstmImpl::forward_library(const torch::Tensor& x, const TimeMajor& time, const LstmState& first) const {
  const WithoutAutocast in_full(x.device().type());
  const auto x_NI = x.to(input_weight.scalar_type());
  const LstmState rows = first_rows(first, time, x_NI.options());
  const auto [hidden_NH, last_hidden, last_cell] =
      torch::lstm(time.arrange(x_NI), torch::tensor(time.rows()), {rows.hidden.unsqueeze(0), rows.cell.unsqueeze(0)},
                  {input_weight, hidden_weight, bias, torch::zeros_like(bias)}, /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0,
                  is_training(), /*bidirectional=*/false);
  return {.hidden_NH = time.restore(hidden_NH),
          .last = {.hidden = time.restore_rows(last_hidden.squeeze(0)), .cell = time.restore_rows(last_cell.squeeze(0))}};
}

LstmState LstmImpl::step(const torch::Tensor& x_RI, const LstmState& state) const {
  return lstm_cell(linear(x_RI, input_weight, bias) + linear(state.hidden, hidden_weight, torch::Tensor()), state.cell);
}

}  // namespace attend
