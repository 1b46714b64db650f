#include "tokenizers/tokenizer_json.h"

#include <algorithm>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace attend {

const Json& JsonPart::at(const char* key) const {
  const auto found = json.find(key);
  if (found == json.end()) throw UserError(name + " has no '" + key + "'");
  return *found;
}

void JsonPart::expect(std::initializer_list<std::string_view> keys) const {
  if (!json.is_object()) throw UserError(name + " is not an object");
  for (const auto& [key, value] : json.items())
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      throw UserError(name + " has the setting '" + excerpt(key) + "', which is not known here");
}

void JsonPart::refuse(const std::string& expected, const std::string& readable) const {
  throw UserError(name + " is " + (json.is_null() ? "missing" : "a '" + excerpt(type()) + "'") + "; expected " + expected, readable);
}

JsonPart tokenizer_part(const Json& file, const std::string& name, const char* key) {
  static const Json kNothing;
  return {file.contains(key) ? file[key] : kNothing, name + ": " + key};
}

std::vector<std::string> read_vocabulary(const Json& json, const std::string& name, const std::string& key) {
  if (!json.is_object() || json.empty())
    throw UserError(name + (key.empty() ? "" : ": '" + key + "'") + " is not an object of pieces and their ids");
  // Room is made by what the file holds, not by the largest number in it.
  const auto most = std::min<std::int64_t>(limits::kVocabularySize, 2 * static_cast<std::int64_t>(json.size()) + 1000);
  std::vector<std::string> pieces;
  std::vector<bool> taken;
  for (const auto& [piece, json_id] : json.items()) {
    const std::int64_t id = json_integer(json_id, name, piece);
    if (id < 0 || id >= most)
      throw UserError(name + ": the id of '" + excerpt(piece) + "' is " + std::to_string(id) + " in a vocabulary of " +
                      std::to_string(json.size()) + " pieces");
    const auto index = static_cast<std::size_t>(id);
    if (index >= pieces.size()) {
      pieces.resize(index + 1);
      taken.resize(index + 1);
    }
    if (taken[index])
      throw UserError(name + ": '" + excerpt(pieces[index]) + "' and '" + excerpt(piece) + "' both have id " + std::to_string(id));
    taken[index] = true;
    pieces[index] = piece;
  }
  return pieces;
}

AddedToken read_added_token(const Json& json, const std::string& name, std::string_view key) {
  if (!json.is_object()) return {.content = json_string(json, name, key), .special = true};
  const JsonPart part{json, name + ": " + std::string(key)};
  part.expect({"__type", "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  const bool special = part.flag("special", false);
  return {.content = part.text("content"),
          .single_word = part.flag("single_word", false),
          .lstrip = part.flag("lstrip", false),
          .rstrip = part.flag("rstrip", false),
          .normalized = part.flag("normalized", !special),
          .special = special};
}

std::vector<AddedToken> read_added_tokens(const JsonPart& file) {
  std::vector<AddedToken> tokens;
  if (!file.has("added_tokens")) return tokens;
  const std::string& name = file.name;
  if (!file.json["added_tokens"].is_array()) throw UserError(name + ": 'added_tokens' is not a list");
  for (const Json& entry : file.json["added_tokens"]) {
    if (!entry.is_object() || !entry.contains("id")) throw UserError(name + ": one of the added_tokens has no id");
    AddedToken token = read_added_token(entry, name, "added_tokens");
    const std::int64_t id = json_integer(entry["id"], name, "id");
    if (id < 0 || id >= limits::kVocabularySize)
      throw UserError(name + ": the id of the added token '" + excerpt(token.content) + "' is " + std::to_string(id));
    token.id = static_cast<std::int32_t>(id);
    tokens.push_back(std::move(token));
  }
  return tokens;
}

Json token_json(const AddedToken& token) {
  return {{"content", token.content}, {"lstrip", token.lstrip},           {"normalized", token.normalized},
          {"rstrip", token.rstrip},   {"single_word", token.single_word}, {"special", token.special}};
}

}  // namespace attend
