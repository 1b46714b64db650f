// What a loss over targets is, before it is averaged.
#pragma once

#include <cstdint>

#include <torch/types.h>

namespace attend {

/// Sums over the target tokens of a batch, so that micro-batches add up (gradients are divided by the targets of all).
struct SummedLoss {
  torch::Tensor loss;  ///< scalar, differentiable: label-smoothed cross-entropy, natural logarithm, summed
  std::int64_t num_targets = 0;
  /// float64, where the model is: the sum of log p(target), without smoothing, and how many targets no other id had a higher logit than.
  /// Undefined where they were not counted. A training step does not read them, and so need not wait for them.
  torch::Tensor numbers_2 = {};

  double log_likelihood() const { return numbers_2.defined() ? numbers_2[0].item<double>() : 0; }
  std::int64_t num_correct() const { return numbers_2.defined() ? static_cast<std::int64_t>(numbers_2[1].item<double>()) : 0; }
};

/// Adds everything but the loss.
inline void add_counts(SummedLoss& total, const SummedLoss& loss) {
  total.num_targets += loss.num_targets;
  total.numbers_2 = total.numbers_2.defined() ? total.numbers_2 + loss.numbers_2 : loss.numbers_2;
}

}  // namespace attend
