// What layers are made from: plain numbers, which the families' configurations give (no LibTorch here).
#pragma once

#include <cstdint>

#include "models/layers/activation.h"
#include "models/layers/attention_choice.h"

namespace attend {

struct AttentionConfig {
  std::int64_t hidden_size = 512;
  std::int64_t num_heads = 8;
  double dropout = 0;  ///< on the attention weights, while training
  AttentionChoice choice = {};
  std::int64_t max_positions = 0;  ///< of a kind that knows the longest sequence
  std::int64_t layer = 0;          ///< the layer's number in its model, of a kind that draws by it
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
