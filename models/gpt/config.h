// GPT's sizes and settings (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", table 2; Brown et al. 2020,
// "Language Models are Few-Shot Learners", table 2.1), and their spelling in transformers' config.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.h"
#include "core/json.h"
#include "models/layers/activation.h"
#include "models/layers/configs.h"
#include "models/layers/position_start.h"

namespace attend {

struct GptConfig {
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 768;
  std::int64_t num_layers = 12;
  std::int64_t num_heads = 12;
  AttentionChoice attention_choice = {};
  std::optional<std::int64_t> intermediate_size;
  Activation activation = Activation::kGeluTanh;
  bool bias = true;
  double dropout = 0.1;
  std::optional<double> embedding_dropout;
  double attention_dropout = 0;
  double classifier_dropout = 0;
  std::int64_t max_positions = 1024;
  double initializer_range = 0.02;
  PositionStart position_start = PositionStart::kNormal;
  double layer_norm_epsilon = 1e-5;
  std::optional<std::int64_t> bos_id, eos_id, pad_id;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("vocab_size", self.vocab_size, "tokens of the vocabulary; set by the tokenizer");
    visit("hidden_size", self.hidden_size, "width of the residual stream, d_model");
    visit("num_layers", self.num_layers, "layers, n_layers");
    visit("num_heads", self.num_heads, "attention heads of a layer, n_heads");
    AttentionChoice::fields(self.attention_choice, visit);
    visit("intermediate_size", self.intermediate_size, "inner width of the feed-forward network, unless 4 times hidden_size");
    visit("activation", self.activation, "activation of the feed-forward network");
    visit("bias", self.bias, "whether linear layers and norms have biases; without, they are saved as zeros");
    visit("dropout", self.dropout, "dropout on sub-layers");
    visit("embedding_dropout", self.embedding_dropout, "dropout on embeddings, unless as on sub-layers");
    visit("attention_dropout", self.attention_dropout, "dropout on attention weights");
    visit("classifier_dropout", self.classifier_dropout, "dropout in front of a classifier's head; transformers has none there");
    visit("max_positions", self.max_positions, "longest sequence, in tokens, n_ctx");
    visit("initializer_range", self.initializer_range, "standard deviation of the weights at the start");
    visit("position_start", self.position_start, "what the learnt position embeddings start from");
    visit("layer_norm_epsilon", self.layer_norm_epsilon, "what layer normalisation adds to the variance");
    visit("bos_id", self.bos_id, "what a text begins with; set by the tokenizer");
    visit("eos_id", self.eos_id, "end-of-text token; set by the tokenizer");
    visit("pad_id", self.pad_id, "padding token, which a classifier looks past; set by the tokenizer");
  }

  std::int64_t inner_size() const { return intermediate_size.value_or(4 * hidden_size); }

  // Its parts.
  AttentionConfig attention() const {
    return {.hidden_size = hidden_size, .num_heads = num_heads, .dropout = attention_dropout, .choice = attention_choice};
  }
  FeedForwardConfig feed_forward() const { return {.hidden_size = hidden_size, .inner_size = inner_size(), .activation = activation}; }
  ResidualNormConfig norm() const { return {.width = hidden_size, .epsilon = layer_norm_epsilon, .dropout = dropout}; }

  /// Throws UserError for sizes that cannot be: heads that do not divide the width, ids outside the vocabulary, ...
  void validate() const;

  /// Of the body without biases and norms: what a folder holds at least.
  std::int64_t least_parameters() const;
};

/// "tiny" (2 layers, 128 wide); "nano" and "mini", the sizes of nanoGPT's recipes for a CPU and a GPU, without dropout and with 0.2 and
/// both without biases; these three start from larger weights than the papers' and from sinusoidal positions. "gpt2", "gpt2-medium",
/// "gpt2-large", "gpt2-xl"; "gpt3-small" to "gpt3-175b". Throws UserError that lists them.
GptConfig gpt_preset(const std::string& name);
const std::vector<std::string>& gpt_preset_names();

/// GPT-2's config.json, both ways, without what concerns a head (architectures, labels). Reading throws UserError for settings this family
/// does not have (attention scaled otherwise, cross-attention, an output table of its own) rather than computing something else.
Json gpt_to_hf(const GptConfig& config);
GptConfig gpt_from_hf(const Json& json, const std::string& name);

}  // namespace attend
