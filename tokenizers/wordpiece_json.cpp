#include "tokenizers/wordpiece_json.h"

#include <algorithm>
#include <initializer_list>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

/// One part of tokenizer.json, for messages: "path: normalizer".
struct Part {
  const Json& json;
  std::string name;

  bool has(const char* key) const { return json.contains(key) && !json[key].is_null(); }
  const Json& at(const char* key) const {
    const auto found = json.find(key);
    if (found == json.end()) throw UserError(name + " has no '" + key + "'");
    return *found;
  }
  std::string text(const char* key) const { return json_string(at(key), name, key); }
  std::string text(const char* key, const char* otherwise) const { return has(key) ? text(key) : otherwise; }
  bool flag(const char* key, bool otherwise) const { return has(key) ? json_bool(json[key], name, key) : otherwise; }
  std::string type() const { return has("type") ? text("type") : ""; }

  /// An object of these keys and no others: one that is not known may mean anything.
  void expect(std::initializer_list<std::string_view> keys) const {
    if (!json.is_object()) throw UserError(name + " is not an object");
    for (const auto& [key, value] : json.items())
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        throw UserError(name + " has the setting '" + excerpt(key) + "', which is not known here");
  }
};

[[noreturn]] void refuse_type(const Part& part, const std::string& expected) {
  throw UserError(part.name + " is " + (part.json.is_null() ? "missing" : "a '" + excerpt(part.type()) + "'") + "; expected " + expected,
                  "only BERT's own WordPiece tokenizers can be read");
}

void read_model(const Part& model, WordPieceFiles& files) {
  if (!model.json.is_object() || (model.has("type") && model.type() != "WordPiece")) refuse_type(model, "a WordPiece model");
  model.expect({"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
  files.unk = model.text("unk_token", "[UNK]");
  files.continuation_prefix = model.text("continuing_subword_prefix", "##");
  if (model.has("max_input_chars_per_word"))
    files.max_word_characters = json_integer(model.json["max_input_chars_per_word"], model.name, "max_input_chars_per_word");
  if (files.max_word_characters < 1)
    throw UserError(model.name + ": max_input_chars_per_word is " + std::to_string(files.max_word_characters) + "; expected 1 or more");

  const Json& vocabulary = model.at("vocab");
  if (!vocabulary.is_object() || vocabulary.empty()) throw UserError(model.name + ": 'vocab' is not an object of pieces and their ids");
  // Room is made by what the file holds, not by the largest number in it.
  const auto most = std::min<std::int64_t>(limits::kVocabularySize, 2 * static_cast<std::int64_t>(vocabulary.size()) + 1000);
  std::vector<bool> taken;
  for (const auto& [piece, json_id] : vocabulary.items()) {
    const std::int64_t id = json_integer(json_id, model.name, piece);
    if (id < 0 || id >= most)
      throw UserError(model.name + ": the id of '" + excerpt(piece) + "' is " + std::to_string(id) + " in a vocabulary of " +
                      std::to_string(vocabulary.size()) + " pieces");
    const auto index = static_cast<std::size_t>(id);
    if (index >= files.pieces.size()) {
      files.pieces.resize(index + 1);
      taken.resize(index + 1);
    }
    if (taken[index])
      throw UserError(model.name + ": '" + excerpt(files.pieces[index]) + "' and '" + excerpt(piece) + "' both have id " +
                      std::to_string(id));
    taken[index] = true;
    files.pieces[index] = piece;
  }
}

void read_normalizer(const Part& normalizer, BertNormalization& normalization) {
  if (normalizer.json.is_null()) {
    normalization = {.clean = false, .space_ideographs = false, .strip_accents = false, .lowercase = false};
    return;
  }
  if (!normalizer.json.is_object() || normalizer.type() != "BertNormalizer") refuse_type(normalizer, "a BertNormalizer");
  normalizer.expect({"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
  normalization.clean = normalizer.flag("clean_text", true);
  normalization.space_ideographs = normalizer.flag("handle_chinese_chars", true);
  normalization.lowercase = normalizer.flag("lowercase", true);
  normalization.strip_accents = normalizer.flag("strip_accents", normalization.lowercase);
}

/// {"SpecialToken": {"id": name, "type_id": n}} or {"Sequence": ...}, written as "[CLS]:0", "$A:0".
std::string template_item(const Json& json, const std::string& name) {
  if (json.is_object() && json.size() == 1) {
    const bool is_sequence = json.contains("Sequence");
    const Json& value = json.front();
    if ((is_sequence || json.contains("SpecialToken")) && value.is_object() && value.contains("id") && value.contains("type_id"))
      return (is_sequence ? "$" : "") + json_string(value["id"], name, "id") + ":" +
             std::to_string(json_integer(value["type_id"], name, "type_id"));
  }
  throw UserError(name + " holds something that is neither a SpecialToken nor a Sequence");
}

void read_template(const Part& part, WordPieceFiles& files) {
  part.expect({"type", "single", "pair", "special_tokens"});
  const auto items = [&](const char* key) {
    std::vector<std::string> found;
    if (!part.at(key).is_array()) throw UserError(part.name + ": '" + key + "' is not a list");
    for (const Json& item : part.json[key]) found.push_back(template_item(item, part.name + ": " + key));
    return found;
  };
  const std::vector<std::string> single = items("single"), pair = items("pair");
  const auto token = [&](std::size_t i) { return single[i].ends_with(":0") ? single[i].substr(0, single[i].size() - 2) : ""; };
  if (single.size() == 3) {
    files.cls = token(0);
    files.sep = token(2);
  }
  const std::string &cls = files.cls, &sep = files.sep;
  if (single != std::vector<std::string>{cls + ":0", "$A:0", sep + ":0"} ||
      pair != std::vector<std::string>{cls + ":0", "$A:0", sep + ":0", "$B:1", sep + ":1"} || cls.starts_with('$') || sep.starts_with('$'))
    throw UserError(part.name + " is not BERT's template",
                    "expected '[CLS]:0 $A:0 [SEP]:0' for one text and '[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1' for two");
}

/// The post-processor names ids too; they must be those of the vocabulary.
void check_template_id(const Json& id, const std::string& piece, const Part& part, const WordPieceFiles& files) {
  const std::int64_t number = json_integer(id, part.name, piece);
  const auto is_it = [&](const AddedToken& token) { return token.id == number && token.content == piece; };
  if (number >= 0 && static_cast<std::size_t>(number) < files.pieces.size() && files.pieces[static_cast<std::size_t>(number)] == piece)
    return;
  if (std::any_of(files.added.begin(), files.added.end(), is_it)) return;
  throw UserError(part.name + ": the id of '" + excerpt(piece) + "' is " + std::to_string(number) + ", which the vocabulary contradicts");
}

void read_post_processor(const Part& part, WordPieceFiles& files) {
  if (part.json.is_null()) return;  // the model's own template is meant
  const std::string type = part.json.is_object() ? part.type() : "";
  if (type == "TemplateProcessing") {
    read_template(part, files);
    const Json& tokens = part.at("special_tokens");
    for (const std::string& piece : {files.cls, files.sep}) {
      if (!tokens.is_object() || !tokens.contains(piece) || !tokens[piece].contains("ids") || !tokens[piece]["ids"].is_array() ||
          tokens[piece]["ids"].size() != 1)
        throw UserError(part.name + ": special_tokens does not give one id for '" + excerpt(piece) + "'");
      check_template_id(tokens[piece]["ids"][0], piece, part, files);
    }
  } else if (type == "BertProcessing") {
    part.expect({"type", "sep", "cls"});
    for (const auto& [key, piece] : {std::pair{"cls", &files.cls}, std::pair{"sep", &files.sep}}) {
      const Json& entry = part.at(key);
      if (!entry.is_array() || entry.size() != 2) throw UserError(part.name + ": '" + key + "' is not a pair of a token and its id");
      *piece = json_string(entry[0], part.name, key);
      check_template_id(entry[1], *piece, part, files);
    }
  } else {
    refuse_type(part, "a TemplateProcessing or BertProcessing");
  }
}

void read_decoder(const Part& decoder, WordPieceFiles& files) {
  files.has_decoder = !decoder.json.is_null();
  if (!files.has_decoder) return;
  if (!decoder.json.is_object() || decoder.type() != "WordPiece") refuse_type(decoder, "a WordPiece decoder");
  decoder.expect({"type", "prefix", "cleanup"});
  files.decoder_prefix = decoder.text("prefix", "##");
  files.decoder_cleans = decoder.flag("cleanup", true);
}

}  // namespace

AddedToken read_added_token(const Json& json, const std::string& name, std::string_view key) {
  if (!json.is_object()) return {.content = json_string(json, name, key), .special = true};
  const Part part{json, name + ": " + std::string(key)};
  part.expect({"__type", "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  const bool special = part.flag("special", false);
  return {.content = part.text("content"),
          .single_word = part.flag("single_word", false),
          .lstrip = part.flag("lstrip", false),
          .rstrip = part.flag("rstrip", false),
          .normalized = part.flag("normalized", !special),
          .special = special};
}

void read_tokenizer_json(const fs::path& path, WordPieceFiles& files) {
  const std::string name = path.string();
  files.tokenizer_json = read_file(path, limits::kTokenizerFileBytes);
  const Json json = parse_json(*files.tokenizer_json, name);
  const Part file{json, name};
  file.expect({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"});
  static const Json kNothing;
  const auto part = [&](const char* key) { return Part{json.contains(key) ? json[key] : kNothing, name + ": " + key}; };

  read_model(part("model"), files);
  read_normalizer(part("normalizer"), files.normalization);
  const Part pre_tokenizer = part("pre_tokenizer");
  if (!pre_tokenizer.json.is_object() || pre_tokenizer.type() != "BertPreTokenizer") refuse_type(pre_tokenizer, "a BertPreTokenizer");
  pre_tokenizer.expect({"type"});
  if (file.has("added_tokens")) {
    if (!json["added_tokens"].is_array()) throw UserError(name + ": 'added_tokens' is not a list");
    for (const Json& entry : json["added_tokens"]) {
      if (!entry.is_object() || !entry.contains("id")) throw UserError(name + ": one of the added_tokens has no id");
      AddedToken token = read_added_token(entry, name, "added_tokens");
      const std::int64_t id = json_integer(entry["id"], name, "id");
      if (id < 0 || id >= limits::kVocabularySize)
        throw UserError(name + ": the id of the added token '" + excerpt(token.content) + "' is " + std::to_string(id));
      token.id = static_cast<std::int32_t>(id);
      files.added.push_back(std::move(token));
    }
  }
  read_post_processor(part("post_processor"), files);
  read_decoder(part("decoder"), files);
}

}  // namespace attend
