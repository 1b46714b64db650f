#include "tokenizers/wordpiece_files.h"

#include <algorithm>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/system_call.h"
#include "core/text.h"
#include "core/text_source.h"
#include "tokenizers/tokenizer_settings.h"
#include "tokenizers/wordpiece_json.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr const char* kVocabulary = "vocab.txt";

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
  const std::string content = read_text_file(path, limits::kTokenizerFileBytes);
  if (content.empty()) throw UserError(path.string() + " is empty; expected a piece a line");
  if (static_cast<std::int64_t>(std::count(content.begin(), content.end(), '\n')) >= limits::kVocabularySize)
    throw UserError(path.string() + " has over " + std::to_string(limits::kVocabularySize) + " lines");
  std::vector<std::string> pieces;
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view line = std::string_view(content).substr(begin, end - begin);
    if (!is_valid_utf8(line)) throw not_utf8(path.string(), pieces.size() + 1);
    pieces.emplace_back(trim_end(line));
    begin = end + 1;
  }
  return pieces;
}

/// The tokenizers whose vocab.txt is read as BERT's; others cut words otherwise (by dictionary, or by other rules).
const std::vector<std::string> kClasses{"BertTokenizer",     "DistilBertTokenizer",  "ElectraTokenizer",   "MobileBertTokenizer",
                                        "ConvBertTokenizer", "SqueezeBertTokenizer", "RetriBertTokenizer", "LxmertTokenizer",
                                        "LayoutLMTokenizer", "PreTrainedTokenizer",  "TokenizersBackend"};

void apply_normalization(const TokenizerSettings& settings, WordPieceFiles& files) {
  BertNormalization& normalization = files.normalization;
  if (!files.tokenizer_json) {
    normalization.lowercase = settings.flag("do_lower_case", true);
    normalization.space_ideographs = settings.flag("tokenize_chinese_chars", true);
    normalization.strip_accents = settings.flag("strip_accents", normalization.lowercase);
  } else {
    for (const auto& [key, followed] :
         {std::pair{"do_lower_case", normalization.lowercase}, std::pair{"strip_accents", normalization.strip_accents},
          std::pair{"tokenize_chinese_chars", normalization.space_ideographs}})
      if (settings.flag(key, followed) != followed)
        log_warning(settings.name() + " says " + key + ": " + (followed ? "false" : "true") +
                    ", tokenizer.json the opposite; tokenizer.json is followed (transformers follows the other)");
  }
}

void apply_settings(const TokenizerSettings& settings, WordPieceFiles& files) {
  apply_normalization(settings, files);
  if (!files.tokenizer_json) settings.check_class(kClasses);
  settings.check_special_tokens();
  std::vector<std::string_view> followed{"do_lower_case", "strip_accents", "tokenize_chinese_chars",
                                         "cls_token",     "sep_token",     "mask_token"};
  // Settings of the tokenizer without a tokenizer.json, which nothing reads where that lies beside.
  if (files.tokenizer_json) followed.insert(followed.end(), {"do_basic_tokenize", "never_split", "wordpieces_prefix"});
  settings.check_keys(followed);
  files.cleans_spaces = settings.flag("clean_up_tokenization_spaces", false);
  // tokenizer.json knows its unknown token, and the template's where it has one.
  const auto set = [&](const char* key, std::string& token) {
    if (const auto text = settings.token_text(key)) token = *text;
  };
  set("pad_token", files.pad);
  set("mask_token", files.mask);
  if (!files.tokenizer_json) set("unk_token", files.unk);
  if (!files.tokenizer_json || files.cls == WordPieceFiles{}.cls) set("cls_token", files.cls);
  if (!files.tokenizer_json || files.sep == WordPieceFiles{}.sep) set("sep_token", files.sep);
  files.further_special = settings.further_special_tokens();
  files.max_length = settings.max_length();
}

/// The tokens cut out of a text, besides those that `files` names already.
void add_tokens(const TokenizerSettings& settings, const fs::path& folder, WordPieceFiles& files) {
  const std::vector<TokenizerSettings::Named> named{
      {"unk_token", files.unk}, {"sep_token", files.sep}, {"pad_token", files.pad}, {"cls_token", files.cls}, {"mask_token", files.mask}};
  const std::vector<AddedToken> special = settings.special_tokens(named);
  TokenAddition addition{.tokens = files.tokenizer_json ? std::move(files.added) : settings.described_tokens(special),
                         .num_left_out = named.size(),  // WordPieceTokenizer says what it cannot do without
                         .name = files.tokenizer_json ? (folder / kTokenizerFile).string() : settings.name()};
  addition.num_described = addition.tokens.size();
  addition.tokens.insert(addition.tokens.end(), special.begin(), special.end());
  files.added = with_ids(std::move(addition), files.pieces);
}

Json settings_json(const WordPieceFiles& files) {
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
            {"added_tokens_decoder", added_tokens_decoder(files.added)}};
  json.update(files.further_special);
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
  if (fs::is_regular_file(folder / kTokenizerFile))
    read_tokenizer_json(folder / kTokenizerFile, files);
  else if (fs::is_regular_file(folder / kVocabulary))
    files.pieces = read_vocabulary(folder / kVocabulary);
  else
    throw UserError(folder.string() + " has no vocab.txt and no tokenizer.json; expected the tokenizer of a BERT model",
                    "make one with 'attend tokenizer train --type wordpiece', or name another folder");
  const TokenizerSettings settings(folder);
  apply_settings(settings, files);
  add_tokens(settings, folder, files);
  return files;
}

void write_wordpiece_files(const WordPieceFiles& files, const fs::path& folder) {
  make_folders(folder);
  write_file_atomically(folder / kVocabulary, vocabulary_lines(files.pieces));
  write_json_file(folder / kTokenizerSettings, settings_json(files));
  if (files.tokenizer_json)
    write_file_atomically(folder / kTokenizerFile, *files.tokenizer_json);
  else
    remove_file(folder / kTokenizerFile);  // of an older tokenizer in the same folder: it would win
}

}  // namespace attend
