#include "inference/generation_config.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/field_io.h"
#include "core/known_keys.h"

namespace attend {
namespace {

constexpr std::string_view kFileName = "generation_config.json";

// Settings of transformers that change what is generated and that we do not have, each with the value that changes nothing.
constexpr std::array kNotFollowed{
    KeyValue{"encoder_repetition_penalty", "1.0"},
    KeyValue{"no_repeat_ngram_size", "0"},
    KeyValue{"encoder_no_repeat_ngram_size", "0"},
    KeyValue{"renormalize_logits", "false"},
    KeyValue{"forced_bos_token_id", "null"},
    KeyValue{"exponential_decay_length_penalty", "null"},
    KeyValue{"suppress_tokens", "null"},
    KeyValue{"begin_suppress_tokens", "null"},
    KeyValue{"forced_decoder_ids", "null"},
    KeyValue{"sequence_bias", "null"},
    KeyValue{"guidance_scale", "1.0"},
    KeyValue{"watermarking_config", "null"},
    KeyValue{"diversity_penalty", "0.0"},
    KeyValue{"num_beam_groups", "1"},
    KeyValue{"constraints", "null"},
    KeyValue{"force_words_ids", "null"},
    KeyValue{"penalty_alpha", "null"},
    KeyValue{"dola_layers", "null"},
    KeyValue{"typical_p", "1.0"},
    KeyValue{"epsilon_cutoff", "0.0"},
    KeyValue{"eta_cutoff", "0.0"},
    KeyValue{"top_h", "null"},
    KeyValue{"stop_strings", "null"},
    KeyValue{"max_time", "null"},
    KeyValue{"num_return_sequences", "1"},
    KeyValue{"token_healing", "false"},
};

// About running: caches, compiling, assistants (which need a second model), and what is returned besides the text.
constexpr auto kHarmless = std::to_array<std::string_view>({
    "_from_model_config",
    "transformers_version",
    "bos_token_id",
    "use_cache",
    "cache_config",
    "cache_implementation",
    "max_cache_len",
    "return_legacy_cache",
    "low_memory",
    "prefill_chunk_size",
    "compile_config",
    "disable_compile",
    "continuous_batching_config",
    "is_assistant",
    "num_assistant_tokens",
    "num_assistant_tokens_schedule",
    "assistant_confidence_threshold",
    "assistant_lookbehind",
    "target_lookbehind",
    "assistant_early_exit",
    "assistant_ensemble_weight",
    "prompt_lookup_num_tokens",
    "max_matching_ngram_size",
    "speculation_type",
    "use_mtp",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "output_logits",
    "return_dict_in_generate",
    "remove_invalid_values",
    "trust_remote_code",
});

constexpr KnownKeys kKeys{.must_be = {}, .not_followed = kNotFollowed, .harmless = kHarmless};

// The keys that GenerationConfig takes.
std::set<std::string, std::less<>> followed_keys() {
  std::set<std::string, std::less<>> keys{"max_new_tokens", "min_new_tokens", "bad_words_ids"};
  const GenerationConfig defaults;
  for_each_field(defaults, [&](const char* key, const auto&...) { keys.insert(key); });
  return keys;
}

// The settings of a config.json, whose other keys are the model's.
Json settings_in(const Json& config) {
  const auto followed = followed_keys();
  Json settings = Json::object();
  for (const auto& [key, value] : config.items()) {
    const bool is_setting = followed.contains(key) || std::ranges::find(kNotFollowed, key, &KeyValue::key) != kNotFollowed.end();
    if (is_setting) settings[key] = value;
  }
  return settings;
}

void require(bool condition, const std::string& name, std::string_view key, const std::string& expected) {
  if (!condition) throw UserError(name + ": " + std::string(key) + " is out of range; expected " + expected);
}

TokenIds read_ids(const Json& value, const std::string& name, std::string_view key) {
  if (!value.is_array()) return {json_integer(value, name, key)};
  TokenIds ids;
  for (const auto& item : value) ids.push_back(json_integer(item, name, key));
  return ids;
}

// The object with our field's types in place of transformers' mixed ones, without nulls and lengths.
Json plain_fields(const Json& object, const std::string& name) {
  Json plain = Json::object();
  for (const auto& [key, value] : object.items()) {
    if (says_nothing(value) || key == "max_length" || key == "min_length" || key == "bad_words_ids") continue;
    if (key == "early_stopping" && value.is_boolean())
      plain[key] = value.get<bool>() ? "true" : "false";
    else if (key == "eos_token_id")
      plain[key] = read_ids(value, name, key);
    else if (key == "forced_eos_token_id" && value.is_array() && value.size() == 1)
      plain[key] = value.front();
    else
      plain[key] = value;
  }
  return plain;
}

void read_lengths(GenerationConfig& config, const Json& object, const std::string& name) {
  const auto stated = [&](std::string_view key) -> std::optional<std::int64_t> {
    const auto found = object.find(key);
    return found == object.end() || found->is_null() ? std::nullopt : std::optional(json_integer(*found, name, key));
  };
  if (const auto length = stated("max_length")) {
    require(*length >= 2, name, "max_length", "2 or more (the start token is counted)");
    config.max_length = *length - 1;
  }
  if (const auto count = stated("max_new_tokens")) config.max_length = config.max_new_tokens = *count;
  if (const auto length = stated("min_length")) config.min_length = *length;
  // transformers refuses the end while fewer than min_new_tokens stand before it.
  if (const auto count = stated("min_new_tokens"); count && *count > 0) {
    config.min_new_tokens = *count;
    config.min_length = *count + 1;
  }
}

void check(const GenerationConfig& config, const std::string& name) {
  constexpr std::int64_t kMost = 1 << 20;  // far above any use; keeps products of sizes in range
  require(config.num_beams >= 1 && config.num_beams <= 1024, name, "num_beams", "1 to 1024");
  require(!config.max_length || (*config.max_length >= 1 && *config.max_length <= kMost), name, "max_length", "1 to 2^20 generated tokens");
  require(config.min_length >= 0 && config.min_length <= kMost, name, "min_length", "0 to 2^20");
  require(config.temperature >= 0, name, "temperature", "0 or more");
  require(config.top_k >= 0, name, "top_k", "0 or more");
  require(config.top_p > 0 && config.top_p <= 1, name, "top_p", "above 0, at most 1");
  require(config.min_p >= 0 && config.min_p <= 1, name, "min_p", "0 to 1");
  require(config.repetition_penalty > 0, name, "repetition_penalty", "above 0");
  for (const auto& word : config.bad_words_ids) {
    require(!word.empty(), name, "bad_words_ids", "lists of at least one token id");
    require(std::ranges::all_of(word, [](std::int64_t id) { return id >= 0; }), name, "bad_words_ids", "token ids of 0 and more");
  }
  if (config.do_sample && config.num_beams > 1)
    throw UserError(
        name + ": do_sample is true and num_beams is " + std::to_string(config.num_beams) + "; beams of samples are not supported",
        "change the file: with do_sample false the beams are searched, with num_beams 1 samples are drawn");
}

// An end that may never come would let no sequence end.
void leave_ends_out(GenerationConfig& config) {
  std::erase_if(config.bad_words_ids, [&](const TokenIds& word) {
    return word.size() == 1 && std::ranges::find(config.eos_token_ids, word.front()) != config.eos_token_ids.end();
  });
}

}  // namespace

GenerationConfig seq2seq_generation_config(const TokenRoles& roles, std::int64_t max_length) {
  GenerationConfig config;
  config.num_beams = 4;
  config.max_length = max_length;
  config.forced_eos_token_id = roles.eos;
  config.decoder_start_token_id = roles.decoder_start;
  config.pad_token_id = roles.pad;
  config.eos_token_ids = {roles.eos};
  config.bad_words_ids = {{roles.pad}};
  return config;
}

GenerationConfig parse_generation_config(const Json& object, const std::string& name) {
  if (!object.is_object()) throw UserError(name + ": expected a JSON object");
  GenerationConfig config;
  from_json(config, plain_fields(object, name), name);
  read_lengths(config, object, name);
  for (const char* key : {"temperature", "top_k", "top_p", "min_p"})
    if (const auto found = object.find(key); found != object.end() && !found->is_null()) config.states_sampling = true;
  if (const auto words = object.find("bad_words_ids"); words != object.end() && !words->is_null()) {
    if (!words->is_array()) throw UserError(name + ": bad_words_ids must be a list of lists of token ids");
    for (const auto& word : *words) config.bad_words_ids.push_back(read_ids(word, name, "bad_words_ids"));
  }
  check(config, name);
  leave_ends_out(config);
  config.warnings = check_keys(object, name, std::array{kKeys}, followed_keys());
  return config;
}

GenerationConfig read_generation_config(const std::filesystem::path& folder, const TokenRoles& roles) {
  const auto path = folder / kFileName, config_path = folder / "config.json";
  const bool has_own = std::filesystem::exists(path);
  const Json settings = !has_own || std::filesystem::exists(config_path) ? settings_in(read_json_file(config_path)) : Json::object();
  GenerationConfig config =
      has_own ? parse_generation_config(read_json_file(path), path.string()) : parse_generation_config(settings, config_path.string());
  if (!config.decoder_start_token_id) config.decoder_start_token_id = roles.decoder_start;
  if (!config.pad_token_id) config.pad_token_id = roles.pad;
  if (const auto ends = settings.find("eos_token_id"); config.eos_token_ids.empty() && ends != settings.end() && ends->is_array())
    config.eos_token_ids = read_ids(*ends, config_path.string(), "eos_token_id");
  if (config.eos_token_ids.empty()) config.eos_token_ids = {roles.eos};
  leave_ends_out(config);
  return config;
}

void require_bad_words_within(const GenerationConfig& config, std::int64_t vocab_size) {
  for (const TokenIds& word : config.bad_words_ids)
    for (const std::int64_t id : word)
      if (id >= vocab_size)
        throw UserError(
            "bad_words_ids names token id " + std::to_string(id) + "; the model's vocabulary has " + std::to_string(vocab_size) + " tokens",
            "correct the folder's generation_config.json");
}

Json generation_config_json(const GenerationConfig& config) {
  Json json = Json::object();
  if (!config.bad_words_ids.empty()) json["bad_words_ids"] = config.bad_words_ids;
  if (config.decoder_start_token_id) json["decoder_start_token_id"] = *config.decoder_start_token_id;
  if (config.do_sample) {
    json["do_sample"] = true;
    json["temperature"] = config.temperature;
    json["top_k"] = config.top_k;
    json["top_p"] = config.top_p;
    if (config.min_p > 0) json["min_p"] = config.min_p;
  }
  if (config.early_stopping == EarlyStopping::kNever)
    json["early_stopping"] = "never";
  else
    json["early_stopping"] = config.early_stopping == EarlyStopping::kTrue;
  if (config.eos_token_ids.size() == 1)
    json["eos_token_id"] = config.eos_token_ids.front();
  else if (!config.eos_token_ids.empty())
    json["eos_token_id"] = config.eos_token_ids;
  if (config.forced_eos_token_id) json["forced_eos_token_id"] = *config.forced_eos_token_id;
  json["length_penalty"] = config.length_penalty;
  if (config.max_length) json["max_length"] = *config.max_length + 1;  // the start token is counted
  if (config.min_length > 0) json["min_length"] = config.min_length;
  json["num_beams"] = config.num_beams;
  if (config.repetition_penalty != 1.0) json["repetition_penalty"] = config.repetition_penalty;
  if (config.pad_token_id) json["pad_token_id"] = *config.pad_token_id;
  return json;
}

void write_generation_config(const std::filesystem::path& folder, const GenerationConfig& config) {
  write_json_file(folder / kFileName, generation_config_json(config));
}

}  // namespace attend
