// The table of a language model's output: the tokens' embeddings (Press and Wolf 2017), or weights of its own.
#pragma once

#include <memory>

#include <torch/types.h>

#include "models/kernels/panel_weight.h"

namespace attend {

/// The weight and its packed copy, of models that answer in another precision. Made anew for each use; the model owns both.
struct OutputTable {
  OutputTable(const torch::Tensor& weight_VE, const PanelWeight* packed = nullptr) : weight_VE(weight_VE), packed(packed) {}

  /// hidden_RE, bias_V (may be undefined) -> x weight^T + bias, in float32.
  torch::Tensor logits(const torch::Tensor& hidden_RE, const torch::Tensor& bias_V = {}) const;

  torch::Tensor weight_VE;
  const PanelWeight* packed;
};

/// Owned by a model: nothing until it is packed.
using PackedOutput = std::unique_ptr<const PanelWeight>;

}  // namespace attend
