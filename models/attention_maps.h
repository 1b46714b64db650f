// What a model's tokens attend to, where one wants to look at it.
#pragma once

#include <limits>
#include <vector>

#include <torch/torch.h>

#include "models/layers/attention_record.h"

namespace attend {

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

/// Which weights are those of nothing.
enum class NotComputed {
  kNone,
  kFuture,  ///< of keys after the query
  kZeros,   ///< all that are zero: what a sparse kind leaves out, the future too
};

/// The maps of a record of one sequence.
inline AttentionMaps attention_maps(AttentionPart part, const std::vector<torch::Tensor>& weights, NotComputed nothing) {
  std::vector<torch::Tensor> layers;
  for (const torch::Tensor& weights_BHQK : weights) layers.push_back(weights_BHQK[0].to(torch::kCPU, torch::kFloat32));
  auto stacked = torch::stack(layers);
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  if (nothing == NotComputed::kZeros) stacked = stacked.masked_fill(stacked == 0, kNaN);
  if (nothing == NotComputed::kFuture)
    stacked = stacked.masked_fill(torch::ones({stacked.size(2), stacked.size(3)}, torch::kBool).triu(1), kNaN);
  return {.part = part, .weights_LHQK = stacked};
}

}  // namespace attend
