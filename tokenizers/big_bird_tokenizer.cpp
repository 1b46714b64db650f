#include "tokenizers/big_bird_tokenizer.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/system_call.h"
#include "core/text.h"
#include "tokenizers/sentencepiece_check.h"
#include "tokenizers/sentencepiece_tokenizer.h"
#include "tokenizers/tokenizer_json.h"
#include "tokenizers/tokenizer_settings.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr const char* kModelFile = "spiece.model";
constexpr const char* kReadable = "only Big Bird's unigram tokenizers can be read";
constexpr std::string_view kSpace = "\xe2\x96\x81";  // U+2581, which stands for a space

const std::vector<std::string> kClasses{"BigBirdTokenizer"};  // of the others' classes tokenizer.json decides more

// The keys of tokens with a task, in the order in which transformers adds those that a vocabulary lacks; and what they are where unsaid.
constexpr std::array kSpecialTokens{std::pair{"bos_token", "<s>"},    std::pair{"eos_token", "</s>"},  std::pair{"unk_token", "<unk>"},
                                    std::pair{"sep_token", "[SEP]"},  std::pair{"pad_token", "<pad>"}, std::pair{"cls_token", "[CLS]"},
                                    std::pair{"mask_token", "[MASK]"}};

/// A vocabulary's file: pieces by id, and the tokens it says are to be cut out of texts.
struct VocabularyFile {
  std::vector<UnigramPieces::Piece> pieces;
  std::vector<AddedToken> added;
};

VocabularyFile read_model_file(const std::string& bytes, const std::string& name) {
  VocabularyFile file;
  for (ModelPiece& piece : read_sentencepiece_pieces(bytes, name)) {
    if (piece.type == PieceType::kControl || piece.type == PieceType::kUserDefined)
      file.added.push_back({.content = piece.text, .special = true});
    file.pieces.push_back({std::move(piece.text), piece.score});
  }
  return file;
}

VocabularyFile read_tokenizer_file(const std::string& bytes, const std::string& name) {
  const Json json = parse_json(bytes, name);
  if (!json.is_object()) throw UserError(name + " is not an object");
  const JsonPart model = tokenizer_part(json, name, "model");
  if (!model.is("Unigram")) model.refuse("a Unigram model", kReadable);
  model.expect({"type", "unk_id", "vocab", "byte_fallback"});
  if (model.flag("byte_fallback", false)) throw UserError(model.name + " asks for byte_fallback, which is not supported", kReadable);
  const Json& vocabulary = model.at("vocab");
  if (!vocabulary.is_array() || vocabulary.empty() || static_cast<std::int64_t>(vocabulary.size()) > limits::kVocabularySize)
    throw UserError(model.name + ": 'vocab' is no list of 1 to " + std::to_string(limits::kVocabularySize) + " pieces");
  VocabularyFile file;
  for (const Json& entry : vocabulary) {
    if (!entry.is_array() || entry.size() != 2) throw UserError(model.name + ": an entry of 'vocab' is not a piece and its score");
    const double score = json_number(entry[1], model.name, "vocab");
    if (!std::isfinite(score)) throw UserError(model.name + ": a score of 'vocab' is not finite");
    file.pieces.push_back({json_string(entry[0], model.name, "vocab"), score});
  }
  file.added = read_added_tokens({json, name});
  return file;
}

}  // namespace

BigBirdTokenizer::BigBirdTokenizer(const fs::path& folder) {
  file_ = fs::is_regular_file(folder / kTokenizerFile) ? kTokenizerFile : kModelFile;
  const std::string name = (folder / file_).string();
  if (!fs::is_regular_file(folder / file_))
    throw UserError(folder.string() + " has no spiece.model and no tokenizer.json; expected the tokenizer of a Big Bird",
                    "copy it beside the model from where it was trained");
  bytes_ = read_file(folder / file_, limits::kTokenizerFileBytes);
  VocabularyFile file = file_ == kModelFile ? read_model_file(bytes_, name) : read_tokenizer_file(bytes_, name);

  const TokenizerSettings settings(folder);
  settings.check_class(kClasses);
  settings.check_special_tokens();
  std::vector<std::string_view> followed{"add_prefix_space", "model_input_names"};
  std::vector<TokenizerSettings::Named> named;
  for (const auto& [key, usual] : kSpecialTokens) {
    followed.emplace_back(key);
    const bool has_task = std::string_view(key) != "bos_token" && std::string_view(key) != "eos_token";
    if (settings.is_null(key) && has_task) throw UserError(settings.name() + ": " + key + " is null; expected a token");
    if (!settings.is_null(key)) named.push_back({key, settings.token_text(key).value_or(usual)});
  }
  settings.check_keys(followed);
  if (settings.flag("clean_up_tokenization_spaces", false))
    log_warning(settings.name() + ": clean_up_tokenization_spaces is true, which is not followed: spaces before punctuation stay");
  settings_ = settings.merged();
  begins_with_space_ = settings.flag("add_prefix_space", true);
  if (settings.has("model_input_names") && settings.at("model_input_names").is_array())
    for (const Json& input : settings.at("model_input_names")) has_segments_ |= input == "token_type_ids";
  max_length_ = settings.max_length();

  std::vector<AddedToken> special = settings.special_tokens(named);
  for (std::size_t i = 0; i < named.size(); ++i)  // the space before a mask is its own, unless the settings describe it
    if (named[i].key == std::string_view("mask_token") && !(settings.has("mask_token") && settings.at("mask_token").is_object()))
      special[i].lstrip = true;
  TokenAddition addition{.tokens = file_ == kModelFile ? settings.described_tokens(special) : std::vector<AddedToken>{}, .name = name};
  if (!addition.tokens.empty()) settings_["added_tokens_decoder"] = added_tokens_decoder(addition.tokens);  // of older files, too
  addition.tokens.insert(addition.tokens.end(), file.added.begin(), file.added.end());
  addition.num_described = addition.tokens.size();
  addition.tokens.insert(addition.tokens.end(), special.begin(), special.end());

  for (const UnigramPieces::Piece& piece : file.pieces) pieces_.push_back(piece.text);
  std::vector<AddedToken> tokens = with_ids(std::move(addition), pieces_);
  for (const AddedToken& token : tokens) {
    if (token.normalized)
      throw UserError(name + ": the added token '" + excerpt(token.content) + "' is normalized, which is not supported");
    if (static_cast<std::size_t>(token.id) >= pieces_.size()) pieces_.resize(static_cast<std::size_t>(token.id) + 1);
    pieces_[static_cast<std::size_t>(token.id)] = token.content;
  }
  special_.assign(pieces_.size(), false);
  for (const AddedToken& token : tokens) special_[static_cast<std::size_t>(token.id)] = token.special;
  for (std::size_t id = 0; id < pieces_.size(); ++id) ids_[pieces_[id]] = static_cast<std::int32_t>(id);
  const auto id_of_named = [&](std::string_view key) {
    return ids_.at(std::find_if(named.begin(), named.end(), [&](const auto& token) { return token.key == key; })->text);
  };
  const std::int32_t unknown = id_of_named("unk_token");
  // transformers takes the place of its own unknown token only where that has the score 0, else the hundredth piece.
  if (static_cast<std::size_t>(unknown) < file.pieces.size() && file.pieces[static_cast<std::size_t>(unknown)].score != 0 && unknown != 100)
    throw UserError(name + ": the unknown token has a score that is not 0; transformers then takes piece 100 for it", kReadable);
  words_ = std::make_unique<const UnigramPieces>(std::move(file.pieces), unknown);
  sep_id_ = id_of_named("sep_token");
  pad_id_ = id_of_named("pad_token");
  cls_id_ = id_of_named("cls_token");
  mask_id_ = id_of_named("mask_token");
  std::vector<std::string> spellings;
  for (const AddedToken& token : tokens) spellings.push_back(token.content);
  const std::string hashed = file_ + sha256_hex(std::as_bytes(std::span(bytes_))) + settings_.dump();
  fingerprint_ = sha256_hex(std::as_bytes(std::span(hashed)));
  tokens_ = AddedTokenFinder(std::move(tokens), spellings);
}

void BigBirdTokenizer::append_words(std::string_view text, std::vector<std::int32_t>& ids) const {
  // Two spaces or more are one sign, and so is one; then each sign begins a word.
  std::string marked;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != ' ')
      marked += text[at];
    else if (at == 0 || text[at - 1] != ' ')
      marked += kSpace;
  }
  if (begins_with_space_ && !marked.starts_with(kSpace)) marked.insert(0, kSpace);
  for (std::size_t begin = 0; begin < marked.size();) {
    const std::size_t end = std::min(marked.find(kSpace, begin + 1), marked.size());
    words_->append_ids(std::string_view(marked).substr(begin, end - begin), ids);
    begin = end;
  }
}

std::vector<std::int32_t> BigBirdTokenizer::encode(std::string_view text) const {
  if (!is_valid_utf8(text)) return encode(repair_utf8(text));
  std::vector<std::int32_t> ids;
  for (const AddedTokenFinder::Found& found : tokens_.split(text)) {
    if (found.token != nullptr)
      ids.push_back(found.token->id);
    else if (found.end > found.begin)
      append_words(text.substr(found.begin, found.end - found.begin), ids);
  }
  return ids;
}

std::vector<std::string> BigBirdTokenizer::pieces(std::string_view text) const {
  std::vector<std::string> found;
  for (const std::int32_t id : encode(text)) found.push_back(pieces_[static_cast<std::size_t>(id)]);
  return found;
}

std::string BigBirdTokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string text;
  bool is_first = true;
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= vocab_size()) refuse_id(id, vocab_size());
    if (special_[static_cast<std::size_t>(id)]) continue;
    const std::string& piece = pieces_[static_cast<std::size_t>(id)];
    for (std::size_t at = 0; at < piece.size();) {
      const bool is_space = std::string_view(piece).substr(at).starts_with(kSpace);
      if (!is_space)
        text += piece[at];
      else if (!is_first || !begins_with_space_)
        text += ' ';
      at += is_space ? kSpace.size() : 1;
    }
    is_first = false;
  }
  return text;
}

std::optional<std::int32_t> BigBirdTokenizer::id_of(std::string_view piece) const {
  const auto found = ids_.find(std::string(piece));
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

void BigBirdTokenizer::save(const fs::path& folder, std::int64_t max_length) const {
  make_folders(folder);
  Json settings = settings_;
  settings["tokenizer_class"] = kClasses.front();
  if (max_length > 0) settings["model_max_length"] = max_length;
  write_file_atomically(folder / file_, bytes_);
  write_json_file(folder / kTokenizerSettings, settings);
  if (file_ == kModelFile) remove_file(folder / kTokenizerFile);  // of an older tokenizer in the same folder: it would win
}

bool BigBirdTokenizer::present_in(const fs::path& folder) {
  if (!fs::is_regular_file(folder / kTokenizerFile)) return fs::is_regular_file(folder / kModelFile);
  return read_file(folder / kTokenizerFile, limits::kTokenizerFileBytes).find("\"Unigram\"") != std::string::npos;
}

}  // namespace attend
