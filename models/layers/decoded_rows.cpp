#include "models/layers/decoded_rows.h"

#include <algorithm>
#include <utility>

#include <c10/util/Exception.h>

namespace attend {

DecodedRows::DecodedRows(const CachedPrompts& prompts, std::int64_t max_steps) : max_steps_(max_steps), prompt_offsets_{0} {
  for (const std::int64_t length : prompts.lengths) {
    row_prompt_.insert(row_prompt_.end(), prompts.rows_per_prompt, static_cast<std::int64_t>(prompt_offsets_.size()) - 1);
    prompt_offsets_.push_back(prompt_offsets_.back() + length);
    longest_prompt_ = std::max(longest_prompt_, length);
  }
  slots_ = rows_ = static_cast<std::int64_t>(row_prompt_.size());
  reads_prompts_ = prompt_tokens() > 0;
  history_.resize(static_cast<std::size_t>(slots_ * max_steps_));
  reordered_.resize(history_.size());
}

std::vector<std::int64_t> DecodedRows::positions_R() const {
  std::vector<std::int64_t> positions_R;
  for (std::int64_t r = 0; r < rows_; ++r) positions_R.push_back(num_read(r));
  return positions_R;
}

std::vector<std::int64_t> DecodedRows::read_prompt_of_rows() const {
  std::vector<std::int64_t> number_of_prompt;  // -1: it has no tokens
  std::int64_t num_read = 0;
  for (std::size_t p = 0; p + 1 < prompt_offsets_.size(); ++p)
    number_of_prompt.push_back(prompt_offsets_[p + 1] > prompt_offsets_[p] ? num_read++ : -1);
  std::vector<std::int64_t> numbers_R;
  for (std::int64_t r = 0; r < rows_; ++r) {
    const std::int64_t number = number_of_prompt[row_prompt_[r]];
    numbers_R.push_back(number < 0 ? num_read : number);
  }
  return numbers_R;
}

void DecodedRows::advance() {
  if (reads_prompts_) {
    reads_prompts_ = false;
    return;
  }
  TORCH_CHECK(steps_done_ < max_steps_, "there is room for ", max_steps_, " steps");
  for (std::int64_t r = 0; r < rows_; ++r) history_[r * max_steps_ + steps_done_] = static_cast<std::int32_t>(r);
  ++steps_done_;
}

void DecodedRows::reorder(std::span<const std::int64_t> kept_rows) {
  TORCH_CHECK(static_cast<std::int64_t>(kept_rows.size()) <= slots_, "more rows kept than there are slots");
  for (std::size_t r = 0; r < kept_rows.size(); ++r) {
    TORCH_CHECK(kept_rows[r] >= 0 && kept_rows[r] < rows_, "row ", kept_rows[r], " is not there");
    std::copy_n(history_.begin() + kept_rows[r] * max_steps_, steps_done_, reordered_.begin() + static_cast<std::int64_t>(r) * max_steps_);
  }
  std::swap(history_, reordered_);
  std::vector<std::int64_t> prompts;
  for (const std::int64_t row : kept_rows) prompts.push_back(row_prompt_[row]);
  row_prompt_ = std::move(prompts);
  rows_ = static_cast<std::int64_t>(kept_rows.size());
}

}  // namespace attend
