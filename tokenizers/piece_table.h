// The pieces of a vocabulary by their bytes, and the cutting of a word into them, longest first.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attend {

/// A hash table of strings that is asked for prefixes: their hashes come one from the other, so nothing is copied or hashed twice.
class PrefixTable {
 public:
  explicit PrefixTable(const std::vector<std::pair<std::string_view, std::int32_t>>& entries);

  struct Found {
    std::int32_t id = -1;
    std::uint32_t length = 0;  ///< 0 where no entry begins the text
  };
  /// The longest entry that `text`, which is not empty, begins with. `hashes` is scratch space.
  Found longest(std::string_view text, std::vector<std::uint64_t>& hashes) const;

 private:
  struct Slot {
    std::uint32_t check = 0;
    std::int32_t id = -1;  // -1: empty
    std::uint32_t begin = 0, length = 0;
  };
  std::int32_t find(std::string_view text, std::uint64_t hash) const;

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::string bytes_;
  std::array<std::uint32_t, 256> longest_{};  // by first byte
};

class PieceTable {
 public:
  /// `pieces` by id; empty ones are no pieces. Of two that are the same the later one counts.
  PieceTable(const std::vector<std::string>& pieces, std::string_view continuation_prefix);

  struct Match {
    std::int32_t id;
    std::uint32_t end;  ///< byte of the word
  };
  struct Scratch {
    std::vector<Match> matches;
    std::vector<std::uint64_t> hashes;
  };
  /// The word's pieces in `scratch.matches`. False where it cannot be made of pieces.
  bool split(std::string_view word, Scratch& scratch) const;

 private:
  PrefixTable first_, continuations_;
};

}  // namespace attend
