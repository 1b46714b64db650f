// Cross-entropy of one row of logits, and its gradient in the row's place, on a CPU.
//
//   loss = -sum_v t_v ln p_v,  p = softmax(z),  t = (1 - epsilon) onehot(target) + epsilon / V;   d loss / d z = p - t
#pragma once

#include <cstdint>

namespace attend::kernels {

/// Of one target.
struct RowLoss {
  double loss = 0, log_likelihood = 0;
  bool is_correct = false;
};

/// The target distribution t.
struct Smoothing {
  float on_target, everywhere;  // 1 - epsilon, epsilon / V
  bool wants_gradient;
};

/// One row of logits -> its loss; where asked, the row becomes d loss / d logits = softmax - target distribution.
void softmax_loss_row(float* row, std::int64_t vocab, std::int64_t target, const Smoothing& smoothing, RowLoss& result);

}  // namespace attend::kernels
