#include "tokenizers/piece_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace attend {
namespace {

// FNV-1a: the hash of a prefix is a step of the hash of the whole.
constexpr std::uint64_t kHashStart = 0xcbf29ce484222325;
std::uint64_t hash_step(std::uint64_t hash, char byte) { return (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3; }
// Its low bits know the last bytes only; the high ones are mixed in.
std::uint64_t slot_of(std::uint64_t hash) { return hash ^ hash >> 32; }

std::vector<std::pair<std::string_view, std::int32_t>> entries_of(const std::vector<std::string>& pieces, std::string_view prefix) {
  std::vector<std::pair<std::string_view, std::int32_t>> entries;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const std::string_view piece = pieces[id];
    if (piece.size() > prefix.size() && piece.starts_with(prefix))
      entries.emplace_back(piece.substr(prefix.size()), static_cast<std::int32_t>(id));
  }
  return entries;
}

}  // namespace

PrefixTable::PrefixTable(const std::vector<std::pair<std::string_view, std::int32_t>>& entries)
    : slots_(std::bit_ceil(2 * entries.size() + 2)) {
  for (const auto& [text, id] : entries) {
    std::uint64_t hash = kHashStart;
    for (const char byte : text) hash = hash_step(hash, byte);
    std::uint64_t at = slot_of(hash) & (slots_.size() - 1);
    const auto holds = [&](const Slot& slot) { return std::string_view(bytes_).substr(slot.begin, slot.length) == text; };
    while (slots_[at].id >= 0 && !holds(slots_[at])) at = (at + 1) & (slots_.size() - 1);
    if (slots_[at].id < 0) {
      const auto length = static_cast<std::uint32_t>(text.size());
      slots_[at] = {static_cast<std::uint32_t>(hash >> 32), id, static_cast<std::uint32_t>(bytes_.size()), length};
      bytes_ += text;
      std::uint32_t& longest = longest_[static_cast<unsigned char>(text.front())];
      longest = std::max(longest, length);
    }
    slots_[at].id = id;
  }
}

std::int32_t PrefixTable::find(std::string_view text, std::uint64_t hash) const {
  const auto check = static_cast<std::uint32_t>(hash >> 32);
  for (std::uint64_t at = slot_of(hash) & (slots_.size() - 1); slots_[at].id >= 0; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.check == check && slot.length == text.size() && std::memcmp(bytes_.data() + slot.begin, text.data(), text.size()) == 0)
      return slot.id;
  }
  return -1;
}

PrefixTable::Found PrefixTable::longest(std::string_view text, std::vector<std::uint64_t>& hashes) const {
  const std::size_t most = std::min<std::size_t>(text.size(), longest_[static_cast<unsigned char>(text.front())]);
  if (hashes.size() < most) hashes.resize(most);
  std::uint64_t hash = kHashStart;
  for (std::size_t i = 0; i < most; ++i) hashes[i] = hash = hash_step(hash, text[i]);
  for (std::size_t length = most; length > 0; --length)
    if (const std::int32_t id = find(text.substr(0, length), hashes[length - 1]); id >= 0) return {id, static_cast<std::uint32_t>(length)};
  return {};
}

// At a word's begin a piece that is spelled as a continuation counts too, as in the reference; BERT's never meet one there.
PieceTable::PieceTable(const std::vector<std::string>& pieces, std::string_view continuation_prefix)
    : first_(entries_of(pieces, "")), continuations_(entries_of(pieces, continuation_prefix)) {}

bool PieceTable::split(std::string_view word, Scratch& scratch) const {
  scratch.matches.clear();
  for (std::size_t begin = 0; begin < word.size();) {
    const auto found = (begin == 0 ? first_ : continuations_).longest(word.substr(begin), scratch.hashes);
    if (found.length == 0) return false;
    begin += found.length;
    scratch.matches.push_back({found.id, static_cast<std::uint32_t>(begin)});
  }
  return true;
}

}  // namespace attend
