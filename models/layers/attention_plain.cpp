// Equation 1 as written: the kernel the others are tested against.
//
// Letters: B sentences, Q queries, K keys, H heads, D head width; N, M packed tokens.
#include <cmath>
#include <limits>

#include <torch/torch.h>

#include "models/layers/attention_kernel.h"

namespace attend {

torch::Tensor attention_weights(const torch::Tensor& q_NHD, const torch::Tensor& k_MHD, const AttentionShape& shape) {
  const auto q_BHQD = shape.queries.pad(q_NHD).transpose(1, 2);
  const auto k_BHKD = shape.keys.pad(k_MHD).transpose(1, 2);
  const auto mask = AttentionMask::padded(shape.queries, shape.keys, shape.reach());

  const double sqrt_d = std::sqrt(static_cast<double>(q_NHD.size(2)));
  auto scores_BHQK = torch::matmul(q_BHQD, k_BHKD.transpose(2, 3)) / sqrt_d;
  scores_BHQK = scores_BHQK.masked_fill(mask.may_attend_BQK().logical_not().unsqueeze(1), -std::numeric_limits<double>::infinity());
  return torch::softmax(scores_BHQK, -1);
}

namespace kernels {
namespace {

class PlainAttention final : public AttentionKernel {
 public:
  std::string name() const override { return "plain"; }
  bool supports(const AttentionNeeds&) const override { return true; }

  torch::Tensor attend(const torch::Tensor& q_NHD, const torch::Tensor& k_MHD, const torch::Tensor& v_MHD,
                       const AttentionShape& shape) const override {
    auto weights_BHQK = attention_weights(q_NHD, k_MHD, shape);
    if (shape.dropout > 0) weights_BHQK = torch::dropout(weights_BHQK, shape.dropout, /*train=*/true);
    const auto context_BHQD = torch::matmul(weights_BHQK, shape.keys.pad(v_MHD).transpose(1, 2));
    return shape.queries.unpad(context_BHQD.transpose(1, 2)).flatten(1);
  }
};

}  // namespace

const AttentionKernel& plain() {
  static const PlainAttention kernel;
  return kernel;
}

}  // namespace kernels
}  // namespace attend
