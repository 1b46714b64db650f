// What a loss over targets is, before it is averaged.
#pragma once

#include <cstdint>

#include <torch/types.h>

namespace attend {

/// Sums over the target tokens of a batch, so that micro-batches add up (gradients are divided by the targets of all).
struct SummedLoss {
  torch::Tensor loss;         ///< scalar, differentiable: label-smoothed cross-entropy, natural logarithm, summed
  double log_likelihood = 0;  ///< sum of log p(target), without smoothing
  std::int64_t num_targets = 0;
  std::int64_t num_correct = 0;  ///< targets that no other id had a higher logit than
};

/// Adds everything but the tensor.
inline void add_counts(SummedLoss& total, const SummedLoss& loss) {
  total.log_likelihood += loss.log_likelihood;
  total.num_targets += loss.num_targets;
  total.num_correct += loss.num_correct;
}

}  // namespace attend
