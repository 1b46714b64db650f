// Who may attend to whom, for the kernels that need it as a tensor. True means "may attend", always.
#pragma once

#include <torch/types.h>

#include "models/layers/packed.h"

namespace attend {

/// Whether a query sees keys after its own position (section 3.2.3 of "Attention Is All You Need": the decoder does not).
enum class Causality { kBidirectional, kCausal };

/// How far a query at position q sees: the keys q - left to q + right.
struct Reach {
  static constexpr std::int64_t kAll = std::int64_t{1} << 40;  // more than any sequence has
  std::int64_t left = kAll, right = kAll;

  /// With a window of w tokens a causal query sees itself and the w - 1 before it, a bidirectional one w / 2 on each side (as in
  /// Longformer, Beltagy et al. 2020, section 3.1); 0: no window.
  static Reach of(Causality causality, std::int64_t window = 0) {
    const bool is_causal = causality == Causality::kCausal;
    const std::int64_t side = window == 0 ? kAll : is_causal ? window - 1 : window / 2;
    return {.left = side, .right = is_causal ? 0 : side};
  }
};

/// B sentences, Q queries, K keys.
class AttentionMask {
 public:
  /// Real keys only, and of those what the query reaches (queries and keys then count from the same start).
  static AttentionMask padded(const PackedLayout& queries, const PackedLayout& keys, const Reach& reach);

  /// Any bool tensor [B, Q, K]. Asserts dtype and rank.
  explicit AttentionMask(torch::Tensor may_attend_BQK);

  const torch::Tensor& may_attend_BQK() const { return may_attend_BQK_; }

 private:
  torch::Tensor may_attend_BQK_;
};

}  // namespace attend
