// Multi-head attention (section 3.2.2): MultiHead(Q, K, V) = Concat(head_1, ..., head_h) W^O,
// head_i = Attention(Q W_i^Q, K W_i^K, V W_i^V). The h projections of one kind are one matrix; queries, keys and values
// of one input are one product.
//
// Letters: N tokens (queries), M tokens of the encoder's output, R decoded rows, E width.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "models/layers/attention_kernel.h"
#include "models/layers/configs.h"
#include "models/layers/kv_cache.h"
#include "models/layers/linear.h"

namespace attend {

/// Attention of a sequence to itself.
class SelfAttentionImpl : public torch::nn::Module {
 public:
  explicit SelfAttentionImpl(const AttentionConfig& config);
  /// x_NE -> y_NE.
  torch::Tensor forward(const torch::Tensor& x_NE, const PackedLayout& layout, Causality causality) const;
  /// The same over prompts, causally, whose keys and values the cache's layer `layer` keeps.
  torch::Tensor read_prompts(const torch::Tensor& x_NE, const PackedLayout& layout, KvCache& cache, std::size_t layer) const;
  /// One token a row: x_RE -> y_RE. Appends its keys and values to the cache's layer `layer`, and attends to all of the row's past.
  torch::Tensor step(const torch::Tensor& x_RE, KvCache& cache, std::size_t layer) const;

  Linear qkv, output;  ///< [3E, E]: queries, keys, values; [E, E]

 private:
  torch::Tensor attend(const torch::Tensor& qkv_N3E, const PackedLayout& layout, Causality causality) const;

  AttentionConfig config_;
};
TORCH_MODULE(SelfAttention);

/// Attention of one sequence to another: queries from the decoder, keys and values from the encoder's output.
class CrossAttentionImpl : public torch::nn::Module {
 public:
  explicit CrossAttentionImpl(const AttentionConfig& config);
  /// x_NE, memory_ME -> y_NE.
  torch::Tensor forward(const torch::Tensor& x_NE, const PackedLayout& layout, const torch::Tensor& memory_ME,
                        const PackedLayout& memory_layout) const;
  /// Keys and values of the encoder's output side by side, made once a sentence: memory_ME -> M2E.
  torch::Tensor project_memory(const torch::Tensor& memory_ME) const { return key_value->forward(memory_ME); }
  /// One token a row: x_RE -> y_RE.
  torch::Tensor step(const torch::Tensor& x_RE, const CrossMemory& memory, std::size_t layer) const;

  Linear query, key_value, output;  ///< [E, E], [2E, E], [E, E]

 private:
  AttentionConfig config_;
};
TORCH_MODULE(CrossAttention);

}  // namespace attend
