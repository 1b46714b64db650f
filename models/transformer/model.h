// The Transformer of "Attention Is All You Need" (Vaswani et al. 2017): encoder and decoder of stacked attention and
// feed-forward sub-layers, each LayerNorm(x + Dropout(Sublayer(x))) (section 3.1, post-norm).
//
// Letters: N source tokens and T target tokens of the batch (packed), R decoded rows, E hidden size, V vocabulary.
#pragma once

#include <memory>

#include <torch/nn/modules/container/modulelist.h>

#include "models/interfaces.h"
#include "models/layers/attention.h"
#include "models/layers/feed_forward.h"
#include "models/layers/output_table.h"
#include "models/layers/residual_norm.h"
#include "models/name_rules.h"
#include "models/transformer/config.h"

namespace attend {

/// Figure 1, left: self-attention, then the feed-forward network.
class EncoderLayerImpl : public torch::nn::Module {
 public:
  explicit EncoderLayerImpl(const TransformerConfig& config);
  torch::Tensor forward(torch::Tensor x_NE, const AttentionCall& call) const;

  SelfAttention self_attention;
  FeedForward feed_forward;
  ResidualNorm self_attention_norm, feed_forward_norm;
};
TORCH_MODULE(EncoderLayer);

/// Figure 1, right: masked self-attention, attention to the encoder's output, then the feed-forward network.
class DecoderLayerImpl : public torch::nn::Module {
 public:
  explicit DecoderLayerImpl(const TransformerConfig& config);
  torch::Tensor forward(torch::Tensor x_TE, const AttentionCall& call, const Memory& memory) const;

  SelfAttention self_attention;
  CrossAttention cross_attention;
  FeedForward feed_forward;
  ResidualNorm self_attention_norm, cross_attention_norm, feed_forward_norm;
};
TORCH_MODULE(DecoderLayer);

class TransformerModel final : public Seq2SeqModel {
 public:
  /// Parameters drawn as docs/transformer.md says, from torch's default generator; or left as they are, to be read from a file.
  enum class Start { kDrawn, kUnset };
  TransformerModel(const TransformerConfig& config, Start start);

  torch::Tensor logits(const PairBatch& batch) override;
  SummedLoss loss(const PairBatch& batch, double label_smoothing) override;
  std::vector<AttentionMaps> attention(const PairBatch& pair) override;
  std::unique_ptr<StepDecoder> start_decoding(const PackedIds& source, std::int64_t rows_per_sentence, std::int64_t max_steps) override;

  TokenRoles token_roles() const override {
    return {.pad = config_.pad_id, .eos = config_.eos_id, .decoder_start = config_.decoder_start_id};
  }
  std::int64_t vocab_size() const override { return config_.output_vocab_size(); }
  std::int64_t source_vocab_size() const override { return config_.vocab_size; }
  std::int64_t max_positions() const override { return config_.max_positions; }
  torch::Device device() const override { return source_table_.device(); }
  Json hf_config() const override { return transformer_to_hf(config_); }
  void save(const std::filesystem::path& folder) const override;

  const TransformerConfig& config() const { return config_; }
  /// A padding row that is zero stays zero in training: CTranslate2 starts its decoder from a zero vector instead of looking the
  /// row up. Call once the parameters are there.
  void keep_zero_padding();
  /// Section 3.1, left: ids -> encoder states.
  Memory encode(const PackedIds& source, AttentionRecord* record = nullptr) const;
  /// The decoder's layers for one more token of each row, from embeddings to the states in front of the output projection.
  torch::Tensor step(torch::Tensor x_RE, const PackedLayout& layout, const Memory& memory, DecoderPast& past) const;
  /// Section 3.4 and 3.5: sqrt(E) times the token's embedding, plus its position's, with dropout. ids_N, positions_NE -> x_NE.
  torch::Tensor embed(const torch::Tensor& table_VE, const torch::Tensor& ids_N, const torch::Tensor& positions_NE) const;
  /// The tied output projection: hidden_RE -> logits_RV.
  torch::Tensor project(const torch::Tensor& hidden_RE) const;
  const torch::Tensor& target_table() const { return target_table_; }
  void pack(PanelFormat format) override;
  torch::Tensor decoder_position(std::int64_t position) const { return decoder_positions_.narrow(0, position, 1); }
  const torch::nn::ModuleList& decoder_layers() const { return decoder_layers_; }

 private:
  void initialize();
  OutputTable output_table() const { return {target_table_, packed_output_.get()}; }
  void check_ids(const PackedIds& ids, std::int64_t vocab_size) const;
  // Target states in front of the output projection, from the target shifted right.
  torch::Tensor read_target(const PackedIds& target, const Memory& memory, AttentionRecord* record = nullptr) const;

  TransformerConfig config_;
  torch::Tensor source_table_, target_table_;                                // the same tensor where embeddings are shared
  torch::Tensor encoder_positions_, decoder_positions_, final_logits_bias_;  // buffers
  torch::nn::ModuleList encoder_layers_, decoder_layers_;
  Dropout embedding_dropout_;
  PackedOutput packed_output_;
};

/// MarianMT's names for this model's tensors (FORMATS: docs/file-formats.md).
NameRules transformer_name_rules(const TransformerConfig& config);

/// A new model; the parameters are a function of `seed`. Throws UserError where the configuration cannot be.
std::shared_ptr<Seq2SeqModel> make_transformer(const TransformerConfig& config, std::uint64_t seed, torch::Device device);
/// A MarianMT folder. Throws UserError.
std::shared_ptr<Seq2SeqModel> load_transformer(const ModelFolder& folder);

}  // namespace attend
