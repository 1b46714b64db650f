// Who may attend to whom, for the kernels that need it as a tensor. True means "may attend", always.
#pragma once

#include <torch/types.h>

#include "models/layers/packed.h"

namespace attend {

/// Whether a query sees keys after its own position (section 3.2.3 of "Attention Is All You Need": the decoder does not).
enum class Causality { kBidirectional, kCausal };

/// B sentences, Q queries, K keys.
class AttentionMask {
 public:
  /// Real keys only; with kCausal also none after the query's position (queries and keys then count from the same start).
  static AttentionMask padded(const PackedLayout& queries, const PackedLayout& keys, Causality causality);

  /// Any bool tensor [B, Q, K]. Asserts dtype and rank.
  explicit AttentionMask(torch::Tensor may_attend_BQK);

  const torch::Tensor& may_attend_BQK() const { return may_attend_BQK_; }

 private:
  torch::Tensor may_attend_BQK_;
};

}  // namespace attend
