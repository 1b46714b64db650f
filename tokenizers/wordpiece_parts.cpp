#include "tokenizers/wordpiece_parts.h"

#include <algorithm>
#include <initializer_list>
#include <span>
#include <unordered_set>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/text.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

std::string normalized(const BertNormalizer& normalizer, std::string_view text) {
  std::string bytes;
  normalizer.run(text, 0, [&](char32_t code_point, TextSpan) { append_utf8(bytes, code_point); });
  return bytes;
}

}  // namespace

WordPieceParts::WordPieceParts(WordPieceFiles read, const fs::path& folder)
    : files(std::move(read)), normalizer(files.normalization), table(files.pieces, files.continuation_prefix), pieces(files.pieces) {
  for (const AddedToken& token : files.added)
    if (static_cast<std::size_t>(token.id) >= pieces.size()) pieces.push_back(token.content);
  special.resize(pieces.size());
  skipped.resize(pieces.size());
  ids.reserve(pieces.size());
  for (std::size_t id = 0; id < pieces.size(); ++id)
    if (!pieces[id].empty()) ids[pieces[id]] = static_cast<std::int32_t>(id);
  collect_tokens();
  unk_id = needed_id(files.unk, "unknown", folder);
  cls_id = needed_id(files.cls, "classifier", folder);
  sep_id = needed_id(files.sep, "separator", folder);
  pad_id = needed_id(files.pad, "padding", folder);
  if (const auto found = ids.find(files.mask); found != ids.end()) mask_id = found->second;
  fingerprint = hash();
}

void WordPieceParts::collect_tokens() {
  std::vector<AddedToken> ordered = files.added;
  std::stable_partition(ordered.begin(), ordered.end(), [](const AddedToken& token) { return token.special; });
  std::vector<AddedToken> plain, cleaned;
  std::vector<std::string> plain_spellings, cleaned_spellings;
  std::unordered_set<std::string_view> special_texts;
  for (const AddedToken& token : files.added)
    if (token.special) special_texts.insert(token.content);
  for (const AddedToken& token : ordered) {
    const auto index = static_cast<std::size_t>(token.id);
    special[index] = token.special;
    if (!token.normalized) {
      skipped[index] = token.special;
      plain.push_back(token);
      plain_spellings.push_back(token.content);
      continue;
    }
    cleaned_spellings.push_back(normalized(normalizer, token.content));
    if (cleaned_spellings.back().empty())
      throw UserError("of the added token '" + excerpt(token.content) + "' cleaning leaves nothing", "set its 'normalized' to false");
    skipped[index] = special_texts.contains(cleaned_spellings.back());
    decoded[token.id] = cleaned_spellings.back();
    cleaned.push_back(token);
  }
  tokens = AddedTokenFinder(std::move(plain), plain_spellings);
  normalized_tokens = AddedTokenFinder(std::move(cleaned), cleaned_spellings);
}

std::int32_t WordPieceParts::needed_id(const std::string& piece, const char* what, const fs::path& folder) const {
  if (const auto found = ids.find(piece); found != ids.end()) return found->second;
  throw UserError(folder.string() + ": the vocabulary lacks the " + what + " token '" + excerpt(piece) + "'",
                  "name the token in tokenizer_config.json, or add it to the vocabulary");
}

/// Everything that decides the ids, each text behind its length.
std::string WordPieceParts::hash() const {
  std::string all;
  const auto add = [&](std::string_view text) { all.append(std::to_string(text.size())).append(":").append(text); };
  const auto add_flags = [&](std::initializer_list<bool> flags) {
    for (const bool flag : flags) all += flag ? '1' : '0';
  };
  add("wordpiece 1");
  for (const std::string& piece : files.pieces) add(piece);
  std::vector<AddedToken> by_id = files.added;
  std::sort(by_id.begin(), by_id.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  for (const AddedToken& token : by_id) {
    add(token.content);
    add(std::to_string(token.id));
    add_flags({token.single_word, token.lstrip, token.rstrip, token.normalized, token.special});
  }
  for (const std::string* text : {&files.unk, &files.cls, &files.sep, &files.continuation_prefix}) add(*text);
  add(std::to_string(files.max_word_characters));
  const BertNormalization& normalization = files.normalization;
  add_flags({normalization.clean, normalization.space_ideographs, normalization.strip_accents, normalization.lowercase});
  return sha256_hex(std::as_bytes(std::span(all)));
}

}  // namespace attend
