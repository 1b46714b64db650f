#include "models/bert/config.h"

#include <array>
#include <cmath>

#include "models/config_checks.h"
#include "models/hf_config.h"
#include "models/presets.h"

namespace attend {

/// Big Bird's attention_type.
enum class BigBirdAttention { kBlockSparse, kOriginalFull };

template <>
struct EnumNames<BigBirdAttention> {
  static constexpr std::array values{std::pair{BigBirdAttention::kBlockSparse, "block_sparse"},
                                     std::pair{BigBirdAttention::kOriginalFull, "original_full"}};
};

namespace {

// Of models that transformers has not: it would load one with other attention as its own BERT.
constexpr const char* kOwnModelType = "attend-bert";

constexpr const char* kBigBirdModelType = "big_bird";

// Queries, keys and values without biases are Big Bird's alone.
constexpr std::array kMustBe{KeyValue{"position_embedding_type", "\"absolute\""}, KeyValue{"is_decoder", "false"},
                             KeyValue{"use_bias", "true"}};

// The multilingual model's pooler_* describe a pooler that no code reads.
constexpr auto kHarmless = std::to_array<std::string_view>(
    {"directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type"});

constexpr KnownKeys kKeys{.must_be = kMustBe, .not_followed = {}, .harmless = kHarmless};

struct Preset {
  std::string name;
  std::int64_t layers, hidden, heads;  // the feed-forward network is 4 times as wide
};

// BigBirdConfig's.
BertConfig big_bird_defaults() {
  return {.vocab_size = 50358, .big_bird = true, .activation = Activation::kGeluTanh, .max_positions = 4096, .sep_id = 66};
}

void write_big_bird(const BertConfig& config, Json& json) {
  const bool is_sparse = config.attention_choice.kind == AttentionKind::kBigBird;
  json["model_type"] = kBigBirdModelType;
  json["attention_type"] = std::string(enum_name(is_sparse ? BigBirdAttention::kBlockSparse : BigBirdAttention::kOriginalFull));
  json["block_size"] = config.attention_choice.block;
  json["num_random_blocks"] = config.attention_choice.random;
  json["rescale_embeddings"] = config.rescale_embeddings;
  json["sep_token_id"] = config.sep_id;
  json["use_bias"] = true;
}

void read_big_bird(HfConfig& hf, BertConfig& config) {
  BigBirdAttention type = BigBirdAttention::kBlockSparse;
  hf.read("attention_type", type);
  config.attention_choice.kind = type == BigBirdAttention::kBlockSparse ? AttentionKind::kBigBird : AttentionKind::kFull;
  hf.read("block_size", config.attention_choice.block);
  hf.read("num_random_blocks", config.attention_choice.random);
  hf.read("rescale_embeddings", config.rescale_embeddings);
  hf.read("sep_token_id", config.sep_id);
}

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all{
      {"tiny", 2, 128, 2},   {"mini", 4, 256, 4},   {"small", 4, 512, 8},  // Turc et al. 2019
      {"medium", 8, 512, 8}, {"base", 12, 768, 12}, {"large", 24, 1024, 16},
  };
  return all;
}

}  // namespace

void BertConfig::validate() const {
  check_vocabulary(vocab_size);
  check_range("hidden_size", hidden_size, 1, kMostHidden);
  check_range("num_layers", num_layers, 1, kMostLayers);
  check_heads("num_heads", num_heads, hidden_size);
  check_range("intermediate_size", intermediate_size, 1, kMostInner);
  check_range("max_positions", max_positions, 1, kMostPositions);
  attention_choice.validate(attention_dropout, max_positions);
  require(!is_big_bird() || attention_choice.kind == AttentionKind::kFull || attention_choice.kind == AttentionKind::kBigBird,
          "big_bird is true with attention " + std::string(enum_name(attention_choice.kind)) + "; expected bigbird or full");
  require(!rescale_embeddings || is_big_bird(), "rescale_embeddings is true; only a Big Bird's embeddings are rescaled");
  check_range("type_vocab_size", type_vocab_size, 1, 1 << 16);
  check_id("pad_id", pad_id, vocab_size);
  check_initializer(initializer_range);
  check_epsilon(layer_norm_epsilon);
  check_rate("dropout", dropout);
  check_rate("attention_dropout", attention_dropout);
  check_rate("classifier_dropout", classifier_dropout);
}

std::int64_t BertConfig::least_parameters() const {
  const std::int64_t embeddings = (vocab_size + max_positions + type_vocab_size) * hidden_size;
  return embeddings + num_layers * ((attention_choice.projections() + 1) * hidden_size * hidden_size + 2 * hidden_size * intermediate_size +
                                    attention_choice.parameters(max_positions));
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
  Json json{
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
  if (config.is_big_bird())
    write_big_bird(config, json);
  else
    write_attention(config.attention_choice, kOwnModelType, json);
  return json;
}

BertConfig bert_from_hf(const Json& json, const std::string& name) {
  HfConfig hf(json, name);
  const auto model_type = json.find("model_type");
  const bool is_big_bird = model_type != json.end() && *model_type == kBigBirdModelType;
  BertConfig config = is_big_bird ? big_bird_defaults() : BertConfig{.vocab_size = 30522};  // the others are this struct's own
  hf.read("vocab_size", config.vocab_size);
  hf.read("hidden_size", config.hidden_size);
  hf.read("num_hidden_layers", config.num_layers);
  hf.read("num_attention_heads", config.num_heads);
  if (is_big_bird)
    read_big_bird(hf, config);
  else
    hf.read_fields(config.attention_choice);
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
  hf.check_keys(kKeys);
  hf.validate(config);
  return config;
}

}  // namespace attend
