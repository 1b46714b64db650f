// Reading transformers' config.json: absent and null keys keep the value they find.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/error.h"
#include "core/field_io.h"
#include "core/fields.h"
#include "core/json.h"
#include "core/known_keys.h"
#include "models/layers/activation.h"
#include "models/layers/attention_choice.h"

namespace attend {

/// The text with whole words (letters, digits, underscores) replaced.
std::string with_words_replaced(const std::string& text, const std::map<std::string, std::string, std::less<>>& words);

/// A config.json and the file's name, for messages. Every member throws UserError, with file and key, for a value of another type.
class HfConfig {
 public:
  HfConfig(const Json& json, std::string name) : json_(json), name_(std::move(name)) {}

  /// `value` is a field of the configuration that validate() is called with. `alias` is the key's other name in transformers
  /// (attribute_map); where both stand there they must agree. Of activations "silu" and "swish", "gelu_new" and "gelu_pytorch_tanh" are
  /// the same.
  template <class T>
  void read(const char* key, T& value, const char* alias = nullptr) {
    keys_[&value] = key;
    if (const Json* const found = find(key, alias)) take(*found, key, value);
  }
  /// Every field of a part of the configuration, under its own name.
  template <Config T>
  void read_fields(T& part) {
    for_each_field(part, [&](const char* field, auto& value, const auto&...) { read(field, value); });
  }
  /// The same for a token id, or the first of a list of them: generation reads the others.
  template <class T>
  void read_first(const char* key, T& value) {
    keys_[&value] = key;
    const Json* const found = find(key, nullptr);
    if (found != nullptr && !says_nothing(*found)) take(found->is_array() ? found->front() : *found, key, value);
  }

  /// Of the keys that were not read: refuses those that mean another model, and warns of those that may matter. `family` are the family's
  /// own, besides those of every configuration.
  void check_keys(const KnownKeys& family) const;

  /// Runs config.validate(). What it throws begins with the file, and names its keys instead of our fields.
  template <Config T>
  void validate(const T& config) const {
    try {
      config.validate();
    } catch (const UserError& error) {
      std::map<std::string, std::string, std::less<>> words;
      for_each_field(config, [&](const char* field, const auto& value, const auto&...) {
        if (const auto key = keys_.find(&value); key != keys_.end()) words[field] = key->second;
      });
      throw UserError(name_ + ": " + with_words_replaced(error.what(), words), error.hint());
    }
  }

 private:
  const Json* find(const char* key, const char* alias);
  void take(const Json& json, const char* key, std::int64_t& value) const;
  void take(const Json& json, const char* key, double& value) const;
  void take(const Json& json, const char* key, bool& value) const;
  void take(const Json& json, const char* key, Activation& value) const;
  template <NamedEnum T>
  void take(const Json& json, const char* key, T& value) const {
    detail::field_from_json(value, json, name_, key);
  }
  template <class T>
  void take(const Json& json, const char* key, std::optional<T>& value) const {
    take(json, key, value.emplace());
  }

  const Json& json_;
  std::string name_;
  std::map<const void*, std::string> keys_;  // of the fields read
  std::set<std::string, std::less<>> followed_;
};

/// Where attention is not full: its fields, and the model_type of ours in the place of transformers'.
void write_attention(const AttentionChoice& choice, const char* model_type, Json& json);

/// For the validate() of a configuration. Throws UserError.
inline void require(bool condition, const std::string& message) {
  if (!condition) throw UserError(message);
}

}  // namespace attend
