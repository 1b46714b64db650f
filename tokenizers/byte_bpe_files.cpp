#include "tokenizers/byte_bpe_files.h"

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/system_call.h"
#include "core/text.h"
#include "tokenizers/byte_bpe_json.h"
#include "tokenizers/byte_bpe_merges.h"
#include "tokenizers/tokenizer_json.h"
#include "tokenizers/tokenizer_settings.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr const char* kVocabulary = "vocab.json";
constexpr const char* kMerges = "merges.txt";

/// The tokenizers whose vocab.json is read as GPT-2's.
const std::vector<std::string> kClasses{"GPT2Tokenizer", "CodeGenTokenizer", "PreTrainedTokenizer", "TokenizersBackend"};

void read_vocabulary_and_merges(const fs::path& folder, ByteBpeFiles& files) {
  const fs::path vocabulary = folder / kVocabulary, merges = folder / kMerges;
  if (!fs::is_regular_file(vocabulary) || !fs::is_regular_file(merges))
    throw UserError(folder.string() + " has no tokenizer.json, and no vocab.json with merges.txt; expected the tokenizer of a GPT-2 model",
                    "make one with 'attend tokenizer train --type byte-bpe', or name another folder");
  files.pieces = read_vocabulary(read_json_file(vocabulary), vocabulary.string());
  files.merges = read_merges(merges, files.pieces);
}

/// The special tokens by their tasks. Where nothing is said GPT-2's is meant for three of them, where null is said, none.
void read_special_names(const TokenizerSettings& settings, ByteBpeFiles& files) {
  const auto read = [&](const char* key, std::optional<std::string>& token) {
    if (const auto text = settings.token_text(key))
      token = text;
    else if (!token && !settings.is_null(key))
      token = kEndOfText;
  };
  read("bos_token", files.bos);
  read("eos_token", files.eos);
  read("unk_token", files.unk);
  files.pad = settings.token_text("pad_token");
}

void apply_settings(const TokenizerSettings& settings, ByteBpeFiles& files) {
  if (!files.tokenizer_json) {
    settings.check_class(kClasses);
    files.adds_bos = settings.flag("add_bos_token", false);
  }
  // As in transformers the setting wins over what tokenizer.json says.
  files.add_prefix_space = settings.flag("add_prefix_space", files.add_prefix_space);
  settings.check_special_tokens();
  settings.check_keys({"add_prefix_space", "add_bos_token", "bos_token", "eos_token", "sep_token", "cls_token", "mask_token"});
  read_special_names(settings, files);
  if (files.adds_bos && !files.bos) throw UserError(settings.name() + " asks for add_bos_token, and names no bos_token");
  files.further_special = settings.further_special_tokens({"sep_token", "cls_token", "mask_token"});
  files.max_length = settings.max_length();
}

/// The tokens cut out of a text, in the order in which the reference adds them.
void add_tokens(const TokenizerSettings& settings, const fs::path& folder, ByteBpeFiles& files) {
  std::vector<TokenizerSettings::Named> named;
  for (const auto& [key, token] :
       {std::pair{"bos_token", &files.bos}, std::pair{"eos_token", &files.eos}, std::pair{"unk_token", &files.unk}})
    if (*token) named.push_back({key, **token});
  for (const char* key : {"sep_token", "pad_token", "cls_token", "mask_token"})
    if (const auto text = settings.token_text(key)) named.push_back({key, *text});
  const std::vector<AddedToken> special = settings.special_tokens(named);
  TokenAddition addition{.tokens = files.tokenizer_json ? std::move(files.added) : settings.described_tokens(special),
                         .name = files.tokenizer_json ? (folder / kTokenizerFile).string() : settings.name()};
  addition.num_described = addition.tokens.size();
  addition.tokens.insert(addition.tokens.end(), special.begin(), special.end());
  files.added = with_ids(std::move(addition), files.pieces);
}

Json vocabulary_json(const std::vector<std::string>& pieces) {
  Json json = Json::object();
  auto& members = json.get_ref<Json::object_t&>();
  for (std::size_t id = 0; id < pieces.size(); ++id)
    if (!pieces[id].empty()) members.emplace_back(pieces[id], id);  // the vector's: no search for an equal key
  return json;
}

Json settings_json(const ByteBpeFiles& files) {
  const auto token = [](const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); };
  Json json{{"tokenizer_class", "GPT2Tokenizer"},
            {"add_prefix_space", files.add_prefix_space},
            {"add_bos_token", files.adds_bos},
            {"bos_token", token(files.bos)},
            {"eos_token", token(files.eos)},
            {"unk_token", token(files.unk)},
            {"pad_token", token(files.pad)},
            {"clean_up_tokenization_spaces", false},
            {"added_tokens_decoder", added_tokens_decoder(files.added)}};
  json.update(files.further_special);
  if (files.max_length > 0) json["model_max_length"] = files.max_length;
  return json;
}

}  // namespace

ByteBpeFiles read_byte_bpe_files(const fs::path& folder) {
  ByteBpeFiles files;
  if (fs::is_regular_file(folder / kTokenizerFile))
    read_byte_bpe_json(folder / kTokenizerFile, files);
  else
    read_vocabulary_and_merges(folder, files);
  const TokenizerSettings settings(folder);
  apply_settings(settings, files);
  add_tokens(settings, folder, files);
  return files;
}

void write_byte_bpe_files(const ByteBpeFiles& files, const fs::path& folder) {
  make_folders(folder);
  write_json_file(folder / kVocabulary, vocabulary_json(files.pieces));
  write_file_atomically(folder / kMerges, merge_lines(files.merges, files.pieces));
  write_json_file(folder / kTokenizerSettings, settings_json(files));
  if (files.tokenizer_json)
    write_file_atomically(folder / kTokenizerFile, *files.tokenizer_json);
  else
    remove_file(folder / kTokenizerFile);  // of an older tokenizer in the same folder: it would win
}

}  // namespace attend
