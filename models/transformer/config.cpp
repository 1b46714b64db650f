#include "models/transformer/config.h"

#include <array>
#include <utility>

#include "models/config_checks.h"
#include "models/hf_config.h"
#include "models/presets.h"

namespace attend {
namespace {

struct Preset {
  std::string name;
  std::int64_t layers, hidden, ffn, heads;
  double dropout;
};

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all{
      {"tiny", 4, 128, 256, 4, 0.3},  // Wu et al. 2021's for Multi30k
      {"small", 3, 256, 512, 8, 0.1},
      {"base", 6, 512, 2048, 8, 0.1},  // the paper's table 3
      {"big", 6, 1024, 4096, 16, 0.3},
  };
  return all;
}

void check_stack(const std::string& side, std::int64_t layers, std::int64_t heads, std::int64_t ffn, std::int64_t hidden) {
  check_range(side + "_layers", layers, 1, kMostLayers);
  check_heads(side + "_heads", heads, hidden);
  check_range(side + "_ffn_size", ffn, 1, kMostInner);
}

}  // namespace

void TransformerConfig::validate() const {
  check_vocabulary(vocab_size);
  check_range("hidden_size", hidden_size, 2, kMostHidden);
  check_stack("encoder", encoder_layers, encoder_heads, encoder_ffn_size, hidden_size);
  check_stack("decoder", decoder_layers, decoder_heads, decoder_ffn_size, hidden_size);
  check_rate("dropout", dropout);
  check_rate("attention_dropout", attention_dropout);
  check_range("max_positions", max_positions, 1, kMostPositions);
  require(shared_embeddings || (target_vocab_size >= 1 && target_vocab_size <= limits::kVocabularySize),
          "target_vocab_size is " + std::to_string(target_vocab_size) + "; embeddings that are not shared need it");
  check_id("pad_id", pad_id, output_vocab_size());
  check_id("pad_id", pad_id, vocab_size);
  check_id("eos_id", eos_id, output_vocab_size());
  check_id("decoder_start_id", decoder_start_id, output_vocab_size());
}

std::int64_t TransformerConfig::least_parameters() const {
  const std::int64_t attention = 4 * hidden_size * hidden_size;
  const std::int64_t embeddings = (vocab_size + (shared_embeddings ? 0 : target_vocab_size)) * hidden_size;
  return embeddings + encoder_layers * (attention + 2 * hidden_size * encoder_ffn_size) +
         decoder_layers * (2 * attention + 2 * hidden_size * decoder_ffn_size);
}

TransformerConfig transformer_preset(const std::string& name) {
  const Preset& preset = find_preset(presets(), name, "the Transformer");
  TransformerConfig config;
  config.hidden_size = preset.hidden;
  config.encoder_layers = config.decoder_layers = preset.layers;
  config.encoder_heads = config.decoder_heads = preset.heads;
  config.encoder_ffn_size = config.decoder_ffn_size = preset.ffn;
  config.dropout = preset.dropout;
  return config;
}

const std::vector<std::string>& transformer_preset_names() {
  static const std::vector<std::string> names = names_of(presets());
  return names;
}

Json transformer_to_hf(const TransformerConfig& config) {
  return Json{
      {"architectures", {"MarianMTModel"}},
      {"model_type", "marian"},
      {"activation_dropout", 0.0},
      {"activation_function", std::string(enum_name(config.activation))},
      {"attention_dropout", config.attention_dropout},
      {"d_model", config.hidden_size},
      {"decoder_attention_heads", config.decoder_heads},
      {"decoder_ffn_dim", config.decoder_ffn_size},
      {"decoder_layerdrop", 0.0},
      {"decoder_layers", config.decoder_layers},
      {"decoder_start_token_id", config.decoder_start_id},
      {"decoder_vocab_size", config.output_vocab_size()},
      {"dropout", config.dropout},
      {"encoder_attention_heads", config.encoder_heads},
      {"encoder_ffn_dim", config.encoder_ffn_size},
      {"encoder_layerdrop", 0.0},
      {"encoder_layers", config.encoder_layers},
      {"eos_token_id", config.eos_id},
      {"forced_eos_token_id", config.eos_id},
      {"init_std", 0.02},
      {"is_encoder_decoder", true},
      {"max_position_embeddings", config.max_positions},
      {"num_hidden_layers", config.encoder_layers},
      {"pad_token_id", config.pad_id},
      {"scale_embedding", config.scale_embedding},
      {"share_encoder_decoder_embeddings", config.shared_embeddings},
      {"static_position_embeddings", true},
      {"tie_word_embeddings", true},
      {"dtype", "float32"},
      {"use_cache", true},
      {"vocab_size", config.vocab_size},
  };
}

TransformerConfig transformer_from_hf(const Json& json, const std::string& name) {
  HfConfig hf(json, name);
  hf.must_be("normalize_before", false);
  hf.must_be("encoder_normalize_before", false);
  hf.must_be("normalize_embedding", false);
  hf.must_be("add_final_layer_norm", false);
  hf.must_be("tie_word_embeddings", true);
  hf.must_be("static_position_embeddings", true);
  TransformerConfig config;
  hf.read("vocab_size", config.vocab_size);
  config.target_vocab_size = config.vocab_size;
  hf.read("decoder_vocab_size", config.target_vocab_size);
  hf.read("d_model", config.hidden_size);
  hf.read("encoder_layers", config.encoder_layers);
  hf.read("decoder_layers", config.decoder_layers);
  hf.read("encoder_attention_heads", config.encoder_heads);
  hf.read("decoder_attention_heads", config.decoder_heads);
  hf.read("encoder_ffn_dim", config.encoder_ffn_size);
  hf.read("decoder_ffn_dim", config.decoder_ffn_size);
  hf.read("max_position_embeddings", config.max_positions);
  hf.read("pad_token_id", config.pad_id);
  hf.read("eos_token_id", config.eos_id);
  config.decoder_start_id = config.pad_id;
  hf.read("decoder_start_token_id", config.decoder_start_id);
  config.activation = Activation::kGelu;  // MarianConfig's default
  hf.read("activation_function", config.activation);
  config.scale_embedding = false;  // likewise
  hf.read("scale_embedding", config.scale_embedding);
  hf.read("share_encoder_decoder_embeddings", config.shared_embeddings);
  hf.read("dropout", config.dropout);
  hf.read("attention_dropout", config.attention_dropout);
  hf.validate(config);
  return config;
}

}  // namespace attend
