// tokenizer_config.json and what stood in files of its own before it: the settings and tokens beside a vocabulary.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/json.h"
#include "tokenizers/added_tokens.h"

namespace attend {

inline constexpr const char* kTokenizerFile = "tokenizer.json";
inline constexpr const char* kTokenizerSettings = "tokenizer_config.json";

using PieceIds = std::unordered_map<std::string_view, std::int32_t>;
/// Of two pieces that are the same the later one counts, as in the reference; empty ones are no pieces.
PieceIds ids_of(const std::vector<std::string>& pieces);

/// Looks at every key of a tokenizer_config.json (or special_tokens_map.json): what decides ids is followed, which the caller says of
/// `followed` besides what all tokenizers follow; what is known to be harmless is passed over (docs/file-formats.md lists both); of
/// anything else that is not null there is a warning that names it. Throws UserError for values that ask for other ids than are given.
void check_setting_keys(const Json& settings, const std::string& name, const std::vector<std::string_view>& followed);

class TokenizerSettings {
 public:
  /// Nothing needs to be there. Throws UserError for a file that is no JSON object.
  explicit TokenizerSettings(const std::filesystem::path& folder);

  const std::string& name() const { return name_; }  ///< of tokenizer_config.json, for messages
  /// tokenizer_config.json with what older folders say in special_tokens_map.json.
  const Json& merged() const { return json_; }
  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }
  /// True where the key is there and null, which says that there is no such thing.
  bool is_null(const char* key) const { return json_.contains(key) && json_[key].is_null(); }
  const Json& at(const char* key) const { return json_[key]; }
  bool flag(const char* key, bool otherwise) const { return has(key) ? json_bool(json_[key], name_, key) : otherwise; }
  /// The text of a special token, which may be an object.
  std::optional<std::string> token_text(const char* key) const;
  /// model_max_length; 0 where it says nothing usable.
  std::int64_t max_length() const;
  /// Throws UserError where what the reference does with spelled special tokens is asked for otherwise.
  void check_special_tokens() const;
  /// Throws UserError for a tokenizer_class that is not one of `known` (without "Fast"), of which the first is named.
  void check_class(const std::vector<std::string>& known) const;

  void check_keys(const std::vector<std::string_view>& followed) const { check_setting_keys(json_, name_, followed); }

  /// The special tokens of these keys, each with its text, then what else is called special. Ids are the vocabulary's affair.
  struct Named {
    const char* key;
    std::string text;
  };
  std::vector<AddedToken> special_tokens(const std::vector<Named>& named) const;
  /// What is said of special tokens besides those with a task here, as it was read: the lists, and the tokens of `keys`. Whoever saves the
  /// tokenizer writes it again, for added_tokens_decoder does not say that the reference lists a token among all_special_tokens.
  Json further_special_tokens(const std::vector<const char*>& keys = {}) const;
  /// added_tokens_decoder, or added_tokens.json of older folders: with the ids they must get, rising. `special` says which of the latter
  /// are.
  std::vector<AddedToken> described_tokens(const std::vector<AddedToken>& special) const;

 private:
  std::filesystem::path folder_;
  std::string name_;
  Json json_ = Json::object();
};

/// Tokens in the order in which the reference adds them to a vocabulary.
struct TokenAddition {
  std::vector<AddedToken> tokens;  ///< first those that files describe, with or without ids; then the special ones
  std::size_t num_described = 0;
  std::size_t num_left_out = 0;  ///< special ones behind the described, which are left out where the vocabulary lacks them
  std::string name;              ///< of the file, for messages
};

/// Gives each token the id that it has in the vocabulary, or the next one that is free. A token that stands there twice is one, special
/// where one of them is. Throws UserError for ids that contradict that, and for an empty token.
std::vector<AddedToken> with_ids(TokenAddition addition, const std::vector<std::string>& pieces);

/// The tokens as tokenizer_config.json's added_tokens_decoder.
Json added_tokens_decoder(const std::vector<AddedToken>& tokens);

}  // namespace attend
