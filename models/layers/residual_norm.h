// Dropout, and residual connections with their norm in one pass each way: post-norm, LayerNorm(x + Dropout(Sublayer(x))) (section 3.1),
// and pre-norm, x + Dropout(Sublayer(LayerNorm(x))) (Radford et al. 2019, section 2.3).
//
// Letters: N tokens, E width.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include "models/layers/configs.h"
#include "models/layers/recompute.h"

namespace attend {

/// Drops each element with probability `probability` and scales the others by 1 / (1 - probability). On the CPU which ones is
/// a hash of a number drawn from torch's default generator and the element's place: nothing is stored, and the same seed
/// drops the same elements with any number of threads.
torch::Tensor dropout(const torch::Tensor& x_NE, double probability);

/// The same as a module, which knows its rate and whether it is training.
class DropoutImpl : public torch::nn::Module {
 public:
  explicit DropoutImpl(double probability) : probability_(probability) {}
  torch::Tensor forward(const torch::Tensor& x_NE) const { return dropout(x_NE, is_training() ? probability_ : 0); }

 private:
  double probability_;
};
TORCH_MODULE(Dropout);

/// LayerNorm(x + Dropout(sublayer)) with parameters weight [E] and bias [E] (Ba et al. 2016).
class ResidualNormImpl : public torch::nn::Module {
 public:
  explicit ResidualNormImpl(const ResidualNormConfig& config);
  /// x_NE, sublayer_NE -> y_NE.
  torch::Tensor forward(const torch::Tensor& x_NE, const torch::Tensor& sublayer_NE) const;
  /// LayerNorm alone: x_NE -> y_NE.
  torch::Tensor forward(const torch::Tensor& x_NE) const;
  struct Sum {
    torch::Tensor sum_NE, normed_NE;
  };
  /// x + Dropout(sublayer), and LayerNorm of it.
  Sum add(const torch::Tensor& x_NE, const torch::Tensor& sublayer_NE) const;
  torch::Tensor weight, bias;

 private:
  double dropout_probability() const { return is_training() ? config_.dropout : 0; }

  ResidualNormConfig config_;
};
TORCH_MODULE(ResidualNorm);

/// The residual stream of a pre-norm model: sub-layers read LayerNorm(x) and add to x. An addition waits for the norm that follows, which
/// drops out of it what is to be dropped.
class ResidualStream {
 public:
  /// x, and what waits.
  explicit ResidualStream(BlockStates states) : x_NE_(std::move(states.x)), waiting_NE_(std::move(states.second)) {}
  BlockStates states() const { return {x_NE_, waiting_NE_}; }

  /// LayerNorm(x).
  torch::Tensor normed(const ResidualNorm& norm);
  /// x becomes x + Dropout(sublayer). A norm stands between two additions.
  void add(torch::Tensor sublayer_NE);

 private:
  torch::Tensor x_NE_, waiting_NE_;  // what is to be added to x, or undefined
};

}  // namespace attend
