#include "tokenizers/byte_bpe_parts.h"

#include <algorithm>
#include <initializer_list>
#include <span>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/text.h"
#include "tokenizers/byte_alphabet.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

/// Ids of a piece's bytes before they are joined. False where the vocabulary lacks one.
bool spell(std::string_view bytes, const std::array<std::int32_t, 256>& byte_ids, std::vector<std::int32_t>& ids) {
  ids.clear();
  for (const char byte : bytes) ids.push_back(byte_ids[static_cast<unsigned char>(byte)]);
  return std::find(ids.begin(), ids.end(), -1) == ids.end();
}

std::optional<std::int32_t> find_id(const PieceIds& ids, const std::optional<std::string>& piece) {
  if (!piece) return std::nullopt;
  const auto found = ids.find(*piece);
  return found == ids.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

ByteBpeParts::ByteBpeParts(const fs::path& folder) : files(read_byte_bpe_files(folder)), merger(files.merges), words({}) {
  collect_pieces();
  collect_tokens();
  collect_words();
  byte_unk_id = find_id(ids, files.byte_unk);
  if (files.byte_unk && !byte_unk_id)
    throw UserError(folder.string() + ": the vocabulary lacks the unknown token '" + excerpt(*files.byte_unk) + "'",
                    "add it to the vocabulary, or set the model's unk_token to null");
  eos_id = find_id(ids, files.eos);
  bos_id = find_id(ids, files.bos);
  fingerprint = hash();
}

void ByteBpeParts::collect_pieces() {
  pieces = files.pieces;
  for (const std::string& piece : pieces) bytes.push_back(from_byte_letters(piece).value_or(piece));
  for (const AddedToken& token : files.added) {
    if (static_cast<std::size_t>(token.id) < pieces.size()) continue;
    pieces.push_back(token.content);
    bytes.push_back(token.content);
  }
  ids = ids_of(pieces);
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = ids.find(byte_letter(static_cast<unsigned char>(byte)));
    const bool is_known = found != ids.end() && static_cast<std::size_t>(found->second) < files.pieces.size();
    byte_ids[static_cast<std::size_t>(byte)] = is_known ? found->second : -1;
  }
}

void ByteBpeParts::collect_tokens() {
  special.resize(pieces.size());
  std::vector<AddedToken> ordered = files.added, plain, normalized;
  std::stable_partition(ordered.begin(), ordered.end(), [](const AddedToken& token) { return token.special; });
  std::vector<std::string> plain_spellings, normalized_spellings;
  for (const AddedToken& token : ordered) {
    special[static_cast<std::size_t>(token.id)] = token.special;
    (token.normalized ? normalized : plain).push_back(token);
    (token.normalized ? normalized_spellings : plain_spellings).push_back(token.content);
  }
  tokens = AddedTokenFinder(std::move(plain), plain_spellings);
  normalized_tokens = AddedTokenFinder(std::move(normalized), normalized_spellings);
}

/// A piece may be in the vocabulary and still not be what its bytes become: another merge comes first.
void ByteBpeParts::collect_words() {
  std::vector<std::pair<std::string_view, std::int32_t>> whole;
  std::vector<std::int32_t> found;
  BytePairMerger::Scratch scratch;
  for (std::size_t id = 0; id < files.pieces.size(); ++id) {
    if (bytes[id].empty() || !spell(bytes[id], byte_ids, found)) continue;
    merger.merge(found, scratch);
    if (found.size() == 1 && found.front() == static_cast<std::int32_t>(id)) whole.emplace_back(bytes[id], static_cast<std::int32_t>(id));
  }
  words = WordTable(whole);
}

/// Everything that decides the ids, each text behind its length.
std::string ByteBpeParts::hash() const {
  std::string all;
  const auto add = [&](std::string_view text) { all.append(std::to_string(text.size())).append(":").append(text); };
  const auto add_flags = [&](std::initializer_list<bool> flags) {
    for (const bool flag : flags) all += flag ? '1' : '0';
  };
  add("byte-bpe 1");
  for (const std::string& piece : files.pieces) add(piece);
  for (const PairMerge& merge : files.merges) add(std::to_string(merge.first) + " " + std::to_string(merge.second));
  std::vector<AddedToken> by_id = files.added;
  std::sort(by_id.begin(), by_id.end(), [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  for (const AddedToken& token : by_id) {
    add(token.content);
    add(std::to_string(token.id));
    add_flags({token.single_word, token.lstrip, token.rstrip, token.normalized, token.special});
  }
  for (const auto* text : {&files.eos, &files.byte_unk}) add(text->value_or(""));
  add_flags({files.fuse_unk, files.add_prefix_space});
  return sha256_hex(std::as_bytes(std::span(all)));
}

}  // namespace attend
