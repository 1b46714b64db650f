// Position-wise feed-forward network, equation 2: FFN(x) = max(0, x W_1 + b_1) W_2 + b_2, or another activation.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "models/layers/configs.h"
#include "models/layers/linear.h"

namespace attend {

class FeedForwardImpl : public torch::nn::Module {
 public:
  explicit FeedForwardImpl(const FeedForwardConfig& config)
      : inner(register_module("inner", Linear(config.hidden_size, config.inner_size))),
        output(register_module("output", Linear(config.inner_size, config.hidden_size))),
        activation_(config.activation) {}

  /// x_NE -> y_NE.
  torch::Tensor forward(const torch::Tensor& x_NE) const { return output->forward(inner->forward(x_NE, activation_)); }

  Linear inner, output;

 private:
  Activation activation_;
};
TORCH_MODULE(FeedForward);

}  // namespace attend
