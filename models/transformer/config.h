// The original Transformer's sizes and settings (Vaswani et al. 2017, table 3), and their spelling in MarianMT's config.json.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/fields.h"
#include "core/json.h"
#include "models/layers/activation.h"
#include "models/layers/configs.h"

namespace attend {

struct TransformerConfig {
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 512;
  std::int64_t encoder_layers = 6;
  std::int64_t decoder_layers = 6;
  std::int64_t encoder_heads = 8;
  std::int64_t decoder_heads = 8;
  std::int64_t encoder_ffn_size = 2048;
  std::int64_t decoder_ffn_size = 2048;
  Activation activation = Activation::kRelu;
  double dropout = 0.1;
  double attention_dropout = 0;
  std::int64_t max_positions = 512;
  bool scale_embedding = true;
  bool shared_embeddings = true;
  std::int64_t target_vocab_size = 0;
  std::int64_t pad_id = 0;
  std::int64_t eos_id = 0;
  std::int64_t decoder_start_id = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("vocab_size", self.vocab_size, "tokens of the (joint) vocabulary; set by the tokenizer");
    visit("hidden_size", self.hidden_size, "width of the residual stream, d_model");
    visit("encoder_layers", self.encoder_layers, "layers of the encoder, N");
    visit("decoder_layers", self.decoder_layers, "layers of the decoder, N");
    visit("encoder_heads", self.encoder_heads, "attention heads of an encoder layer, h");
    visit("decoder_heads", self.decoder_heads, "attention heads of a decoder layer, h");
    visit("encoder_ffn_size", self.encoder_ffn_size, "inner width of an encoder layer's feed-forward network, d_ff");
    visit("decoder_ffn_size", self.decoder_ffn_size, "inner width of a decoder layer's feed-forward network, d_ff");
    visit("activation", self.activation, "activation of the feed-forward network");
    visit("dropout", self.dropout, "dropout on embeddings and sub-layers, P_drop");
    visit("attention_dropout", self.attention_dropout, "dropout on attention weights");
    visit("max_positions", self.max_positions, "longest sentence, in tokens, the end counted");
    visit("scale_embedding", self.scale_embedding, "multiply embeddings by sqrt(hidden_size)");
    visit("shared_embeddings", self.shared_embeddings, "one embedding table for source, target and output");
    visit("target_vocab_size", self.target_vocab_size, "tokens of the target's own vocabulary, where embeddings are not shared");
    visit("pad_id", self.pad_id, "padding token; set by the tokenizer");
    visit("eos_id", self.eos_id, "end-of-sentence token; set by the tokenizer");
    visit("decoder_start_id", self.decoder_start_id, "what the decoder reads first; set by the tokenizer");
  }

  std::int64_t output_vocab_size() const { return shared_embeddings ? vocab_size : target_vocab_size; }

  // Its parts. Marian's norms add 1e-5 to the variance, whatever config.json says.
  AttentionConfig encoder_attention() const {
    return {.hidden_size = hidden_size, .num_heads = encoder_heads, .dropout = attention_dropout};
  }
  AttentionConfig decoder_attention() const {
    return {.hidden_size = hidden_size, .num_heads = decoder_heads, .dropout = attention_dropout};
  }
  FeedForwardConfig encoder_feed_forward() const {
    return {.hidden_size = hidden_size, .inner_size = encoder_ffn_size, .activation = activation};
  }
  FeedForwardConfig decoder_feed_forward() const {
    return {.hidden_size = hidden_size, .inner_size = decoder_ffn_size, .activation = activation};
  }
  ResidualNormConfig norm() const { return {.width = hidden_size, .epsilon = 1e-5, .dropout = dropout}; }

  /// Throws UserError for sizes that cannot be: heads that do not divide the width, ids outside the vocabulary, ...
  void validate() const;

  /// Without biases and norms: what a folder holds at least.
  std::int64_t least_parameters() const;
};

/// "tiny", "small", "base", "big": the last two are the paper's. Throws UserError that lists them.
TransformerConfig transformer_preset(const std::string& name);
const std::vector<std::string>& transformer_preset_names();

/// MarianMT's config.json, both ways. Reading throws UserError for settings this family does not have (pre-norm, learned
/// positions, ...) rather than computing something else; `name` is the file.
Json transformer_to_hf(const TransformerConfig& config);
TransformerConfig transformer_from_hf(const Json& json, const std::string& name);

}  // namespace attend
