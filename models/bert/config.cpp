#include "models/bert/config.h"

#include <cmath>

#include "core/limits.h"
#include "models/hf_config.h"
#include "models/presets.h"

namespace attend {
namespace {

struct Preset {
  std::string name;
  std::int64_t layers, hidden, heads;  // the feed-forward network is 4 times as wide
};

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all{
      {"tiny", 2, 128, 2},   {"mini", 4, 256, 4},   {"small", 4, 512, 8},  // Turc et al. 2019
      {"medium", 8, 512, 8}, {"base", 12, 768, 12}, {"large", 24, 1024, 16},
  };
  return all;
}

std::string is(const char* field, std::int64_t value) { return std::string(field) + " is " + std::to_string(value); }

void check_rate(const char* field, double rate) {
  require(rate >= 0 && rate < 1, std::string(field) + " is " + std::to_string(rate) + "; expected 0 or more and less than 1");
}

}  // namespace

void BertConfig::validate() const {
  require(vocab_size >= 1 && vocab_size <= limits::kVocabularySize,
          is("vocab_size", vocab_size) + "; expected 1 to " + std::to_string(limits::kVocabularySize));
  require(hidden_size >= 1 && hidden_size <= 1 << 16, is("hidden_size", hidden_size) + "; expected 1 to 65536");
  require(num_layers >= 1 && num_layers <= 1000, is("num_layers", num_layers) + "; expected 1 to 1000");
  require(num_heads >= 1 && hidden_size % num_heads == 0,
          is("num_heads", num_heads) + ", which does not divide hidden_size " + std::to_string(hidden_size));
  require(intermediate_size >= 1 && intermediate_size <= 1'000'000, is("intermediate_size", intermediate_size) + "; expected 1 to 1000000");
  require(max_positions >= 1 && max_positions <= 1 << 20, is("max_positions", max_positions) + "; expected 1 to 1048576");
  require(type_vocab_size >= 1 && type_vocab_size <= 1 << 16, is("type_vocab_size", type_vocab_size) + "; expected 1 to 65536");
  require(pad_id >= 0 && pad_id < vocab_size, is("pad_id", pad_id) + ", outside the vocabulary of " + std::to_string(vocab_size));
  require(initializer_range >= 0 && initializer_range <= 10,
          "initializer_range is " + std::to_string(initializer_range) + "; expected 0 to 10");
  require(layer_norm_epsilon > 0 && layer_norm_epsilon < 1,
          "layer_norm_epsilon is " + std::to_string(layer_norm_epsilon) + "; expected more than 0, less than 1");
  check_rate("dropout", dropout);
  check_rate("attention_dropout", attention_dropout);
  check_rate("classifier_dropout", classifier_dropout);
}

std::int64_t BertConfig::least_parameters() const {
  const std::int64_t embeddings = (vocab_size + max_positions + type_vocab_size) * hidden_size;
  return embeddings + num_layers * (4 * hidden_size * hidden_size + 2 * hidden_size * intermediate_size);
}

BertConfig bert_preset(const std::string& name) {
  const Preset& preset = find_preset(presets(), name, "BERT");
  BertConfig config;
  config.num_layers = preset.layers;
  config.hidden_size = preset.hidden;
  config.num_heads = preset.heads;
  config.intermediate_size = 4 * preset.hidden;
  if (preset.hidden < kPaperWidth) config.initializer_range = 1 / std::sqrt(static_cast<double>(preset.hidden));
  config.position_start = usual_position_start(preset.hidden);
  return config;
}

const std::vector<std::string>& bert_preset_names() {
  static const std::vector<std::string> names = names_of(presets());
  return names;
}

Json bert_to_hf(const BertConfig& config) {
  return Json{
      {"model_type", "bert"},
      {"attention_probs_dropout_prob", config.attention_dropout},
      {"classifier_dropout", config.classifier_dropout},
      {"dtype", "float32"},
      {"hidden_act", std::string(enum_name(config.activation))},
      {"hidden_dropout_prob", config.dropout},
      {"hidden_size", config.hidden_size},
      {"initializer_range", config.initializer_range},
      {"intermediate_size", config.intermediate_size},
      {"layer_norm_eps", config.layer_norm_epsilon},
      {"max_position_embeddings", config.max_positions},
      {"num_attention_heads", config.num_heads},
      {"num_hidden_layers", config.num_layers},
      {"pad_token_id", config.pad_id},
      {"tie_word_embeddings", true},
      {"type_vocab_size", config.type_vocab_size},
      {"vocab_size", config.vocab_size},
  };
}

BertConfig bert_from_hf(const Json& json, const std::string& name) {
  HfConfig hf(json, name);
  hf.must_be("position_embedding_type", "absolute");
  hf.must_be("is_decoder", false);
  hf.must_be("add_cross_attention", false);
  hf.must_be("tie_word_embeddings", true);
  BertConfig config;
  config.vocab_size = 30522;  // BertConfig's default; the others are this struct's own
  hf.read("vocab_size", config.vocab_size);
  hf.read("hidden_size", config.hidden_size);
  hf.read("num_hidden_layers", config.num_layers);
  hf.read("num_attention_heads", config.num_heads);
  hf.read("intermediate_size", config.intermediate_size);
  hf.read("hidden_act", config.activation);
  hf.read("hidden_dropout_prob", config.dropout);
  config.attention_dropout = 0.1;
  hf.read("attention_probs_dropout_prob", config.attention_dropout);
  config.classifier_dropout = config.dropout;
  hf.read("classifier_dropout", config.classifier_dropout);
  hf.read("max_position_embeddings", config.max_positions);
  hf.read("type_vocab_size", config.type_vocab_size);
  hf.read("initializer_range", config.initializer_range);
  hf.read("layer_norm_eps", config.layer_norm_epsilon);
  hf.read("pad_token_id", config.pad_id);
  config.position_start = usual_position_start(config.hidden_size);  // config.json does not say; of weights that are drawn anew
  hf.validate(config);
  return config;
}

}  // namespace attend
