// What layers are made from: plain numbers, which the families' configurations give (no LibTorch here).
#pragma once

#include <cstdint>

#include "models/layers/activation.h"

namespace attend {

/// What a token attends to, and by which equation.
enum class AttentionKind { kFull, kWindow };

struct AttentionConfig {
  std::int64_t hidden_size = 512;
  std::int64_t num_heads = 8;
  double dropout = 0;  ///< on the attention weights, while training
  AttentionKind kind = AttentionKind::kFull;
  std::int64_t window = 0;  ///< of kWindow: tokens that a token sees, itself counted where attention is causal
};

struct FeedForwardConfig {
  std::int64_t hidden_size = 512;
  std::int64_t inner_size = 2048;
  Activation activation = Activation::kRelu;
};

struct ResidualNormConfig {
  std::int64_t width = 512;
  double epsilon = 1e-5;
  double dropout = 0;  ///< on the sublayer's output, while training
};

}  // namespace attend
