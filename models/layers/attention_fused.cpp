// LibTorch's scaled_dot_product_attention over padded sentences: the fast way on a GPU, and the general one on a CPU.
//
// Letters: B sentences, Q queries, K keys, H heads, D head width; N, M packed tokens.
#include <torch/torch.h>

#include "models/layers/attention_kernel.h"

namespace attend::kernels {
namespace {

class FusedAttention final : public AttentionKernel {
 public:
  std::string name() const override { return "fused"; }
  // With dropout it would leave the fused CPU path and differ from run to run in what it draws. A window would be a mask of all scores.
  bool supports(const AttentionNeeds& needs) const override { return !needs.dropout && !needs.window; }

  torch::Tensor attend(const torch::Tensor& q_NHD, const torch::Tensor& k_MHD, const torch::Tensor& v_MHD,
                       const AttentionShape& shape) const override {
    const auto q_BHQD = shape.queries.pad(q_NHD).transpose(1, 2);
    const auto k_BHKD = shape.keys.pad(k_MHD).transpose(1, 2);
    const auto v_BHKD = shape.keys.pad(v_MHD).transpose(1, 2);
    const auto mask = AttentionMask::padded(shape.queries, shape.keys, shape.reach());
    const auto context_BHQD = torch::scaled_dot_product_attention(q_BHQD, k_BHKD, v_BHKD, mask.may_attend_BQK().unsqueeze(1));
    return shape.queries.unpad(context_BHQD.transpose(1, 2)).flatten(1);
  }
};

}  // namespace

const AttentionKernel& fused() {
  static const FusedAttention kernel;
  return kernel;
}

}  // namespace attend::kernels
