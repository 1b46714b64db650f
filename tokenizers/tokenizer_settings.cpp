#include "tokenizers/tokenizer_settings.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/text.h"
#include "tokenizers/tokenizer_json.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr const char* kSpecialTokens = "special_tokens_map.json";                         // of older folders
constexpr const char* kAddedTokens = "added_tokens.json";                                 // of older folders still
constexpr std::array kSpecialLists{"additional_special_tokens", "extra_special_tokens"};  // of transformers 4 and 5
constexpr double kSaneLength = 1e6;                                                       // model_max_length is 1e30 where there is none

void set_id(AddedToken& token, std::int64_t id, const std::string& name) {
  if (id < 0 || id >= limits::kVocabularySize)
    throw UserError(name + ": the id of the added token '" + excerpt(token.content) + "' is " + std::to_string(id));
  token.id = static_cast<std::int32_t>(id);
}

// Followed by every tokenizer here.
constexpr std::array<std::string_view, 9> kFollowedByAll{"tokenizer_class",
                                                         "model_max_length",
                                                         "unk_token",
                                                         "pad_token",
                                                         "additional_special_tokens",
                                                         "extra_special_tokens",
                                                         "added_tokens_decoder",
                                                         "clean_up_tokenization_spaces",
                                                         "split_special_tokens"};

// They decide no id of a text: where files came from, how a library loads and fills up batches, what a chat looks like.
constexpr std::array<std::string_view, 33> kHarmless{"name_or_path",
                                                     "special_tokens_map_file",
                                                     "tokenizer_file",
                                                     "full_tokenizer_file",
                                                     "vocab_file",
                                                     "merges_file",
                                                     "target_vocab_file",
                                                     "source_spm",
                                                     "target_spm",
                                                     "vocab",
                                                     "max_model_input_sizes",
                                                     "backend",
                                                     "is_local",
                                                     "local_files_only",
                                                     "use_fast",
                                                     "from_slow",
                                                     "processor_class",
                                                     "init_inputs",
                                                     "model_input_names",
                                                     "padding",
                                                     "padding_side",
                                                     "pad_to_multiple_of",
                                                     "pad_token_type_id",
                                                     "pad_token_id",
                                                     "truncation",
                                                     "truncation_strategy",
                                                     "max_length",
                                                     "max_len",
                                                     "stride",
                                                     "trim_offsets",
                                                     "spaces_between_special_tokens",
                                                     "return_token_type_ids",
                                                     "chat_template"};

/// A key of which one value changes nothing, and what another one does.
struct Usual {
  std::string_view key, usual;  // as JSON
  bool is_refused;              // another value gives other ids to ordinary text; else a warning
};
constexpr std::array kUsual{Usual{"do_basic_tokenize", "true", true},   Usual{"never_split", "[]", true},
                            Usual{"wordpieces_prefix", "\"##\"", true}, Usual{"truncation_side", "\"right\"", false},
                            Usual{"errors", "\"replace\"", false},      Usual{"add_eos_token", "false", false},
                            Usual{"add_bos_token", "false", false},     Usual{"add_prefix_space", "false", false},
                            Usual{"do_lower_case", "false", false},     Usual{"strip_accents", "false", false}};

}  // namespace

void check_setting_keys(const Json& settings, const std::string& name, const std::vector<std::string_view>& followed) {
  const auto holds = [](const auto& keys, const std::string& key) { return std::find(keys.begin(), keys.end(), key) != keys.end(); };
  for (const auto& [key, value] : settings.items()) {
    if (value.is_null() || holds(followed, key) || holds(kFollowedByAll, key) || holds(kHarmless, key)) continue;
    const auto usual = std::find_if(kUsual.begin(), kUsual.end(), [&k = key](const Usual& entry) { return entry.key == k; });
    const std::string shown = excerpt(value.dump(-1, ' ', false, Json::error_handler_t::replace));
    if (usual != kUsual.end() && shown == usual->usual) continue;
    if (usual != kUsual.end() && usual->is_refused)
      throw UserError(name + " has " + key + ": " + shown + "; only " + std::string(usual->usual) + " can be followed",
                      "load the folder in transformers and save it, which writes a tokenizer.json");
    log_warning_once(name + ": '" + excerpt(key) + "' (" + shown + ") is not followed; if it changes how text becomes ids, answers differ");
  }
}

PieceIds ids_of(const std::vector<std::string>& pieces) {
  PieceIds ids;
  ids.reserve(pieces.size());
  for (std::size_t id = 0; id < pieces.size(); ++id)
    if (!pieces[id].empty()) ids[pieces[id]] = static_cast<std::int32_t>(id);
  return ids;
}

TokenizerSettings::TokenizerSettings(const fs::path& folder) : folder_(folder), name_((folder / kTokenizerSettings).string()) {
  if (fs::is_regular_file(folder / kTokenizerSettings)) json_ = read_json_file(folder / kTokenizerSettings);
  if (!json_.is_object()) throw UserError(name_ + " is not an object");
  // Of an older folder the special tokens stand in a file of their own.
  if (json_.contains("added_tokens_decoder") || !fs::is_regular_file(folder / kSpecialTokens)) return;
  const Json special = read_json_file(folder / kSpecialTokens);
  if (!special.is_object()) throw UserError((folder / kSpecialTokens).string() + " is not an object");
  for (const auto& [key, value] : special.items()) json_[key] = value;
}

std::optional<std::string> TokenizerSettings::token_text(const char* key) const {
  if (!has(key)) return std::nullopt;
  return read_added_token(json_[key], name_, key).content;
}

std::int64_t TokenizerSettings::max_length() const {
  if (!has("model_max_length")) return 0;
  const double length = json_number(json_["model_max_length"], name_, "model_max_length");
  return length >= 1 && length <= kSaneLength ? static_cast<std::int64_t>(length) : 0;
}

void TokenizerSettings::check_special_tokens() const {
  if (flag("split_special_tokens", false))
    throw UserError(name_ + " asks for split_special_tokens, which is not supported", "set it to false");
}

void TokenizerSettings::check_class(const std::vector<std::string>& known) const {
  if (!has("tokenizer_class")) return;
  const std::string tokenizer_class = json_string(json_["tokenizer_class"], name_, "tokenizer_class");
  const std::string_view stem =
      std::string_view(tokenizer_class).substr(0, tokenizer_class.size() - (tokenizer_class.ends_with("Fast") ? 4 : 0));
  if (std::find(known.begin(), known.end(), stem) == known.end())
    throw UserError(
        name_ + ": tokenizer_class is '" + excerpt(tokenizer_class) + "'; expected " + known.front() + ", or one that works as it does",
        "load the folder in transformers and save it, which writes a tokenizer.json");
}

std::vector<AddedToken> TokenizerSettings::special_tokens(const std::vector<Named>& named) const {
  std::vector<AddedToken> tokens;
  const auto add = [&](AddedToken token) {
    token.special = true;
    tokens.push_back(std::move(token));
  };
  for (const auto& [key, text] : named) {
    const bool is_described = has(key) && json_[key].is_object() && token_text(key) == text;
    add(is_described ? read_added_token(json_[key], name_, key) : AddedToken{.content = text});
  }
  for (const char* key : kSpecialLists) {
    if (!has(key)) continue;
    if (!json_[key].is_array() && !json_[key].is_object()) throw UserError(name_ + ": " + key + " is not a list of tokens");
    for (const Json& token : json_[key]) add(read_added_token(token, name_, key));
  }
  return tokens;
}

Json TokenizerSettings::further_special_tokens(const std::vector<const char*>& keys) const {
  Json further = Json::object();
  const auto keep = [&](const char* key) {
    if (has(key)) further[key] = json_[key];
  };
  for (const char* key : keys) keep(key);
  for (const char* key : kSpecialLists) keep(key);
  return further;
}

std::vector<AddedToken> TokenizerSettings::described_tokens(const std::vector<AddedToken>& special) const {
  std::vector<AddedToken> tokens;
  if (has("added_tokens_decoder")) {
    const Json& listed = json_["added_tokens_decoder"];
    if (!listed.is_object()) throw UserError(name_ + ": added_tokens_decoder is not an object");
    for (const auto& [id, token] : listed.items()) {
      if (id.empty() || id.size() > 9 || id.find_first_not_of("0123456789") != std::string::npos)
        throw UserError(name_ + ": added_tokens_decoder has the key '" + excerpt(id) + "'; expected an id");
      if (!token.is_object()) throw UserError(name_ + ": token " + id + " of added_tokens_decoder is not an object");
      tokens.push_back(read_added_token(token, name_, "added_tokens_decoder"));
      set_id(tokens.back(), std::stoll(id), name_);
    }
  } else if (fs::is_regular_file(folder_ / kAddedTokens)) {
    const std::string name = (folder_ / kAddedTokens).string();
    const Json listed = read_json_file(folder_ / kAddedTokens);
    if (!listed.is_object()) throw UserError(name + " is not an object");
    for (const auto& [content, id] : listed.items()) {
      const auto is_it = [&](const AddedToken& token) { return token.content == content; };
      const bool is_special = std::any_of(special.begin(), special.end(), is_it);
      tokens.push_back({.content = content, .normalized = !is_special, .special = is_special});
      set_id(tokens.back(), json_integer(id, name, content), name);
    }
  }
  std::stable_sort(tokens.begin(), tokens.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  return tokens;
}

std::vector<AddedToken> with_ids(TokenAddition addition, const std::vector<std::string>& pieces) {
  const PieceIds ids = ids_of(pieces);
  const std::string& name = addition.name;
  std::vector<AddedToken> added;
  std::unordered_map<std::string, std::size_t> known;
  auto next = static_cast<std::int32_t>(ids.size());
  std::string missing;
  for (std::size_t i = 0; i < addition.tokens.size(); ++i) {
    AddedToken& token = addition.tokens[i];
    const bool is_described = i < addition.num_described;
    if (token.content.empty()) throw UserError(name + ": one of the added tokens is empty");
    if (const auto before = known.find(token.content); before != known.end()) {
      if (!is_described && token.special) added[before->second].special = true;
      continue;
    }
    const auto found = ids.find(token.content);
    const bool is_new = found == ids.end();
    if (is_new && !is_described && i < addition.num_described + addition.num_left_out) {
      missing = token.content;
      continue;
    }
    if (is_new && !missing.empty())
      throw UserError(name + " adds the token '" + excerpt(token.content) + "' to a vocabulary that lacks '" + excerpt(missing) + "'",
                      "load the folder in transformers and save it, which adds both");
    const std::int32_t id = is_new ? next : found->second;
    if (is_new && static_cast<std::size_t>(next) < pieces.size())
      throw UserError(name + ": the token '" + excerpt(token.content) + "' is new, and the vocabulary's ids have holes or repeated pieces");
    if (token.id >= 0 && token.id != id)
      throw UserError(name + ": the id of the added token '" + excerpt(token.content) + "' is " + std::to_string(token.id) + "; expected " +
                      std::to_string(id) + (is_new ? ", the next one that is free" : ", as in the vocabulary"));
    if (is_new) ++next;
    token.id = id;
    known.emplace(token.content, added.size());
    added.push_back(token);
  }
  return added;
}

Json added_tokens_decoder(const std::vector<AddedToken>& tokens) {
  std::vector<AddedToken> by_id = tokens;
  std::sort(by_id.begin(), by_id.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  Json json = Json::object();
  for (const AddedToken& token : by_id) json[std::to_string(token.id)] = token_json(token);
  return json;
}

}  // namespace attend
