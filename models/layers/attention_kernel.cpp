#include "models/layers/attention_kernel.h"

#include <torch/torch.h>

namespace attend {

torch::Tensor AttentionKernel::self_attend(const torch::Tensor& qkv_N3E, const AttentionShape& shape) const {
  const auto heads = qkv_N3E.unflatten(1, {3, shape.num_heads, -1}).unbind(1);
  return attend(heads[0], heads[1], heads[2], shape);
}

torch::Tensor AttentionKernel::cross_attend(const torch::Tensor& q_NE, const torch::Tensor& kv_M2E, const AttentionShape& shape) const {
  const auto heads = kv_M2E.unflatten(1, {2, shape.num_heads, -1}).unbind(1);
  return attend(q_NE.unflatten(1, {shape.num_heads, -1}), heads[0], heads[1], shape);
}

const std::vector<const AttentionKernel*>& attention_kernels() {
  static const std::vector<const AttentionKernel*> all{&kernels::long_texts(), &kernels::packed(), &kernels::chunked(), &kernels::fused(),
                                                       &kernels::plain()};
  return all;
}

const AttentionKernel& attention_kernel(const std::string& name) {
  for (const auto* kernel : attention_kernels())
    if (kernel->name() == name) return *kernel;
  TORCH_CHECK(false, "no attention kernel is called ", name);
}

const AttentionKernel& best_attention_kernel(const AttentionNeeds& needs) {
  for (const auto* kernel : attention_kernels())
    if (kernel->supports(needs)) return *kernel;
  TORCH_CHECK(false, "no attention kernel supports this");
}

const AttentionKernel& kernel_for(const torch::Tensor& q_NE, const AttentionShape& shape) {
  return best_attention_kernel({.device = q_NE.device().type(),
                                .dtype = q_NE.scalar_type(),
                                .head_width = q_NE.size(1) / shape.num_heads,
                                .dropout = shape.dropout > 0,
                                .window = shape.window > 0,
                                .long_texts = is_long(shape.queries.longest(), shape.keys.longest())});
}

}  // namespace attend
