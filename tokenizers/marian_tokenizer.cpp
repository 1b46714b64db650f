#include "tokenizers/marian_tokenizer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/system_call.h"
#include "core/text.h"
#include "tokenizers/sentencepiece_tokenizer.h"
#include "tokenizers/tokenizer_settings.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr const char* kSource = "source.spm";
constexpr const char* kTarget = "target.spm";
constexpr const char* kVocabulary = "vocab.json";
constexpr const char* kTargetVocabulary = "target_vocab.json";
constexpr const char* kSettings = "tokenizer_config.json";
constexpr const char* kSpecialTokens = "special_tokens_map.json";
constexpr const char* kAddedTokens = "added_tokens.json";  // of older folders
constexpr std::array kFiles{kSource, kTarget, kVocabulary, kTargetVocabulary, kSettings, kSpecialTokens, kAddedTokens};
constexpr std::string_view kSpace = "\xe2\x96\x81";  // U+2581, SentencePiece's sign for a space

struct TransparentHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// Pieces and ids, both ways; tokens that are recognised where the text spells them.
struct Vocabulary {
  std::unordered_map<std::string, std::int32_t, TransparentHash, std::equal_to<>> ids;
  std::vector<std::optional<std::string>> pieces;  // by id; a vocabulary may leave ids out
  std::vector<std::string> marked;                 // spelled in a text, they are cut out before it is segmented
  std::vector<bool> special;                       // by id: left out of decoded text
  std::int32_t unk_id = 0;

  void add(const std::string& piece, std::int64_t id, const std::string& name) {
    if (id < 0 || id >= limits::kVocabularySize) throw UserError(name + ": the id of '" + excerpt(piece) + "' is " + std::to_string(id));
    const auto index = static_cast<std::size_t>(id);
    if (index >= pieces.size()) pieces.resize(index + 1);
    if (pieces[index] && *pieces[index] != piece)
      throw UserError(name + ": '" + excerpt(*pieces[index]) + "' and '" + excerpt(piece) + "' both have id " + std::to_string(id));
    pieces[index] = piece;
    ids[piece] = static_cast<std::int32_t>(id);
  }
  std::optional<std::int32_t> find(std::string_view piece) const {
    const auto found = ids.find(piece);
    return found == ids.end() ? std::nullopt : std::optional(found->second);
  }
};

Vocabulary read_vocabulary(const fs::path& path) {
  const Json json = read_json_file(path);
  if (!json.is_object() || json.empty()) throw UserError(path.string() + ": expected an object of pieces and their ids");
  Vocabulary vocabulary;
  vocabulary.ids.reserve(json.size());
  for (const auto& [piece, id] : json.items()) vocabulary.add(piece, json_integer(id, path.string(), piece), path.string());
  return vocabulary;
}

/// What tokenizer_config.json and special_tokens_map.json say, with MarianTokenizer's defaults.
struct Settings {
  std::string eos = "</s>", unk = "<unk>", pad = "<pad>", source_language, target_language;
  bool separate_vocabularies = false, clean_up_spaces = false, split_special_tokens = false;
  std::vector<std::pair<std::string, std::optional<std::int64_t>>> added;  // further marked tokens, and their ids where stated
  bool has_decoder = false;                                                // whether added_tokens_decoder is what states them
  std::vector<std::string> special;                                        // those of `added` that decoding leaves out
};

/// Settings that decide something here, besides those that every tokenizer has in common.
const std::vector<std::string_view> kFollowed{"eos_token", "source_lang", "target_lang", "separate_vocabs", "sp_model_kwargs"};

// A token is a string, or an object with its "content" and how it takes the spaces around it.
std::string token_text(const Json& token, const std::string& name, std::string_view key) {
  if (!token.is_object()) return json_string(token, name, key);
  for (const char* flag : {"lstrip", "rstrip", "single_word"})
    if (const auto found = token.find(flag); found != token.end() && json_bool(*found, name, flag))
      throw UserError(name + ": " + std::string(key) + " asks for " + flag + ", which is not supported", "set it to false");
  if (!token.contains("content")) throw UserError(name + ": " + std::string(key) + " has no content");
  return json_string(token["content"], name, "content");
}

void read_added_tokens(const Json& json, const std::string& name, Settings& settings) {
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    if (!json.contains(key) || !json[key].is_array()) continue;
    for (const auto& token : json[key]) {
      settings.added.emplace_back(token_text(token, name, key), std::nullopt);
      settings.special.push_back(settings.added.back().first);
    }
  }
  if (!json.contains("added_tokens_decoder")) return;
  settings.has_decoder = true;
  for (const auto& [id, token] : json["added_tokens_decoder"].items()) {
    const bool digits = !id.empty() && id.size() < 10 && std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) throw UserError(name + ": added_tokens_decoder has the id '" + excerpt(id) + "'; expected a number");
    settings.added.emplace_back(token_text(token, name, "added_tokens_decoder"), std::stoll(id));
    if (token.is_object() && token.value("special", Json(false)) == true) settings.special.push_back(settings.added.back().first);
  }
}

/// Tokens and ids as older folders state them, where no added_tokens_decoder does.
void read_older_added_tokens(const fs::path& folder, Settings& settings) {
  const fs::path path = folder / kAddedTokens;
  if (settings.has_decoder || !fs::is_regular_file(path)) return;
  const Json json = read_json_file(path);
  if (!json.is_object()) throw UserError(path.string() + ": expected an object of tokens and their ids");
  for (const auto& [token, id] : json.items()) settings.added.emplace_back(token, json_integer(id, path.string(), token));
}

Settings read_settings(const fs::path& folder) {
  Settings settings;
  for (const char* file : {kSpecialTokens, kSettings}) {
    const fs::path path = folder / file;
    if (!fs::exists(path)) continue;
    const std::string name = path.string();
    const Json json = read_json_file(path);
    if (!json.is_object()) throw UserError(name + ": expected a JSON object");
    const auto has = [&](const char* key) { return json.contains(key) && !json[key].is_null(); };
    const auto read_token = [&](const char* key, std::string& token) {
      if (has(key)) token = token_text(json[key], name, key);
    };
    const auto read_bool = [&](const char* key, bool& value) {
      if (has(key)) value = json_bool(json[key], name, key);
    };
    read_token("eos_token", settings.eos);
    read_token("unk_token", settings.unk);
    read_token("pad_token", settings.pad);
    read_token("source_lang", settings.source_language);
    read_token("target_lang", settings.target_language);
    read_bool("separate_vocabs", settings.separate_vocabularies);
    read_bool("clean_up_tokenization_spaces", settings.clean_up_spaces);
    read_bool("split_special_tokens", settings.split_special_tokens);
    read_added_tokens(json, name, settings);
    if (has("sp_model_kwargs") && json["sp_model_kwargs"].value("enable_sampling", Json(false)) == true)
      throw UserError(name + ": sp_model_kwargs asks for sampled segmentations, which are not supported", "remove enable_sampling");
    check_setting_keys(json, name, kFollowed);
  }
  read_older_added_tokens(folder, settings);
  // Those with ids first: a token without one gets the next that is free then, as in transformers.
  auto& added = settings.added;
  const auto without = std::stable_partition(added.begin(), added.end(), [](const auto& token) { return token.second.has_value(); });
  std::stable_sort(added.begin(), without, [](const auto& a, const auto& b) { return *a.second < *b.second; });
  return settings;
}

void mark(Vocabulary& vocabulary, const Settings& settings, const std::string& name) {
  for (const auto& [token, id] : settings.added) {
    const auto known = vocabulary.find(token);
    if (known && id && *known != *id)
      throw UserError(name + ": '" + excerpt(token) + "' has id " + std::to_string(*known) + " in the vocabulary and " +
                      std::to_string(*id) + " in " + kSettings);
    const auto size = static_cast<std::int64_t>(vocabulary.pieces.size());
    if (!known && id && *id >= 0 && *id < size && vocabulary.pieces[static_cast<std::size_t>(*id)])
      throw UserError(std::string(kSettings) + " gives the added token '" + excerpt(token) + "' the id " + std::to_string(*id) +
                      ", which is '" + excerpt(*vocabulary.pieces[static_cast<std::size_t>(*id)]) + "' in " + name);
    const bool has_task = token == settings.eos || token == settings.unk || token == settings.pad;
    if (!known && (id || !has_task)) vocabulary.add(token, id.value_or(size), name);
    vocabulary.marked.push_back(token);
  }
  vocabulary.special.assign(vocabulary.pieces.size(), false);
  for (const std::string& token : {settings.eos, settings.unk, settings.pad}) {
    const auto id = vocabulary.find(token);
    if (!id) throw UserError(name + " has no '" + token + "'; expected the end-of-sentence, unknown and padding tokens in it");
    vocabulary.special[static_cast<std::size_t>(*id)] = true;
    vocabulary.marked.push_back(token);
  }
  for (const std::string& token : settings.special)
    if (const auto id = vocabulary.find(token)) vocabulary.special[static_cast<std::size_t>(*id)] = true;
  // The longest first: of two that begin at the same place it is the one meant.
  std::stable_sort(vocabulary.marked.begin(), vocabulary.marked.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  if (settings.split_special_tokens) vocabulary.marked.clear();
  vocabulary.unk_id = *vocabulary.find(settings.unk);
}

// As Python's str.strip() has it.
bool is_python_space(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 28 && c <= 32) || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
         c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

std::string stripped(const std::string& text) {
  const auto plain = [](char c) { return c > ' ' && c < 0x7f; };
  if (text.empty() || (plain(text.front()) && plain(text.back()))) return text;
  std::vector<char32_t> points = decode_utf8(text);
  while (!points.empty() && is_python_space(points.back())) points.pop_back();
  std::string result;
  for (auto point = std::find_if_not(points.begin(), points.end(), is_python_space); point != points.end(); ++point)
    append_utf8(result, *point);
  return result;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
}

// transformers' clean_up_tokenization, for folders that ask for it.
void clean_up_spaces(std::string& text) {
  static constexpr std::array<std::pair<const char*, const char*>, 10> kRules{{{" .", "."},
                                                                               {" ?", "?"},
                                                                               {" !", "!"},
                                                                               {" ,", ","},
                                                                               {" ' ", "'"},
                                                                               {" n't", "n't"},
                                                                               {" 'm", "'m"},
                                                                               {" 's", "'s"},
                                                                               {" 've", "'ve"},
                                                                               {" 're", "'re"}}};
  for (const auto& [from, to] : kRules) replace_all(text, from, to);
}

/// The ">>...<<" that a text begins with, "" where it begins otherwise.
std::string_view leading_code(std::string_view text) {
  if (!text.starts_with(">>")) return {};
  const std::size_t end = text.find("<<");
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end + 2);
}

/// One language side: its SentencePiece model segments, the vocabulary gives ids.
class MarianSide : public Tokenizer {
 public:
  struct Parts {
    std::shared_ptr<const SentencePieceModel> segmenter, decoder;
    std::shared_ptr<const Vocabulary> vocabulary;
    bool clean_up_spaces;
  };
  explicit MarianSide(Parts parts) : parts_(std::move(parts)) {}

  std::vector<std::string> pieces(std::string_view text) const override {
    const std::vector<std::string>& marked = parts_.vocabulary->marked;
    std::vector<std::size_t> next(marked.size());  // where each marked token stands next, so that no part is searched twice
    for (std::size_t i = 0; i < marked.size(); ++i) next[i] = text.find(marked[i]);
    std::vector<std::string> result;
    for (std::size_t begin = 0; begin < text.size();) {
      std::size_t first = 0, at = std::string_view::npos;
      for (std::size_t i = 0; i < marked.size(); ++i) {
        if (next[i] != std::string_view::npos && next[i] < begin) next[i] = text.find(marked[i], begin);
        if (next[i] < at) at = next[first = i];
      }
      if (at == std::string_view::npos) at = text.size();
      if (at > begin) segment(text.substr(begin, at - begin), result);
      if (at < text.size()) result.push_back(marked[first]);
      begin = at < text.size() ? at + marked[first].size() : at;
    }
    return result;
  }

  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> ids;
    for (const std::string& piece : pieces(text)) ids.push_back(parts_.vocabulary->find(piece).value_or(parts_.vocabulary->unk_id));
    return ids;
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    const Vocabulary& vocabulary = *parts_.vocabulary;
    std::vector<std::string> pieces;
    for (const std::int32_t id : ids) {
      const auto index = static_cast<std::size_t>(id);
      if (id < 0 || index >= vocabulary.pieces.size() || !vocabulary.pieces[index]) refuse_id(id, vocab_size());
      if (!vocabulary.special[index]) pieces.push_back(*vocabulary.pieces[index]);
    }
    std::string text = parts_.decoder->text_of(pieces);
    replace_all(text, kSpace, " ");  // of pieces the model does not know
    text = stripped(text);
    if (parts_.clean_up_spaces) clean_up_spaces(text);
    return text;
  }

  std::optional<std::int32_t> id_of(std::string_view piece) const override { return parts_.vocabulary->find(piece); }
  std::int64_t vocab_size() const override { return static_cast<std::int64_t>(parts_.vocabulary->pieces.size()); }
  std::optional<std::int32_t> unknown_id() const override { return parts_.vocabulary->unk_id; }

 private:
  void segment(std::string_view text, std::vector<std::string>& result) const {
    // A language code is one piece, whether the vocabulary has it or not: as in the reference.
    const std::string_view code = leading_code(text);
    if (!code.empty()) result.emplace_back(code);
    text.remove_prefix(code.size());
    for (std::string& piece : parts_.segmenter->pieces(text)) result.push_back(std::move(piece));
  }

  Parts parts_;
};

}  // namespace

MarianTokenizer::MarianTokenizer(const fs::path& folder) {
  for (const char* file : {kSource, kTarget, kVocabulary})
    if (!fs::is_regular_file(folder / file))
      throw UserError(folder.string() + " holds no tokenizer: " + file + " is missing; expected source.spm, target.spm and vocab.json",
                      "make one with 'attend tokenizer train --output " + folder.string() + " ...'");
  const Settings settings = read_settings(folder);

  const auto source_model = std::make_shared<const SentencePieceModel>(folder / kSource);
  // A joint vocabulary has the same file twice; it is loaded once.
  const bool joint = read_file(folder / kTarget, limits::kTokenizerFileBytes) == source_model->bytes();
  const auto target_model = joint ? source_model : std::make_shared<const SentencePieceModel>(folder / kTarget);

  Vocabulary source_vocabulary = read_vocabulary(folder / kVocabulary);
  mark(source_vocabulary, settings, (folder / kVocabulary).string());
  const auto source_shared = std::make_shared<const Vocabulary>(std::move(source_vocabulary));
  auto target_shared = source_shared;
  if (settings.separate_vocabularies) {
    Vocabulary target_vocabulary = read_vocabulary(folder / kTargetVocabulary);
    mark(target_vocabulary, settings, (folder / kTargetVocabulary).string());
    for (const std::string& token : {settings.eos, settings.unk})
      if (source_shared->find(token) != target_vocabulary.find(token))
        throw UserError(folder.string() + ": '" + token + "' has two ids in vocab.json and target_vocab.json; expected the same");
    // <pad> may end each vocabulary; the model's padding has the source's id, which is never text.
    if (const auto pad = static_cast<std::size_t>(*source_shared->find(settings.pad)); pad < target_vocabulary.special.size())
      target_vocabulary.special[pad] = true;
    target_shared = std::make_shared<const Vocabulary>(std::move(target_vocabulary));
  }

  // transformers decodes with the source's model unless the vocabularies are separate.
  const auto decoder = settings.separate_vocabularies ? target_model : source_model;
  source_ = std::make_unique<MarianSide>(MarianSide::Parts{source_model, source_model, source_shared, settings.clean_up_spaces});
  target_ = std::make_unique<MarianSide>(MarianSide::Parts{target_model, decoder, target_shared, settings.clean_up_spaces});
  eos_id_ = *source_shared->find(settings.eos);
  pad_id_ = *source_shared->find(settings.pad);
  unk_id_ = source_shared->unk_id;
  eos_piece_ = settings.eos;
  source_language_ = settings.source_language;
  target_language_ = settings.target_language;

  std::string hashes;
  for (const char* file : kFiles) hashes += std::string(file) + (fs::exists(folder / file) ? sha256_file(folder / file) : "") + "\n";
  fingerprint_ = sha256_hex(std::as_bytes(std::span(hashes)));
}

MarianTokenizer::~MarianTokenizer() = default;

std::string_view unknown_language_code(const Tokenizer& side, std::string_view text) {
  const std::string_view code = leading_code(text);
  return code.empty() || side.id_of(code) ? std::string_view{} : code;
}

bool MarianTokenizer::present_in(const fs::path& folder) {
  return fs::is_regular_file(folder / kSource) && fs::is_regular_file(folder / kTarget) && fs::is_regular_file(folder / kVocabulary);
}

void copy_tokenizer_files(const fs::path& from, const fs::path& to) {
  make_folders(to);
  if (fs::equivalent(from, to)) return;
  for (const char* file : kFiles)
    if (fs::is_regular_file(from / file)) write_file_atomically(to / file, read_file(from / file, limits::kTokenizerFileBytes));
}

}  // namespace attend
