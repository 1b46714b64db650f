#include "tokenizers/wordpiece_files.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/text.h"
#include "tokenizers/wordpiece_json.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr const char* kVocabulary = "vocab.txt";
constexpr const char* kTokenizer = "tokenizer.json";
constexpr const char* kSettings = "tokenizer_config.json";
constexpr const char* kSpecialTokens = "special_tokens_map.json";  // of older folders
constexpr const char* kAddedTokens = "added_tokens.json";          // of older folders still
constexpr double kSaneLength = 1e6;                                // model_max_length is 1e30 where there is none

constexpr std::size_t kNamed = 5;  // unknown, separator, padding, classifier, mask

using PieceIds = std::unordered_map<std::string_view, std::int32_t>;

/// White space at the end, which the reference takes off each line.
std::string_view trim_end(std::string_view line) {
  while (!line.empty()) {
    std::size_t begin = line.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(line[begin]) & 0xC0) == 0x80) --begin;
    if (!(bert_classes()[utf8_at(line, begin).code_point] & bert_class::kSpace)) break;
    line.remove_suffix(line.size() - begin);
  }
  return line;
}

/// A piece a line, its id the number of lines before it.
std::vector<std::string> read_vocabulary(const fs::path& path) {
  const std::string content = read_file(path, limits::kTokenizerFileBytes);
  if (content.empty()) throw UserError(path.string() + " is empty; expected a piece a line");
  if (static_cast<std::int64_t>(std::count(content.begin(), content.end(), '\n')) >= limits::kVocabularySize)
    throw UserError(path.string() + " has over " + std::to_string(limits::kVocabularySize) + " lines");
  std::vector<std::string> pieces;
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view line = std::string_view(content).substr(begin, end - begin);
    if (!is_valid_utf8(line))
      throw UserError(path.string() + ", line " + std::to_string(pieces.size() + 1) + ": not valid UTF-8",
                      "convert the file, for example with iconv");
    pieces.emplace_back(trim_end(line));
    begin = end + 1;
  }
  return pieces;
}

/// Of two pieces that are the same the later one counts, as in the reference.
PieceIds ids_of(const std::vector<std::string>& pieces) {
  PieceIds ids;
  ids.reserve(pieces.size());
  for (std::size_t id = 0; id < pieces.size(); ++id)
    if (!pieces[id].empty()) ids[pieces[id]] = static_cast<std::int32_t>(id);
  return ids;
}

/// The tokenizers whose vocab.txt is read as BERT's; others cut words otherwise (by dictionary, or by other rules).
void check_class(const std::string& tokenizer_class, const std::string& name) {
  constexpr std::array kKnown{"BertTokenizer",     "DistilBertTokenizer",  "ElectraTokenizer",   "MobileBertTokenizer",
                              "ConvBertTokenizer", "SqueezeBertTokenizer", "RetriBertTokenizer", "LxmertTokenizer",
                              "LayoutLMTokenizer", "PreTrainedTokenizer",  "TokenizersBackend"};
  const std::string_view stem =
      std::string_view(tokenizer_class).substr(0, tokenizer_class.size() - (tokenizer_class.ends_with("Fast") ? 4 : 0));
  if (std::find(kKnown.begin(), kKnown.end(), stem) == kKnown.end())
    throw UserError(name + ": tokenizer_class is '" + excerpt(tokenizer_class) + "'; expected BertTokenizer, or one that works as it does",
                    "load the folder in transformers and save it, which writes a tokenizer.json");
}

/// The text of a special token, which may be an object.
std::optional<std::string> special_text(const Json& settings, const char* key, const std::string& name) {
  if (!settings.contains(key) || settings[key].is_null()) return std::nullopt;
  return read_added_token(settings[key], name, key).content;
}

class Settings {
 public:
  /// Of an older folder the special tokens stand in a file of their own.
  explicit Settings(const fs::path& folder) : folder_(folder), name_((folder / kSettings).string()) {
    if (fs::is_regular_file(folder / kSettings)) json_ = read_json_file(folder / kSettings);
    if (!json_.is_object()) throw UserError(name_ + " is not an object");
    if (json_.contains("added_tokens_decoder")) return;
    if (!fs::is_regular_file(folder / kSpecialTokens)) return;
    const Json special = read_json_file(folder / kSpecialTokens);
    if (!special.is_object()) throw UserError((folder / kSpecialTokens).string() + " is not an object");
    for (const auto& [key, value] : special.items()) json_[key] = value;
  }

  void apply(WordPieceFiles& files) const;
  /// The tokens cut out of a text, besides those that `files` names already.
  void add_tokens(WordPieceFiles& files) const;

 private:
  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }
  bool flag(const char* key, bool otherwise) const { return has(key) ? json_bool(json_[key], name_, key) : otherwise; }
  void apply_normalization(WordPieceFiles& files) const;
  std::vector<AddedToken> described_tokens(const std::vector<AddedToken>& special) const;
  std::vector<AddedToken> special_tokens(const WordPieceFiles& files) const;

  fs::path folder_;
  std::string name_;
  Json json_ = Json::object();
};

void Settings::apply_normalization(WordPieceFiles& files) const {
  if (!files.tokenizer_json) {
    files.normalization.lowercase = flag("do_lower_case", true);
    files.normalization.space_ideographs = flag("tokenize_chinese_chars", true);
    files.normalization.strip_accents = flag("strip_accents", files.normalization.lowercase);
  } else if (flag("do_lower_case", files.normalization.lowercase) != files.normalization.lowercase) {
    log_warning(name_ + " says do_lower_case: " + (files.normalization.lowercase ? "false" : "true") +
                ", tokenizer.json the opposite; tokenizer.json is followed");
  }
}

void Settings::apply(WordPieceFiles& files) const {
  apply_normalization(files);
  if (!files.tokenizer_json && has("tokenizer_class")) check_class(json_string(json_["tokenizer_class"], name_, "tokenizer_class"), name_);
  if (flag("split_special_tokens", false))
    throw UserError(name_ + " asks for split_special_tokens, which is not supported", "set it to false");
  files.cleans_spaces = flag("clean_up_tokenization_spaces", false);
  // tokenizer.json knows its unknown token, and the template's where it has one.
  const auto set = [&](const char* key, std::string& token) {
    if (const auto text = special_text(json_, key, name_)) token = *text;
  };
  set("pad_token", files.pad);
  set("mask_token", files.mask);
  if (!files.tokenizer_json) set("unk_token", files.unk);
  if (!files.tokenizer_json || files.cls == WordPieceFiles{}.cls) set("cls_token", files.cls);
  if (!files.tokenizer_json || files.sep == WordPieceFiles{}.sep) set("sep_token", files.sep);
  if (has("model_max_length")) {
    const double length = json_number(json_["model_max_length"], name_, "model_max_length");
    if (length >= 1 && length <= kSaneLength) files.max_length = static_cast<std::int64_t>(length);
  }
}

/// Tokens with the ids they must get.
std::vector<AddedToken> Settings::described_tokens(const std::vector<AddedToken>& special) const {
  std::vector<AddedToken> tokens;
  const auto add = [&](AddedToken token, std::int64_t id, const std::string& name) {
    if (id < 0 || id >= limits::kVocabularySize)
      throw UserError(name + ": the id of the added token '" + excerpt(token.content) + "' is " + std::to_string(id));
    token.id = static_cast<std::int32_t>(id);
    tokens.push_back(std::move(token));
  };
  if (has("added_tokens_decoder")) {
    const Json& listed = json_["added_tokens_decoder"];
    if (!listed.is_object()) throw UserError(name_ + ": added_tokens_decoder is not an object");
    for (const auto& [id, token] : listed.items()) {
      if (id.empty() || id.size() > 9 || id.find_first_not_of("0123456789") != std::string::npos)
        throw UserError(name_ + ": added_tokens_decoder has the key '" + excerpt(id) + "'; expected an id");
      if (!token.is_object()) throw UserError(name_ + ": token " + id + " of added_tokens_decoder is not an object");
      add(read_added_token(token, name_, "added_tokens_decoder"), std::stoll(id), name_);
    }
  } else if (fs::is_regular_file(folder_ / kAddedTokens)) {
    const std::string name = (folder_ / kAddedTokens).string();
    const Json listed = read_json_file(folder_ / kAddedTokens);
    if (!listed.is_object()) throw UserError(name + " is not an object");
    for (const auto& [content, id] : listed.items()) {
      const auto is_it = [&](const AddedToken& token) { return token.content == content; };
      const bool is_special = std::any_of(special.begin(), special.end(), is_it);
      add({.content = content, .normalized = !is_special, .special = is_special}, json_integer(id, name, content), name);
    }
  }
  std::stable_sort(tokens.begin(), tokens.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  return tokens;
}

/// The five, then what else is called special; their ids are the vocabulary's affair.
std::vector<AddedToken> Settings::special_tokens(const WordPieceFiles& files) const {
  std::vector<AddedToken> tokens;
  const auto add = [&](AddedToken token) {
    token.special = true;
    tokens.push_back(std::move(token));
  };
  const std::array<std::pair<const char*, const std::string*>, kNamed> named{
      std::pair{"unk_token", &files.unk}, std::pair{"sep_token", &files.sep}, std::pair{"pad_token", &files.pad},
      std::pair{"cls_token", &files.cls}, std::pair{"mask_token", &files.mask}};
  for (const auto& [key, text] : named) {
    const bool is_described = has(key) && json_[key].is_object() && special_text(json_, key, name_) == *text;
    add(is_described ? read_added_token(json_[key], name_, key) : AddedToken{.content = *text});
  }
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    if (!has(key)) continue;
    if (!json_[key].is_array() && !json_[key].is_object()) throw UserError(name_ + ": " + key + " is not a list of tokens");
    for (const Json& token : json_[key]) add(read_added_token(token, name_, key));
  }
  return tokens;
}

void Settings::add_tokens(WordPieceFiles& files) const {
  std::vector<AddedToken> tokens = std::move(files.added);
  files.added.clear();
  const std::vector<AddedToken> special = special_tokens(files);
  if (!files.tokenizer_json) tokens = described_tokens(special);
  const std::size_t described = tokens.size();
  tokens.insert(tokens.end(), special.begin(), special.end());

  const PieceIds ids = ids_of(files.pieces);
  const std::string name = files.tokenizer_json ? (folder_ / kTokenizer).string() : name_;
  std::unordered_map<std::string, std::size_t> known;
  auto next = static_cast<std::int32_t>(ids.size());
  std::string missing;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    AddedToken& token = tokens[i];
    if (token.content.empty()) throw UserError(name + ": one of the added tokens is empty");
    if (const auto before = known.find(token.content); before != known.end()) {
      if (i >= described && token.special) files.added[before->second].special = true;
      continue;
    }
    const auto found = ids.find(token.content);
    const bool is_new = found == ids.end();
    // A special token that the vocabulary lacks is left out; WordPieceTokenizer says what it cannot do without.
    if (is_new && i >= described && i < described + kNamed) {
      missing = token.content;
      continue;
    }
    if (is_new && !missing.empty())
      throw UserError(name + " adds the token '" + excerpt(token.content) + "' to a vocabulary that lacks '" + excerpt(missing) + "'",
                      "load the folder in transformers and save it, which adds both");
    const std::int32_t id = is_new ? next : found->second;
    if (is_new && static_cast<std::size_t>(next) < files.pieces.size())
      throw UserError(name + ": the token '" + excerpt(token.content) + "' is new, and the vocabulary's ids have holes or repeated pieces");
    if (token.id >= 0 && token.id != id)
      throw UserError(name + ": the id of the added token '" + excerpt(token.content) + "' is " + std::to_string(token.id) + "; expected " +
                      std::to_string(id) + (is_new ? ", the next one that is free" : ", as in the vocabulary"));
    if (is_new) ++next;
    token.id = id;
    known.emplace(token.content, files.added.size());
    files.added.push_back(token);
  }
}

Json token_json(const AddedToken& token) {
  return {{"content", token.content}, {"lstrip", token.lstrip},           {"normalized", token.normalized},
          {"rstrip", token.rstrip},   {"single_word", token.single_word}, {"special", token.special}};
}

Json settings_json(const WordPieceFiles& files) {
  Json added = Json::object();
  std::vector<AddedToken> by_id = files.added;
  std::sort(by_id.begin(), by_id.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  for (const AddedToken& token : by_id) added[std::to_string(token.id)] = token_json(token);
  const BertNormalization& normalization = files.normalization;
  Json json{{"tokenizer_class", "BertTokenizer"},
            {"do_lower_case", normalization.lowercase},
            {"strip_accents", normalization.strip_accents == normalization.lowercase ? Json(nullptr) : Json(normalization.strip_accents)},
            {"tokenize_chinese_chars", normalization.space_ideographs},
            {"unk_token", files.unk},
            {"sep_token", files.sep},
            {"pad_token", files.pad},
            {"cls_token", files.cls},
            {"mask_token", files.mask},
            {"clean_up_tokenization_spaces", files.cleans_spaces},
            {"added_tokens_decoder", std::move(added)}};
  if (files.max_length > 0) json["model_max_length"] = files.max_length;
  return json;
}

/// The vocabulary as lines. An id without a piece, or with one that no line can hold, gets a name that no text is cut into.
std::string vocabulary_lines(const std::vector<std::string>& pieces) {
  const PieceIds ids = ids_of(pieces);
  std::string lines;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const std::string& piece = pieces[id];
    if (!piece.empty() && piece.find('\n') == std::string::npos && trim_end(piece).size() == piece.size()) {
      lines += piece;
    } else {
      std::string filler = "[unused" + std::to_string(id) + "]";
      while (ids.contains(filler)) filler += ']';
      lines += filler;
    }
    lines += '\n';
  }
  return lines;
}

}  // namespace

WordPieceFiles read_wordpiece_files(const fs::path& folder) {
  WordPieceFiles files;
  if (fs::is_regular_file(folder / kTokenizer))
    read_tokenizer_json(folder / kTokenizer, files);
  else if (fs::is_regular_file(folder / kVocabulary))
    files.pieces = read_vocabulary(folder / kVocabulary);
  else
    throw UserError(folder.string() + " has no vocab.txt and no tokenizer.json; expected the tokenizer of a BERT model",
                    "make one with 'attend tokenizer train --type wordpiece', or name another folder");
  const Settings settings(folder);
  settings.apply(files);
  settings.add_tokens(files);
  return files;
}

void write_wordpiece_files(const WordPieceFiles& files, const fs::path& folder) {
  fs::create_directories(folder);
  write_file_atomically(folder / kVocabulary, vocabulary_lines(files.pieces));
  write_json_file(folder / kSettings, settings_json(files));
  if (files.tokenizer_json)
    write_file_atomically(folder / kTokenizer, *files.tokenizer_json);
  else
    fs::remove(folder / kTokenizer);  // of an older tokenizer in the same folder: it would win
}

}  // namespace attend
