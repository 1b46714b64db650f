// GELU by its tanh approximation (Hendrycks and Gimpel 2016): x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), GPT's activation.
#pragma once

#include <torch/types.h>

namespace attend {

/// x -> y of the same shape, differentiable. On a CPU in float32 without the tanh, which LibTorch's own spends most of its time in.
torch::Tensor gelu_tanh(const torch::Tensor& x);

}  // namespace attend
