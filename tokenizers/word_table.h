// Words by their bytes: a hash table for a tokenizer's fast path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attend {

class WordTable {
 public:
  explicit WordTable(const std::vector<std::pair<std::string_view, std::int32_t>>& words);

  /// The word's number, -1 where it is not there. `hash` is hash_of(word).
  std::int32_t find(std::string_view word, std::uint64_t hash) const;

  static std::uint64_t hash_of(std::string_view word);

 private:
  struct Slot {
    std::uint32_t check = 0;
    std::int32_t id = -1;  // -1: empty
    std::uint32_t begin = 0, length = 0;
  };
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::string bytes_;
};

}  // namespace attend
