// generation_config.json: how a folder wants to be decoded. Read and written as transformers does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "inference/search.h"
#include "models/interfaces.h"

namespace attend {

/// The settings we know, with transformers' defaults. Lengths are in our convention (generated tokens, the end included,
/// the decoder's start not); the file's max_length counts the start token too, and its min_length counts the start but not
/// the end, so reading takes one from max_length and leaves min_length.
struct GenerationConfig {
  std::int64_t num_beams = 1;
  std::optional<std::int64_t> max_length;      ///< nothing: not stated
  std::optional<std::int64_t> max_new_tokens;  ///< as stated; then max_length is the same. Not a field
  std::int64_t min_length = 0;
  std::optional<std::int64_t> min_new_tokens;  ///< as stated; then min_length is one more. Not a field
  double length_penalty = 1.0;
  EarlyStopping early_stopping = EarlyStopping::kFalse;
  std::optional<std::int64_t> forced_eos_token_id, decoder_start_token_id, pad_token_id;
  std::vector<std::int64_t> eos_token_ids;
  bool do_sample = false;
  bool states_sampling = false;  ///< temperature, top_k, top_p or min_p is in the file. Not a field
  double temperature = 1.0;
  std::int64_t top_k = 50;
  double top_p = 1.0;
  double min_p = 0.0;
  double repetition_penalty = 1.0;      ///< of language models; a translator has none
  std::vector<TokenIds> bad_words_ids;  ///< token sequences that are never generated; not a field

  static void fields(auto& self, auto&& visit) {
    visit("num_beams", self.num_beams, "beams; 1 is greedy search");
    visit("max_length", self.max_length, "most tokens generated, the end counted, the start not");
    visit("min_length", self.min_length, "fewest tokens generated, the end counted, the start not");
    visit("length_penalty", self.length_penalty, "exponent p of log-probability / length^p");
    visit("early_stopping", self.early_stopping, "when a sentence with enough finished hypotheses stops");
    visit("forced_eos_token_id", self.forced_eos_token_id, "the token at the greatest length");
    visit("decoder_start_token_id", self.decoder_start_token_id, "the decoder's first input");
    visit("pad_token_id", self.pad_token_id, "the padding token");
    visit("eos_token_id", self.eos_token_ids, "tokens that end a sequence");
    visit("do_sample", self.do_sample, "sample instead of searching");
    visit("temperature", self.temperature, "logits are divided by it before sampling");
    visit("top_k", self.top_k, "sample from the k most probable tokens; 0 for all");
    visit("top_p", self.top_p, "sample from the fewest tokens that together reach p; 1 for all");
    visit("min_p", self.min_p, "sample from tokens at least this many times as probable as the best; 0 for all");
    visit("repetition_penalty", self.repetition_penalty, "what a repeated token's logit is divided or multiplied by; 1 for no penalty");
  }
};

/// What a seq2seq folder trained here says: beam search, an end forced at max_length, padding never generated.
/// `max_length` is in our convention.
GenerationConfig seq2seq_generation_config(const TokenRoles& roles, std::int64_t max_length);

/// From the content of a generation_config.json (or of a config.json of before transformers 4.26). `name` is the file, for messages.
/// Settings that would change the result and that we do not support are appended to `unsupported` by name.
/// Throws UserError for wrong types and values out of range.
GenerationConfig parse_generation_config(const Json& object, const std::string& name, std::vector<std::string>& unsupported);

/// Reads generation_config.json of a model folder, or else the same keys of its config.json; warns of unsupported settings.
/// Tokens that neither states are those of `roles`.
GenerationConfig read_generation_config(const std::filesystem::path& folder, const TokenRoles& roles);

/// The content of generation_config.json, with transformers' names and conventions.
Json generation_config_json(const GenerationConfig& config);

/// Writes generation_config.json into `folder`. Throws StorageError.
void write_generation_config(const std::filesystem::path& folder, const GenerationConfig& config);

}  // namespace attend
