// Multi-head attention (section 3.2.2): MultiHead(Q, K, V) = Concat(head_1, ..., head_h) W^O,
// head_i = Attention(Q W_i^Q, K W_i^K, V W_i^V). The h projections of one kind are one matrix; queries, keys and values
// of one input are one product.
//
// Letters: N tokens (queries), M tokens of the encoder's output, R decoded rows, E width.
#pragma once

#include <memory>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "models/layers/inner_attention.h"
#include "models/layers/linear.h"

namespace attend {

/// Attention of a sequence to itself.
class SelfAttentionImpl : public torch::nn::Module {
 public:
  explicit SelfAttentionImpl(const AttentionConfig& config);
  /// x_NE -> y_NE: in training, over prompts that are to be remembered, and in a step that goes on from them.
  torch::Tensor forward(const torch::Tensor& x_NE, const AttentionCall& call) const;

  Linear qkv, output;                     ///< [3E, E]: queries, keys, values ([2E, E] of a kind whose keys are the queries); [E, E]
  std::shared_ptr<InnerAttention> inner;  ///< what stands between them
};
TORCH_MODULE(SelfAttention);

/// The encoder's output, which every decoder layer attends to.
struct Memory {
  torch::Tensor states_ME;
  PackedLayout layout;  ///< which of the M tokens belong to which sentence
  /// While decoding: keys and values of each decoder layer, made once, and the sentence of each row.
  std::vector<torch::Tensor> kv_M2E = {};
  std::vector<std::int64_t> row_sentence = {};
};

/// Attention of one sequence to another: queries from the decoder, keys and values from the encoder's output.
class CrossAttentionImpl : public torch::nn::Module {
 public:
  explicit CrossAttentionImpl(const AttentionConfig& config);
  /// x_NE -> y_NE, each sequence (while decoding: each row) attending to its own sentence of the memory.
  torch::Tensor forward(const torch::Tensor& x_NE, const AttentionCall& call, const Memory& memory) const;
  /// Keys and values of the encoder's output side by side: memory_ME -> M2E.
  torch::Tensor project_memory(const torch::Tensor& memory_ME) const { return key_value->forward(memory_ME); }

  Linear query, key_value, output;  ///< [E, E], [2E, E], [E, E]

 private:
  torch::Tensor step(const torch::Tensor& q_RE, const torch::Tensor& kv_M2E, const Memory& memory) const;

  AttentionConfig config_;
};
TORCH_MODULE(CrossAttention);

}  // namespace attend
