// GPT (Radford et al. 2019; Brown et al. 2020): the Transformer's decoder without cross-attention, pre-norm, with learnt positions.
//
// Letters: N tokens of the batch (packed), R decoded rows, E hidden size.
#pragma once

#include <torch/nn/modules/container/modulelist.h>

#include "models/gpt/config.h"
#include "models/interfaces.h"
#include "models/layers/attention.h"
#include "models/layers/feed_forward.h"
#include "models/layers/residual_norm.h"

namespace attend {

/// Radford et al. 2019, section 2.3: layer normalisation stands at the input of each sub-layer,
///   x = x + Dropout(Attention(LayerNorm(x))),
///   x = x + Dropout(FFN(LayerNorm(x))).
class GptBlockImpl : public torch::nn::Module {
 public:
  explicit GptBlockImpl(const GptConfig& config);
  void forward(ResidualStream& x_NE, const AttentionCall& call) const;

  ResidualNorm attention_norm, feed_forward_norm;
  SelfAttention self_attention;
  FeedForward feed_forward;
};
TORCH_MODULE(GptBlock);

class GptModelImpl : public torch::nn::Module {
 public:
  /// Parameters drawn as docs/gpt.md says, from torch's default generator; or left as they are, to be read from a file.
  enum class Start { kDrawn, kUnset };
  GptModelImpl(const GptConfig& config, Start start);

  /// The last layer's states, normalised: hidden_NE. With a past `tokens` are those of its prompts, or then one a row; they are kept in it.
  torch::Tensor forward(const PackedIds& tokens, DecoderPast* past = nullptr, AttentionRecord* record = nullptr) const;
  /// The past of rows that start from prompts.
  DecoderPast start_past(const CachedPrompts& prompts, std::int64_t max_steps) const;

  void freeze(std::int64_t layers);
  const torch::Tensor& token_table() const { return token_table_; }

 private:
  void initialize();
  void check(const PackedIds& tokens) const;
  // Sum of the token's and its position's embedding.
  ResidualStream embed(const torch::Tensor& ids_N, const torch::Tensor& positions_N) const;

  GptConfig config_;
  torch::Tensor token_table_, position_table_;
  torch::nn::ModuleList blocks_;
  ResidualNorm final_norm_;
  Dropout embedding_dropout_;
};
TORCH_MODULE(GptModel);

}  // namespace attend
