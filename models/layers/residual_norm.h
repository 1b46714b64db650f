// Dropout, and the post-norm residual connection of section 3.1: LayerNorm(x + Dropout(Sublayer(x))), in one pass each way.
//
// Letters: N tokens, E width.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

namespace attend {

/// Drops each element with probability `probability` and scales the others by 1 / (1 - probability). On the CPU which ones is
/// a hash of a number drawn from torch's default generator and the element's place: nothing is stored, and the same seed
/// drops the same elements with any number of threads.
torch::Tensor dropout(const torch::Tensor& x_NE, double probability);

/// LayerNorm(x + Dropout(sublayer)) with parameters weight [E] and bias [E] (Ba et al. 2016).
class ResidualNormImpl : public torch::nn::Module {
 public:
  ResidualNormImpl(std::int64_t width, double epsilon);
  /// x_NE, sublayer_NE -> y_NE; `dropout_probability` is 0 outside training.
  torch::Tensor forward(const torch::Tensor& x_NE, const torch::Tensor& sublayer_NE, double dropout_probability) const;
  torch::Tensor weight, bias;

 private:
  double epsilon_;
};
TORCH_MODULE(ResidualNorm);

}  // namespace attend
