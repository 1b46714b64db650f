#include "models/layers/attention.h"

#include <torch/torch.h>

namespace attend {
namespace {

const AttentionKernel& kernel_for(const torch::Tensor& x, const AttentionConfig& config, double dropout) {
  return best_attention_kernel(
      {.device = x.device().type(), .dtype = x.scalar_type(), .head_width = config.hidden_size / config.num_heads, .dropout = dropout > 0});
}

}  // namespace

SelfAttentionImpl::SelfAttentionImpl(const AttentionConfig& config)
    : qkv(register_module("qkv", Linear(config.hidden_size, 3 * config.hidden_size))),
      output(register_module("output", Linear(config.hidden_size, config.hidden_size))),
      config_(config) {}

torch::Tensor SelfAttentionImpl::attend(const torch::Tensor& qkv_N3E, const PackedLayout& layout, Causality causality) const {
  const double dropout = is_training() ? config_.dropout : 0;
  const AttentionShape shape{.queries = layout, .keys = layout, .causality = causality, .num_heads = config_.num_heads, .dropout = dropout};
  return output->forward(kernel_for(qkv_N3E, config_, dropout).self_attend(qkv_N3E, shape));
}

torch::Tensor SelfAttentionImpl::forward(const torch::Tensor& x_NE, const PackedLayout& layout, Causality causality) const {
  return attend(qkv->forward(x_NE), layout, causality);
}

torch::Tensor SelfAttentionImpl::read_prompts(const torch::Tensor& x_NE, const PackedLayout& layout, KvCache& cache,
                                              std::size_t layer) const {
  const auto qkv_N3E = qkv->forward(x_NE);
  cache.store_prompts(layer, qkv_N3E);
  return attend(qkv_N3E, layout, Causality::kCausal);
}

torch::Tensor SelfAttentionImpl::step(const torch::Tensor& x_RE, KvCache& cache, std::size_t layer) const {
  const auto qkv_R3E = qkv->forward(x_RE);
  cache.append(layer, qkv_R3E);
  return output->forward(cache.attend(layer, qkv_R3E.narrow(1, 0, config_.hidden_size), config_.num_heads));
}

CrossAttentionImpl::CrossAttentionImpl(const AttentionConfig& config)
    : query(register_module("query", Linear(config.hidden_size, config.hidden_size))),
      key_value(register_module("key_value", Linear(config.hidden_size, 2 * config.hidden_size))),
      output(register_module("output", Linear(config.hidden_size, config.hidden_size))),
      config_(config) {}

torch::Tensor CrossAttentionImpl::forward(const torch::Tensor& x_NE, const PackedLayout& layout, const torch::Tensor& memory_ME,
                                          const PackedLayout& memory_layout) const {
  const double dropout = is_training() ? config_.dropout : 0;
  const AttentionShape shape{.queries = layout, .keys = memory_layout, .num_heads = config_.num_heads, .dropout = dropout};
  return output->forward(kernel_for(x_NE, config_, dropout).cross_attend(query->forward(x_NE), key_value->forward(memory_ME), shape));
}

torch::Tensor CrossAttentionImpl::step(const torch::Tensor& x_RE, const CrossMemory& memory, std::size_t layer) const {
  return output->forward(memory.attend(layer, query->forward(x_RE), config_.num_heads));
}

}  // namespace attend
