// A layer of an LSTM in one direction: all steps in one call, or one step of many rows (equations: models/layers/lstm_steps.h).
//
// Letters: N tokens (packed), B sequences, R rows of one step, I inputs, H width.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "models/layers/lstm_steps.h"
#include "models/layers/time_major.h"

namespace attend {

class LstmImpl : public torch::nn::Module {
 public:
  LstmImpl(std::int64_t inputs, std::int64_t width);

  struct Output {
    torch::Tensor hidden_NH;  ///< after every token, packed
    LstmState last;           ///< after each sequence's last step, a row a sequence of the layout
  };
  /// Over whole sequences: x_NI, `time` of their layout, `first` (rows of the layout; undefined tensors are zeros).
  Output forward(const torch::Tensor& x_NI, const TimeMajor& time, const LstmState& first = {}) const;
  /// The same through LibTorch's LSTM, which is cuDNN's on a GPU. What forward() takes where a CPU's own kernel does not run.
  Output forward_library(const torch::Tensor& x, const TimeMajor& time, const LstmState& first = {}) const;
  /// One token a row: x_RI -> the next state.
  LstmState step(const torch::Tensor& x_RI, const LstmState& state) const;

  /// Uniform in +-1 / sqrt(H), as torch's; the forget gate's bias is 1 (Jozefowicz et al. 2015).
  void initialize();

  torch::Tensor input_weight, hidden_weight, bias;  ///< W [4H, I], U [4H, H], b [4H]

 private:
  LstmState first_rows(const LstmState& given, const TimeMajor& time, const torch::TensorOptions& options) const;
};
TORCH_MODULE(Lstm);

}  // namespace attend
