// What every tokenizer.json holds, whatever its model: parts with their types, and added tokens.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "tokenizers/added_tokens.h"

namespace attend {

/// One part of a JSON file, for messages: "path: normalizer".
struct JsonPart {
  const Json& json;
  std::string name;

  bool has(const char* key) const { return json.contains(key) && !json[key].is_null(); }
  const Json& at(const char* key) const;
  std::string text(const char* key) const { return json_string(at(key), name, key); }
  std::string text(const char* key, const char* otherwise) const { return has(key) ? text(key) : otherwise; }
  bool flag(const char* key, bool otherwise) const { return has(key) ? json_bool(json[key], name, key) : otherwise; }
  std::string type() const { return has("type") ? text("type") : ""; }
  /// True for an object of this type.
  bool is(std::string_view type_name) const { return json.is_object() && type() == type_name; }

  /// Throws UserError unless it is an object of these keys and no others: one that is not known may mean anything.
  void expect(std::initializer_list<std::string_view> keys) const;
  /// Throws the UserError for a part of the wrong type. `readable` says which tokenizers can be read.
  [[noreturn]] void refuse(const std::string& expected, const std::string& readable) const;
};

/// The part of tokenizer.json under a key, null where it is absent.
JsonPart tokenizer_part(const Json& file, const std::string& name, const char* key);

/// Pieces and their ids as a list by id, "" for an id that is left out. Throws UserError for no object, ids that are negative, double, or
/// larger than so many pieces explain. `key` is where the vocabulary stands in the file, "" where it is all of it.
std::vector<std::string> read_vocabulary(const Json& json, const std::string& name, const std::string& key = {});

/// A token with its flags: an object, or a string, which stands for a special token.
AddedToken read_added_token(const Json& json, const std::string& name, std::string_view key);

/// "added_tokens" of tokenizer.json, with their ids.
std::vector<AddedToken> read_added_tokens(const JsonPart& file);

/// As the reference writes a token, without its id.
Json token_json(const AddedToken& token);

}  // namespace attend
