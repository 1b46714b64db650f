#include "tokenizers/word_table.h"

#include <bit>
#include <cstring>

namespace attend {
namespace {

constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15;

std::uint64_t mixed(std::uint64_t hash, std::uint64_t bytes) {
  hash = (hash ^ bytes) * kMultiplier;
  return hash ^ hash >> 32;
}

std::uint64_t load(const char* bytes, std::size_t count) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, count);
  return value;
}

}  // namespace

std::uint64_t WordTable::hash_of(std::string_view word) {
  std::uint64_t hash = word.size();
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= word.size(); at += sizeof(std::uint64_t))
    hash = mixed(hash, load(word.data() + at, sizeof(std::uint64_t)));
  if (at < word.size()) hash = mixed(hash, load(word.data() + at, word.size() - at));
  return hash;
}

WordTable::WordTable(const std::vector<std::pair<std::string_view, std::int32_t>>& words) : slots_(std::bit_ceil(2 * words.size() + 2)) {
  for (const auto& [word, id] : words) {
    const std::uint64_t hash = hash_of(word);
    std::uint64_t at = hash & (slots_.size() - 1);
    while (slots_[at].id >= 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {static_cast<std::uint32_t>(hash >> 32), id, static_cast<std::uint32_t>(bytes_.size()),
                  static_cast<std::uint32_t>(word.size())};
    bytes_ += word;
  }
}

std::int32_t WordTable::find(std::string_view word, std::uint64_t hash) const {
  const auto check = static_cast<std::uint32_t>(hash >> 32);
  for (std::uint64_t at = hash & (slots_.size() - 1); slots_[at].id >= 0; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.check == check && slot.length == word.size() && std::memcmp(bytes_.data() + slot.begin, word.data(), word.size()) == 0)
      return slot.id;
  }
  return -1;
}

}  // namespace attend
