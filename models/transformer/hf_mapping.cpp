// MarianMT's names (transformers' modeling_marian) for the Transformer's tensors, and its folders.
#include <torch/torch.h>

#include "core/error.h"
#include "models/model_folder.h"
#include "models/transformer/model.h"

namespace attend {
namespace {

std::vector<NameRule> layer_rules(const std::string& ours, const std::string& theirs) {
  std::vector<NameRule> rules;
  add_weight_and_bias(rules, ours + "self_attention.qkv",
                      {theirs + "self_attn.q_proj", theirs + "self_attn.k_proj", theirs + "self_attn.v_proj"});
  add_weight_and_bias(rules, ours + "self_attention.output", {theirs + "self_attn.out_proj"});
  add_weight_and_bias(rules, ours + "self_attention_norm", {theirs + "self_attn_layer_norm"});
  add_weight_and_bias(rules, ours + "feed_forward.inner", {theirs + "fc1"});
  add_weight_and_bias(rules, ours + "feed_forward.output", {theirs + "fc2"});
  add_weight_and_bias(rules, ours + "feed_forward_norm", {theirs + "final_layer_norm"});
  return rules;
}

std::vector<NameRule> cross_attention_rules(const std::string& ours, const std::string& theirs) {
  std::vector<NameRule> rules;
  add_weight_and_bias(rules, ours + "cross_attention.query", {theirs + "encoder_attn.q_proj"});
  add_weight_and_bias(rules, ours + "cross_attention.key_value", {theirs + "encoder_attn.k_proj", theirs + "encoder_attn.v_proj"});
  add_weight_and_bias(rules, ours + "cross_attention.output", {theirs + "encoder_attn.out_proj"});
  add_weight_and_bias(rules, ours + "cross_attention_norm", {theirs + "encoder_attn_layer_norm"});
  return rules;
}

void append(std::vector<NameRule>& rules, const std::vector<NameRule>& more) { rules.insert(rules.end(), more.begin(), more.end()); }

}  // namespace

NameRules transformer_name_rules(const TransformerConfig& config) {
  using Presence = NameRule::Presence;
  NameRules names;
  names.base_prefix = "model.";
  if (config.shared_embeddings) {
    names.rules.push_back({.ours = "source_embedding", .theirs = {"model.shared.weight"}});
    for (const char* copy : {"model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight", "lm_head.weight"})
      names.copies[copy] = "model.shared.weight";
  } else {
    names.rules.push_back({.ours = "source_embedding", .theirs = {"model.encoder.embed_tokens.weight"}});
    names.rules.push_back({.ours = "target_embedding", .theirs = {"model.decoder.embed_tokens.weight"}});
    names.copies["lm_head.weight"] = "model.decoder.embed_tokens.weight";
    names.buffers = {"model.shared.weight"};  // no layer reads it
  }
  names.rules.push_back({.ours = "final_logits_bias", .theirs = {"final_logits_bias"}, .presence = Presence::kOptional});
  append(names.rules, for_each_layer(config.encoder_layers, layer_rules("encoder_layers.{i}.", "model.encoder.layers.{i}.")));
  append(names.rules, for_each_layer(config.decoder_layers, layer_rules("decoder_layers.{i}.", "model.decoder.layers.{i}.")));
  append(names.rules, for_each_layer(config.decoder_layers, cross_attention_rules("decoder_layers.{i}.", "model.decoder.layers.{i}.")));
  return names;
}

void TransformerModel::save(const std::filesystem::path& folder) const { save_model(*this, transformer_name_rules(config_), folder); }

std::shared_ptr<Seq2SeqModel> load_transformer(const ModelFolder& folder) {
  const OpenFolder<TransformerConfig> source(folder, transformer_from_hf);
  auto names = transformer_name_rules(source.config);
  // Computed, and not saved; where a file holds them, they are what its model was trained with.
  names.rules.push_back(
      {.ours = "encoder_positions", .theirs = {"model.encoder.embed_positions.weight"}, .presence = NameRule::Presence::kOptional});
  names.rules.push_back(
      {.ours = "decoder_positions", .theirs = {"model.decoder.embed_positions.weight"}, .presence = NameRule::Presence::kOptional});
  const auto model =
      filled(std::make_shared<TransformerModel>(source.config, TransformerModel::Start::kUnset), names, source.file, folder.options);
  model->keep_zero_padding();
  return model;
}

}  // namespace attend
