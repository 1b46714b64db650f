#include "tokenizers/wordpiece_json.h"

#include <algorithm>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "tokenizers/tokenizer_json.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr const char* kReadable = "only BERT's own WordPiece tokenizers can be read";

void read_model(const JsonPart& model, WordPieceFiles& files) {
  if (!model.json.is_object() || (model.has("type") && !model.is("WordPiece"))) model.refuse("a WordPiece model", kReadable);
  model.expect({"type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab"});
  files.unk = model.text("unk_token", "[UNK]");
  files.continuation_prefix = model.text("continuing_subword_prefix", "##");
  if (model.has("max_input_chars_per_word"))
    files.max_word_characters = json_integer(model.json["max_input_chars_per_word"], model.name, "max_input_chars_per_word");
  if (files.max_word_characters < 1)
    throw UserError(model.name + ": max_input_chars_per_word is " + std::to_string(files.max_word_characters) + "; expected 1 or more");

  files.pieces = read_vocabulary(model.at("vocab"), model.name, "vocab");
}

void read_normalizer(const JsonPart& normalizer, BertNormalization& normalization) {
  if (normalizer.json.is_null()) {
    normalization = {.clean = false, .space_ideographs = false, .strip_accents = false, .lowercase = false};
    return;
  }
  if (!normalizer.is("BertNormalizer")) normalizer.refuse("a BertNormalizer", kReadable);
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

void read_template(const JsonPart& part, WordPieceFiles& files) {
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
void check_template_id(const Json& id, const std::string& piece, const JsonPart& part, const WordPieceFiles& files) {
  const std::int64_t number = json_integer(id, part.name, piece);
  const auto is_it = [&](const AddedToken& token) { return token.id == number && token.content == piece; };
  if (number >= 0 && static_cast<std::size_t>(number) < files.pieces.size() && files.pieces[static_cast<std::size_t>(number)] == piece)
    return;
  if (std::any_of(files.added.begin(), files.added.end(), is_it)) return;
  throw UserError(part.name + ": the id of '" + excerpt(piece) + "' is " + std::to_string(number) + ", which the vocabulary contradicts");
}

void read_post_processor(const JsonPart& part, WordPieceFiles& files) {
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
    part.refuse("a TemplateProcessing or BertProcessing", kReadable);
  }
}

void read_decoder(const JsonPart& decoder, WordPieceFiles& files) {
  files.has_decoder = !decoder.json.is_null();
  if (!files.has_decoder) return;
  if (!decoder.is("WordPiece")) decoder.refuse("a WordPiece decoder", kReadable);
  decoder.expect({"type", "prefix", "cleanup"});
  files.decoder_prefix = decoder.text("prefix", "##");
  files.decoder_cleans = decoder.flag("cleanup", true);
}

}  // namespace

void read_tokenizer_json(const fs::path& path, WordPieceFiles& files) {
  const std::string name = path.string();
  files.tokenizer_json = read_text_file(path, limits::kTokenizerFileBytes);
  const Json json = parse_json(*files.tokenizer_json, name);
  const JsonPart file{json, name};
  file.expect({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"});
  const auto part = [&](const char* key) { return tokenizer_part(json, name, key); };

  read_model(part("model"), files);
  read_normalizer(part("normalizer"), files.normalization);
  const JsonPart pre_tokenizer = part("pre_tokenizer");
  if (!pre_tokenizer.is("BertPreTokenizer")) pre_tokenizer.refuse("a BertPreTokenizer", kReadable);
  pre_tokenizer.expect({"type"});
  files.added = read_added_tokens(file);
  read_post_processor(part("post_processor"), files);
  read_decoder(part("decoder"), files);
}

}  // namespace attend
