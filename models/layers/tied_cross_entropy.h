// The output projection and the loss in one: logits are made a few rows at a time, at real targets only, and turned into
// their own gradient in place, so that [targets, vocabulary] never stands in memory, let alone twice.
#pragma once

#include <vector>

#include <torch/types.h>

#include "models/layers/loss.h"
#include "models/layers/output_table.h"

namespace attend {

/// Cross-entropy of softmax(x table^T + bias) against targets, label-smoothed by epsilon (section 5.4; Szegedy et al. 2016):
/// the target distribution is (1 - epsilon) onehot + epsilon / V. Summed, in nats.
///
/// hidden_TE, table [V, E] (the tied embedding), bias_V (may be undefined), targets (T ids).
SummedLoss tied_cross_entropy(const torch::Tensor& hidden_TE, const OutputTable& table, const torch::Tensor& bias_V,
                              const std::vector<std::int64_t>& targets, double label_smoothing);

/// ln p(target) of each row, by the same means. No gradient.
std::vector<float> tied_log_probabilities(const torch::Tensor& hidden_TE, const OutputTable& table,
                                          const std::vector<std::int64_t>& targets);

}  // namespace attend
