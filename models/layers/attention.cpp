#include "models/layers/attention.h"

#include <torch/torch.h>

#include "models/layers/attention_kernel.h"
#include "models/layers/row_attention.h"

namespace attend {

SelfAttentionImpl::SelfAttentionImpl(const AttentionConfig& config)
    : qkv(register_module("qkv", Linear(config.hidden_size, config.choice.projections() * config.hidden_size))),
      output(register_module("output", Linear(config.hidden_size, config.hidden_size))),
      inner(register_module("inner", make_inner_attention(config))) {}

torch::Tensor SelfAttentionImpl::forward(const torch::Tensor& x_NE, const AttentionCall& call) const {
  const auto qkv_N3E = qkv->forward(x_NE);
  if (call.record) call.record->self.push_back(inner->weights(qkv_N3E, call.tokens, call.causality));
  if (!call.past) return output->forward(inner->forward(qkv_N3E, call.tokens, call.causality));
  LayerPast& past = call.past->layer(call.layer);
  if (!call.past->rows().reads_prompts()) return output->forward(past.step(qkv_N3E));
  past.keep_prompts(qkv_N3E, call.tokens);
  return output->forward(inner->forward(qkv_N3E, call.tokens, Causality::kCausal));
}

CrossAttentionImpl::CrossAttentionImpl(const AttentionConfig& config)
    : query(register_module("query", Linear(config.hidden_size, config.hidden_size))),
      key_value(register_module("key_value", Linear(config.hidden_size, 2 * config.hidden_size))),
      output(register_module("output", Linear(config.hidden_size, config.hidden_size))),
      config_(config) {}

torch::Tensor CrossAttentionImpl::forward(const torch::Tensor& x_NE, const AttentionCall& call, const Memory& memory) const {
  const auto q_NE = query->forward(x_NE);
  if (call.past) return output->forward(step(q_NE, memory.kv_M2E[call.layer], memory));
  const double dropout = is_training() ? config_.dropout : 0;
  const AttentionShape shape{.queries = call.tokens, .keys = memory.layout, .num_heads = config_.num_heads, .dropout = dropout};
  const auto kv_M2E = project_memory(memory.states_ME);
  if (call.record) {
    const auto k_MHD = kv_M2E.narrow(1, 0, config_.hidden_size).unflatten(1, {config_.num_heads, -1});
    call.record->cross.push_back(attention_weights(q_NE.unflatten(1, {config_.num_heads, -1}), k_MHD, shape));
  }
  return output->forward(kernel_for(q_NE, shape).cross_attend(q_NE, kv_M2E, shape));
}

torch::Tensor CrossAttentionImpl::step(const torch::Tensor& q_RE, const torch::Tensor& kv_M2E, const Memory& memory) const {
  const PackedLayout& layout = memory.layout;
  if (can_attend_rows(q_RE, config_.num_heads)) {
    return attend_rows(q_RE, config_.num_heads, layout.longest(), [&](std::int64_t row, const float** keys) {
      const std::int64_t sentence = memory.row_sentence[row], length = layout.lengths()[sentence];
      const float* base = kv_M2E.const_data_ptr<float>() + layout.offsets()[sentence] * kv_M2E.size(1);
      for (std::int64_t l = 0; l < length; ++l) keys[l] = base + l * kv_M2E.size(1);
      return length;
    });
  }
  std::vector<std::int64_t> lengths, places;
  for (const std::int64_t sentence : memory.row_sentence) {
    lengths.push_back(layout.lengths()[sentence]);
    for (std::int64_t l = 0; l < lengths.back(); ++l) places.push_back(layout.offsets()[sentence] + l);
  }
  return attend_gathered(q_RE, kv_M2E, places, lengths, config_.num_heads);
}

}  // namespace attend
