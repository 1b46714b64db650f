#include "models/hf_config.h"

#include <array>

#include "core/field_io.h"
#include "core/log.h"

namespace attend {
namespace {

// The keys of every family's config.json, as transformers 5.23 and its predecessors write them.
constexpr std::array kMustBe{
    KeyValue{"add_cross_attention", "false"}, KeyValue{"tie_encoder_decoder", "false"}, KeyValue{"tie_word_embeddings", "true"},
    KeyValue{"pruned_heads", "{}"},           KeyValue{"quantization_config", "null"},  KeyValue{"cross_attention_hidden_size", "null"},
};

constexpr auto kHarmless = std::to_array<std::string_view>({
    // read elsewhere: the family (registry), the labels of heads (task_labels)
    "model_type",
    "architectures",
    "id2label",
    "label2id",
    "num_labels",
    "_num_labels",
    "problem_type",
    // what is kept of where the model came from
    "_name_or_path",
    "name_or_path",
    "_commit_hash",
    "transformers_version",
    "finetuning_task",
    "tokenizer_class",
    "is_encoder_decoder",
    // how it is run, and what besides the answer is returned; weights are read in any dtype
    "dtype",
    "torch_dtype",
    "use_cache",
    "use_bfloat16",
    "torchscript",
    "tf_legacy_loss",
    "gradient_checkpointing",
    "chunk_size_feed_forward",
    "attn_implementation",
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_attn_implementation_internal",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "return_dict",
    // of pipelines
    "task_specific_params",
    "prefix",
    // tokens: the tokenizer says them
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "sep_token_id",
    "cls_token_id",
    "mask_token_id",
    "unk_token_id",
    "decoder_start_token_id",
    // of generation before transformers 4.26: inference/generation_config reads them
    "max_length",
    "max_new_tokens",
    "min_length",
    "min_new_tokens",
    "do_sample",
    "early_stopping",
    "num_beams",
    "num_beam_groups",
    "diversity_penalty",
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "typical_p",
    "epsilon_cutoff",
    "eta_cutoff",
    "repetition_penalty",
    "encoder_repetition_penalty",
    "length_penalty",
    "no_repeat_ngram_size",
    "encoder_no_repeat_ngram_size",
    "bad_words_ids",
    "force_words_ids",
    "num_return_sequences",
    "output_scores",
    "output_logits",
    "return_dict_in_generate",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "forced_decoder_ids",
    "remove_invalid_values",
    "renormalize_logits",
    "exponential_decay_length_penalty",
    "suppress_tokens",
    "begin_suppress_tokens",
    "sequence_bias",
    "guidance_scale",
    "penalty_alpha",
    "max_time",
    "stop_strings",
    "constraints",
    "low_memory",
    "cache_implementation",
    "top_h",
});

constexpr KnownKeys kCommonKeys{.must_be = kMustBe, .not_followed = {}, .harmless = kHarmless};

}  // namespace

std::string with_words_replaced(const std::string& text, const std::map<std::string, std::string, std::less<>>& words) {
  const auto is_part = [](char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  std::string result;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && is_part(text[end])) ++end;
    const std::string word = text.substr(begin, end - begin);
    const auto found = words.find(word);
    result += found == words.end() ? word : found->second;
    if (end < text.size()) result += text[end++];
    begin = end;
  }
  return result;
}

const Json* HfConfig::find(const char* key, const char* alias) {
  const auto value_of = [&](const char* name) -> const Json* {
    followed_.insert(name);
    const auto found = json_.find(name);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  };
  const Json* const found = value_of(key);
  const Json* const other = alias == nullptr ? nullptr : value_of(alias);
  if (found != nullptr && other != nullptr && *found != *other)
    throw UserError(name_ + ": " + key + " is " + found->dump() + ", and " + alias + ", its other name, is " + other->dump(),
                    "leave one of the two out");
  return found != nullptr ? found : other;
}

void HfConfig::check_keys(const KnownKeys& family) const {
  for (const std::string& warning : attend::check_keys(json_, name_, std::array{kCommonKeys, family}, followed_)) log_warning(warning);
}

void HfConfig::take(const Json& json, const char* key, std::int64_t& value) const { value = json_integer(json, name_, key); }
void HfConfig::take(const Json& json, const char* key, double& value) const { value = json_number(json, name_, key); }
void HfConfig::take(const Json& json, const char* key, bool& value) const { value = json_bool(json, name_, key); }

void HfConfig::take(const Json& json, const char* key, Activation& value) const {
  std::string spelling = json_string(json, name_, key);
  if (spelling == "silu") spelling = "swish";
  if (spelling == "gelu_pytorch_tanh") spelling = "gelu_new";
  detail::field_from_json(value, Json(spelling), name_, key);
}

void write_attention(const AttentionChoice& choice, const char* model_type, Json& json) {
  if (choice.kind == AttentionKind::kFull) return;
  json["model_type"] = model_type;
  json.update(to_json(choice));
}

}  // namespace attend
