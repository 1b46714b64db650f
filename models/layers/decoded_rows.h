// Which rows are being decoded, how much each has read, and where that lies.
//
// Letters: R decoded rows (sentences x beams, prompts x samples) now, S slots (rows at the start), P places.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attend {

/// What the rows of a decoder have read before their first step. A prompt is stored once and shared by its rows.
struct CachedPrompts {
  std::vector<std::int64_t> lengths;  ///< tokens of each prompt; 0 where there is none to read
  std::int64_t rows_per_prompt = 1;
};

/// Rows read their prompts in one call, then a token each at every step. What a layer keeps of a token lies at a place: the prompts'
/// tokens first, then S slots for each step; step t of row r is written to slot (t, r), and nothing is ever moved. Each row remembers
/// its prompt and in which slot of each step its past lies, so that reordering beams and dropping finished sentences touches only that
/// table.
class DecodedRows {
 public:
  DecodedRows(const CachedPrompts& prompts, std::int64_t max_steps);

  std::int64_t rows() const { return rows_; }
  std::int64_t slots() const { return slots_; }
  std::int64_t max_steps() const { return max_steps_; }
  std::int64_t steps_done() const { return steps_done_; }
  std::int64_t prompt_tokens() const { return prompt_offsets_.back(); }
  std::int64_t num_places() const { return prompt_tokens() + max_steps_ * slots_; }
  /// Whether the next call reads the prompts.
  bool reads_prompts() const { return reads_prompts_; }

  /// How many tokens each row has read: the position of the current step's.
  std::vector<std::int64_t> positions_R() const;
  std::int64_t num_read(std::int64_t row) const { return prompt_length(row) + steps_done_; }
  /// The most that any row has read, the current step included.
  std::int64_t most_keys() const { return longest_prompt_ + steps_done_ + 1; }
  /// Where the current step's tokens lie: R places from here on.
  std::int64_t current_place() const { return prompt_tokens() + steps_done_ * slots_; }
  /// The number of each row's prompt among those that have tokens; that of the first past them for rows that start from nothing.
  std::vector<std::int64_t> read_prompt_of_rows() const;
  /// Calls each(place) for the tokens of `row`, from its `first` on, the current step's last.
  template <class Each>
  void each_place(std::int64_t row, std::int64_t first, const Each& each) const {
    const std::int64_t begin = prompt_offsets_[row_prompt_[row]], length = prompt_length(row);
    for (std::int64_t l = first; l < length; ++l) each(begin + l);
    for (std::int64_t t = first > length ? first - length : 0; t < steps_done_; ++t)
      each(prompt_tokens() + t * slots_ + history_[row * max_steps_ + t]);
    each(current_place() + row);
  }

  /// The prompts are read, or the current step is, in every layer: go to the next.
  void advance();
  /// Row r becomes what row kept_rows[r] was.
  void reorder(std::span<const std::int64_t> kept_rows);

 private:
  std::int64_t prompt_length(std::int64_t row) const { return prompt_offsets_[row_prompt_[row] + 1] - prompt_offsets_[row_prompt_[row]]; }

  std::int64_t slots_, max_steps_, rows_, steps_done_ = 0, longest_prompt_ = 0;
  bool reads_prompts_;
  std::vector<std::int64_t> prompt_offsets_, row_prompt_;
  std::vector<std::int32_t> history_, reordered_;  // [row][step]: slot, of the steps done; and room for the next table
};

}  // namespace attend
