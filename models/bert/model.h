// BERT (Devlin et al. 2019): the Transformer's encoder, bidirectional, over embeddings of token, position and segment.
//
// Letters: B sequences, N tokens of the batch (packed), E hidden size.
#pragma once

#include <torch/nn/modules/container/modulelist.h>

#include "models/bert/config.h"
#include "models/layers/attention.h"
#include "models/layers/feed_forward.h"
#include "models/layers/residual_norm.h"
#include "models/text_model.h"

namespace attend {

/// Figure 1 of Vaswani et al. 2017, left: self-attention, then the feed-forward network, each LayerNorm(x + Dropout(Sublayer(x))).
class BertLayerImpl : public torch::nn::Module {
 public:
  BertLayerImpl(const BertConfig& config, std::int64_t number);
  torch::Tensor forward(torch::Tensor x_NE, const AttentionCall& call) const;

  SelfAttention self_attention;
  FeedForward feed_forward;
  ResidualNorm self_attention_norm, feed_forward_norm;
};
TORCH_MODULE(BertLayer);

/// The hidden states of the last layer, and which sequence each token belongs to.
struct BertStates {
  torch::Tensor hidden_NE;
  PackedLayout layout;
};

class BertModelImpl : public torch::nn::Module {
 public:
  enum class Pooler {
    kNo,
    kYes,
    kKept,  ///< for the folder, where transformers wants one that no head of the model reads; it is not trained
  };
  /// Parameters drawn as docs/bert.md says, from torch's default generator; or left as they are, to be read from a file.
  enum class Start { kDrawn, kUnset };
  BertModelImpl(const BertConfig& config, Pooler pooler, Start start);

  BertStates encode(const TextBatch& batch, AttentionRecord* record = nullptr) const;
  /// h_[CLS], the last hidden state of each sequence's first token -> [B, E].
  torch::Tensor first_tokens(const BertStates& states) const;
  /// tanh(W h_[CLS] + b) -> [B, E].
  torch::Tensor pool(const BertStates& states) const;

  void freeze(std::int64_t layers);

  const torch::Tensor& token_table() const { return token_table_; }
  bool has_pooler() const { return !pooler.is_empty(); }

  Linear pooler{nullptr};

 private:
  void initialize();
  void check(const TextBatch& batch) const;
  torch::Tensor embed(const TextBatch& batch, const PackedLayout& layout) const;

  BertConfig config_;
  torch::Tensor token_table_, position_table_, type_table_;
  ResidualNorm embedding_norm_;
  Dropout embedding_dropout_;
  torch::nn::ModuleList layers_;
};
TORCH_MODULE(BertModel);

}  // namespace attend
