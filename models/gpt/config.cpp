#include "models/gpt/config.h"

#include <array>
#include <cmath>

#include "models/config_checks.h"
#include "models/hf_config.h"
#include "models/presets.h"

namespace attend {
namespace {

// Ours alone: transformers keeps it and does not look at it, and the biases are there as zeros.
constexpr const char* kBiasKey = "bias";

// Of models that transformers has not: it would load one with other attention as its own GPT-2.
constexpr const char* kOwnModelType = "attend-gpt";

constexpr std::array kMustBe{KeyValue{"scale_attn_weights", "true"}, KeyValue{"scale_attn_by_inverse_layer_idx", "false"}};

// summary_* are of the double-heads model; reorder_and_upcast_attn is of half precision; n_ctx is n_positions.
constexpr auto kHarmless = std::to_array<std::string_view>({
    "summary_type",
    "summary_use_proj",
    "summary_activation",
    "summary_proj_to_labels",
    "summary_first_dropout",
    "reorder_and_upcast_attn",
    "n_ctx",
    "n_special",
    "is_decoder",
    "predict_special_tokens",
});

constexpr KnownKeys kKeys{.must_be = kMustBe, .not_followed = {}, .harmless = kHarmless};

struct Preset {
  std::string name;
  std::int64_t layers, hidden, heads, positions;
  double dropout = 0.1;
  bool bias = true;
};

// Two rows of Brown et al.'s table contradict themselves: XL's 24 heads of 128 are not 2048 wide (16 are), and 13B's width of 5140 is not
// 40 heads of 128 (5120 is). Their models also alternate full with banded attention; these have full attention everywhere.
const std::vector<Preset>& presets() {
  static const std::vector<Preset> all{
      {.name = "tiny", .layers = 2, .hidden = 128, .heads = 4, .positions = 128, .dropout = 0},
      {.name = "nano", .layers = 4, .hidden = 128, .heads = 4, .positions = 64, .dropout = 0, .bias = false},
      {.name = "mini", .layers = 6, .hidden = 384, .heads = 6, .positions = 256, .dropout = 0.2, .bias = false},
      {"gpt2", 12, 768, 12, 1024},
      {"gpt2-medium", 24, 1024, 16, 1024},  // Radford et al.'s table 2
      {"gpt2-large", 36, 1280, 20, 1024},
      {"gpt2-xl", 48, 1600, 25, 1024},
      {"gpt3-small", 12, 768, 12, 2048},
      {"gpt3-medium", 24, 1024, 16, 2048},  // Brown et al.'s table 2.1
      {"gpt3-large", 24, 1536, 16, 2048},
      {"gpt3-xl", 24, 2048, 16, 2048},
      {"gpt3-2.7b", 32, 2560, 32, 2048},
      {"gpt3-6.7b", 32, 4096, 32, 2048},
      {"gpt3-13b", 40, 5120, 40, 2048},
      {"gpt3-175b", 96, 12288, 96, 2048},
  };
  return all;
}

bool is_inside(const std::optional<std::int64_t>& id, std::int64_t vocab_size) { return id && *id >= 0 && *id < vocab_size; }

Json number_or_null(const std::optional<std::int64_t>& value) { return value ? Json(*value) : Json(nullptr); }

}  // namespace

void GptConfig::validate() const {
  check_vocabulary(vocab_size);
  check_range("hidden_size", hidden_size, 1, kMostHidden);
  check_range("num_layers", num_layers, 1, kMostLayers);
  check_heads("num_heads", num_heads, hidden_size);
  attention_choice.validate(attention_dropout, max_positions);
  attention_choice.require_causal();
  check_range("intermediate_size", inner_size(), 1, kMostInner);
  check_range("max_positions", max_positions, 1, kMostPositions);
  check_initializer(initializer_range);
  check_epsilon(layer_norm_epsilon);
  check_rate("dropout", dropout);
  check_rate("embedding_dropout", embedding_dropout.value_or(0));
  check_rate("attention_dropout", attention_dropout);
  check_rate("classifier_dropout", classifier_dropout);
  check_id("bos_id", bos_id, vocab_size);
  check_id("eos_id", eos_id, vocab_size);
  check_id("pad_id", pad_id, vocab_size);
}

std::int64_t GptConfig::least_parameters() const {
  return (vocab_size + max_positions) * hidden_size +
         num_layers * ((attention_choice.projections() + 1) * hidden_size * hidden_size + 2 * hidden_size * inner_size());
}

GptConfig gpt_preset(const std::string& name) {
  const Preset& preset = find_preset(presets(), name, "GPT");
  GptConfig config;
  config.num_layers = preset.layers;
  config.hidden_size = preset.hidden;
  config.num_heads = preset.heads;
  config.max_positions = preset.positions;
  if (preset.hidden < kPaperWidth) config.initializer_range = 1 / std::sqrt(static_cast<double>(preset.hidden));
  config.position_start = usual_position_start(preset.hidden);
  config.dropout = preset.dropout;
  config.bias = preset.bias;
  return config;
}

const std::vector<std::string>& gpt_preset_names() {
  static const std::vector<std::string> names = names_of(presets());
  return names;
}

Json gpt_to_hf(const GptConfig& config) {
  Json json{
      {"model_type", "gpt2"},
      {"activation_function", std::string(enum_name(config.activation))},
      {"attn_pdrop", config.attention_dropout},
      {"bos_token_id", number_or_null(config.bos_id)},
      {"dtype", "float32"},
      {"embd_pdrop", config.embedding_dropout.value_or(config.dropout)},
      {"eos_token_id", number_or_null(config.eos_id)},
      {"initializer_range", config.initializer_range},
      {"layer_norm_epsilon", config.layer_norm_epsilon},
      {"n_embd", config.hidden_size},
      {"n_head", config.num_heads},
      {"n_inner", number_or_null(config.intermediate_size)},
      {"n_layer", config.num_layers},
      {"n_positions", config.max_positions},
      {"pad_token_id", number_or_null(config.pad_id)},
      {"reorder_and_upcast_attn", false},
      {"resid_pdrop", config.dropout},
      {"scale_attn_by_inverse_layer_idx", false},
      {"scale_attn_weights", true},
      {"tie_word_embeddings", true},
      {"use_cache", true},
      {"vocab_size", config.vocab_size},
  };
  if (!config.bias) json[kBiasKey] = false;
  write_attention(config.attention_choice, kOwnModelType, json);
  return json;
}

GptConfig gpt_from_hf(const Json& json, const std::string& name) {
  HfConfig hf(json, name);
  GptConfig config;
  config.vocab_size = 50257;  // GPT2Config's defaults; the others are this struct's own
  hf.read("vocab_size", config.vocab_size);
  hf.read("n_embd", config.hidden_size, "hidden_size");
  hf.read("n_layer", config.num_layers, "num_hidden_layers");
  hf.read("n_head", config.num_heads, "num_attention_heads");
  hf.read_fields(config.attention_choice);
  hf.read("n_inner", config.intermediate_size);
  hf.read("activation_function", config.activation);
  hf.read("resid_pdrop", config.dropout);
  config.embedding_dropout = config.attention_dropout = 0.1;
  hf.read("embd_pdrop", config.embedding_dropout);
  hf.read("attn_pdrop", config.attention_dropout);
  hf.read("classifier_dropout", config.classifier_dropout);
  hf.read("n_positions", config.max_positions, "max_position_embeddings");
  hf.read("initializer_range", config.initializer_range);
  hf.read("layer_norm_epsilon", config.layer_norm_epsilon);
  if (!json.contains("bos_token_id")) config.bos_id = 50256;
  if (!json.contains("eos_token_id")) config.eos_id = 50256;
  hf.read("bos_token_id", config.bos_id);
  hf.read_first("eos_token_id", config.eos_id);
  hf.read("pad_token_id", config.pad_id);
  hf.read(kBiasKey, config.bias);
  for (auto* id : {&config.bos_id, &config.eos_id, &config.pad_id})
    if (!is_inside(*id, config.vocab_size))
      id->reset();  // transformers writes 50256 whatever the vocabulary; a token that never comes is none
  config.position_start = usual_position_start(config.hidden_size);  // config.json does not say; of weights that are drawn anew
  hf.check_keys(kKeys);
  hf.validate(config);
  return config;
}

}  // namespace attend
