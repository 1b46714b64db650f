// The edit distance inside TER: Levenshtein's, looked for only near the diagonal.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attend {

/// One step of rewriting the hypothesis into the reference.
enum class Edit : std::uint8_t { kUnreached, kKeep, kSubstitute, kInsert, kDelete };

/// How a hypothesis lines up with its reference.
struct Alignment {
  std::int64_t distance = 0;
  /// By reference word: the hypothesis word that it lines up with, or where it is inserted, the one before it (-1: none).
  std::vector<std::int64_t> hypothesis_position;
  std::vector<bool> reference_is_wrong;   ///< by reference word: inserted or substituted
  std::vector<bool> hypothesis_is_wrong;  ///< by hypothesis word: deleted or substituted
};

/// Edit distances between one reference and orderings of one hypothesis, words as numbers.
/// Rows of the table are kept between calls: an ordering that starts like the last aligned one costs only the rows that follow.
class BeamEditDistance {
 public:
  explicit BeamEditDistance(std::span<const char32_t> reference) : reference_(reference) {}

  /// Distance and alignment, which later calls of `distance` compare with. Every hypothesis must have the same length.
  Alignment align(std::span<const char32_t> hypothesis);

  /// The distance alone. The first `num_shared` words are those of the hypothesis last aligned.
  std::int64_t distance(std::span<const char32_t> hypothesis, std::size_t num_shared);

 private:
  struct Cell {
    std::int32_t cost;
    Edit edit;
  };
  using Row = std::vector<Cell>;

  /// Row i of the table (i words of the hypothesis read) from row i - 1.
  void fill_row(std::span<const char32_t> hypothesis, std::size_t i, const Row& above, Row& row) const;
  Alignment trace(std::span<const char32_t> hypothesis) const;

  std::span<const char32_t> reference_;
  std::vector<Row> rows_;  // of the hypothesis last aligned
  Row scratch_above_, scratch_;
};

}  // namespace attend
