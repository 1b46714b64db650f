// BERT's sizes and settings (Devlin et al. 2019, section 3; Turc et al. 2019 for the miniatures), and their spelling in
// transformers' config.json, whose BERT with Big Bird's attention is a family of its own, "big_bird".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/fields.h"
#include "core/json.h"
#include "models/layers/activation.h"
#include "models/layers/configs.h"
#include "models/layers/position_start.h"

namespace attend {

struct BertConfig {
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 768;
  std::int64_t num_layers = 12;
  std::int64_t num_heads = 12;
  AttentionChoice attention_choice = {};
  bool big_bird = false;
  std::int64_t intermediate_size = 3072;
  Activation activation = Activation::kGelu;
  double dropout = 0.1;
  double attention_dropout = 0;
  double classifier_dropout = 0.1;
  std::int64_t max_positions = 512;
  std::int64_t type_vocab_size = 2;
  double initializer_range = 0.02;
  PositionStart position_start = PositionStart::kNormal;
  double layer_norm_epsilon = 1e-12;
  bool rescale_embeddings = false;
  std::int64_t pad_id = 0;
  std::int64_t sep_id = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("vocab_size", self.vocab_size, "tokens of the vocabulary; set by the tokenizer");
    visit("hidden_size", self.hidden_size, "width of the residual stream, H");
    visit("num_layers", self.num_layers, "layers, L");
    visit("num_heads", self.num_heads, "attention heads of a layer, A");
    AttentionChoice::fields(self.attention_choice, visit);
    visit("big_bird", self.big_bird, "heads and names of transformers' Big Bird, with full attention too; attention=bigbird has them");
    visit("intermediate_size", self.intermediate_size, "inner width of the feed-forward network, 4H in the paper");
    visit("activation", self.activation, "activation of the feed-forward network");
    visit("dropout", self.dropout, "dropout on embeddings and sub-layers");
    visit("attention_dropout", self.attention_dropout, "dropout on attention weights; the paper has 0.1");
    visit("classifier_dropout", self.classifier_dropout, "dropout in front of a task's head");
    visit("max_positions", self.max_positions, "longest sequence, in tokens");
    visit("type_vocab_size", self.type_vocab_size, "segments: A and B");
    visit("initializer_range", self.initializer_range, "standard deviation of the weights at the start");
    visit("position_start", self.position_start, "what the learnt position embeddings start from");
    visit("layer_norm_epsilon", self.layer_norm_epsilon, "what layer normalisation adds to the variance");
    visit("rescale_embeddings", self.rescale_embeddings, "of a Big Bird: tokens' embeddings are multiplied by sqrt(H)");
    visit("pad_id", self.pad_id, "padding token; set by the tokenizer");
    visit("sep_id", self.sep_id, "separator, by which a Big Bird finds a question's end; set by the tokenizer");
  }

  /// Whether transformers has it as its Big Bird: other heads, and other names of some tensors.
  bool is_big_bird() const { return big_bird || attention_choice.kind == AttentionKind::kBigBird; }

  // Its parts.
  AttentionConfig attention(std::int64_t layer) const {
    return {.hidden_size = hidden_size,
            .num_heads = num_heads,
            .dropout = attention_dropout,
            .choice = attention_choice,
            .max_positions = max_positions,
            .layer = layer};
  }
  FeedForwardConfig feed_forward() const { return {.hidden_size = hidden_size, .inner_size = intermediate_size, .activation = activation}; }
  ResidualNormConfig norm() const { return {.width = hidden_size, .epsilon = layer_norm_epsilon, .dropout = dropout}; }

  /// Throws UserError for sizes that cannot be: heads that do not divide the width, ids outside the vocabulary, ...
  void validate() const;

  /// Of the body without biases, norms and pooler: what a folder holds at least.
  std::int64_t least_parameters() const;
};

/// "tiny" (2 layers, 128 wide), "mini", "small", "medium", "base", "large": the published sizes; those narrower than base start from
/// larger weights and sinusoidal positions. Throws UserError that lists them.
BertConfig bert_preset(const std::string& name);
const std::vector<std::string>& bert_preset_names();

/// transformers' config.json, both ways, without what concerns a head (architectures, labels); a model_type of "big_bird" has keys and
/// defaults of its own. Reading throws UserError for settings this family does not have (relative positions, a decoder's causal mask)
/// rather than computing something else.
Json bert_to_hf(const BertConfig& config);
BertConfig bert_from_hf(const Json& json, const std::string& name);

}  // namespace attend
