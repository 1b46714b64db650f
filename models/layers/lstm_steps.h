// The steps of an LSTM (Hochreiter and Schmidhuber 1997; with the forget gate of Gers et al. 2000), equations as torch's nn.LSTM has them:
//
//   i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)     g = tanh(a_g)     a = W x + U h_{t-1} + b
//   c_t = f c_{t-1} + i g                                  h_t = o tanh(c_t)
//
// The four gates' rows lie in the order i, f, g, o.
//
// Letters: R rows (sequences) of one step, B rows at the start, N tokens of all rows in time-major order (models/layers/time_major.h), H
// width.
#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace attend {

/// What an LSTM remembers, a row a sequence; or of every token.
struct LstmState {
  torch::Tensor hidden, cell;  ///< [rows, H]
};

/// One step from a's sum: gates_R4H, cell_RH -> the next state. Differentiable. In float32 on a CPU one pass each way.
LstmState lstm_cell(const torch::Tensor& gates_R4H, const torch::Tensor& cell_RH);

/// All steps of many sequences: gates_N4H are W x + b of every token, weight_4HH is U, `first` the states before the first token (rows in
/// the order of the sequences, the longest first). -> the states after every token. rows[t] sequences have a token t; they are the first
/// rows[t] ones. Differentiable; the gradient of U is one product over all steps.
LstmState lstm_steps(const torch::Tensor& gates_N4H, const torch::Tensor& weight_4HH, const LstmState& first,
                     const std::vector<std::int64_t>& rows);

}  // namespace attend
