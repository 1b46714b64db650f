#include "models/lstm/config.h"

#include "core/field_io.h"
#include "models/config_checks.h"
#include "models/hf_config.h"
#include "models/presets.h"

namespace attend {
namespace {

struct Preset {
  std::string name;
  std::int64_t layers, hidden;
  double dropout;
};

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all{
      {"tiny", 1, 128, 0.2}, {"small", 1, 256, 0.3}, {"base", 2, 512, 0.3}, {"luong", 4, 1000, 0.2},  // Luong et al. 2015, section 4.1
  };
  return all;
}

}  // namespace

void LstmConfig::validate() const {
  check_vocabulary(vocab_size);
  check_range("hidden_size", hidden_size, 2, kMostHidden);
  require(hidden_size % 2 == 0, is("hidden_size", hidden_size) + "; expected an even number: the encoder reads both ways");
  check_range("num_layers", num_layers, 1, kMostLayers);
  check_range("local_window", local_window, 1, kMostPositions);
  require(hard_reward >= 0 && hard_reward <= 1000, "hard_reward is " + std::to_string(hard_reward) + "; expected 0 to 1000");
  require(hard_entropy >= 0 && hard_entropy <= 1000, "hard_entropy is " + std::to_string(hard_entropy) + "; expected 0 to 1000");
  check_rate("dropout", dropout);
  check_range("max_positions", max_positions, 1, kMostPositions);
  require(shared_embeddings || (target_vocab_size >= 1 && target_vocab_size <= limits::kVocabularySize),
          is("target_vocab_size", target_vocab_size) + "; embeddings that are not shared need it");
  check_id("pad_id", pad_id, output_vocab_size());
  check_id("pad_id", pad_id, vocab_size);
  check_id("eos_id", eos_id, output_vocab_size());
  check_id("decoder_start_id", decoder_start_id, output_vocab_size());
}

std::int64_t LstmConfig::least_parameters() const {
  const std::int64_t square = hidden_size * hidden_size,
                     embeddings = (vocab_size + (shared_embeddings ? 0 : target_vocab_size)) * hidden_size;
  const std::int64_t encoder = 2 * (4 * hidden_size / 2) * (hidden_size + hidden_size / 2), decoder = 8 * square;
  return embeddings + num_layers * (encoder + decoder) + (looks() ? 6 * square : 0);  // what is fed back, and what is made of a look
}

LstmConfig lstm_preset(const std::string& name) {
  const Preset& preset = find_preset(presets(), name, "the LSTM");
  LstmConfig config;
  config.num_layers = preset.layers;
  config.hidden_size = preset.hidden;
  config.dropout = preset.dropout;
  return config;
}

const std::vector<std::string>& lstm_preset_names() {
  static const std::vector<std::string> names = names_of(presets());
  return names;
}

Json lstm_to_hf(const LstmConfig& config) {
  Json json{{"architectures", {"LstmForTranslation"}}, {"model_type", "attend-lstm"}, {"dtype", "float32"}, {"is_encoder_decoder", true}};
  json.update(to_json(config));
  for (const auto& [ours, theirs] :
       {std::pair{"pad_id", "pad_token_id"}, {"eos_id", "eos_token_id"}, {"decoder_start_id", "decoder_start_token_id"}}) {
    json[theirs] = json[ours];
    json.erase(ours);
  }
  json["forced_eos_token_id"] = config.eos_id;
  return json;
}

LstmConfig lstm_from_hf(const Json& json, const std::string& name) {
  HfConfig hf(json, name);
  LstmConfig config;
  for_each_field(config, [&](const std::string& field, auto& value, const auto&...) {
    if (!field.ends_with("_id")) hf.read(field.c_str(), value);
  });
  hf.read("pad_token_id", config.pad_id);
  hf.read_first("eos_token_id", config.eos_id);
  config.decoder_start_id = config.pad_id;
  hf.read("decoder_start_token_id", config.decoder_start_id);
  hf.check_keys({});
  hf.validate(config);
  return config;
}

}  // namespace attend
