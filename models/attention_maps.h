// What a model's tokens attend to, where one wants to look at it.
#pragma once

#include <limits>
#include <vector>

#include <torch/torch.h>

namespace attend {

/// Weights of a call's attention, one a layer: weights_BHQK. Kept while they are wanted; time and memory grow with the square of the
/// length.
struct AttentionRecord {
  std::vector<torch::Tensor> self = {}, cross = {};
};

/// Which text looks at which.
enum class AttentionPart {
  kEncoder,  ///< what is read, at itself
  kDecoder,  ///< what has been written, at itself
  kCross,    ///< what is written, at what was read
};

/// One part of a model, for one text or pair.
struct AttentionMaps {
  AttentionPart part = AttentionPart::kEncoder;
  torch::Tensor weights_LHQK;  ///< float32, on the CPU; NaN where nothing is computed: the future, what a sparse kind leaves out
};

/// The maps of a record of one sequence. `zero_is_nothing`: a weight of zero is one that was not computed.
inline AttentionMaps attention_maps(AttentionPart part, const std::vector<torch::Tensor>& weights, bool zero_is_nothing) {
  std::vector<torch::Tensor> layers;
  for (const torch::Tensor& weights_BHQK : weights) layers.push_back(weights_BHQK[0].to(torch::kCPU, torch::kFloat32));
  auto stacked = torch::stack(layers);
  if (zero_is_nothing) stacked = stacked.masked_fill(stacked == 0, std::numeric_limits<double>::quiet_NaN());
  return {.part = part, .weights_LHQK = stacked};
}

}  // namespace attend
