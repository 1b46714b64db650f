// One step of an LSTM's rows on a CPU in float32, forward and backward (equations: models/layers/lstm_steps.h).
//
// Letters: R rows, H width. Tensors are contiguous.
#pragma once

#include <torch/types.h>

namespace attend {

/// gates_R4H holds the sums, to which recurrent_R4H (or undefined) is added; their values are left in it.
void lstm_cell_forward(torch::Tensor gates_R4H, const torch::Tensor& recurrent_R4H, const torch::Tensor& past_RH, torch::Tensor cell_RH,
                       torch::Tensor hidden_RH);

/// gates_R4H are the values. The gradient of the sums is left in sums_R4H, that of the cell before in cell_gradient_RH, which held that of
/// the cell after.
void lstm_cell_backward(const torch::Tensor& gates_R4H, const torch::Tensor& past_RH, const torch::Tensor& cell_RH,
                        const torch::Tensor& hidden_gradient_RH, torch::Tensor cell_gradient_RH, torch::Tensor sums_R4H);

}  // namespace attend
