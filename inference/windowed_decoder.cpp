#include "inference/windowed_decoder.h"

#include <algorithm>

#include "core/error.h"

namespace attend {
namespace {

// The newest tokens from which the next one can be predicted.
TokenIds fitting_window(const TokenIds& ids, std::int64_t positions) {
  if (static_cast<std::int64_t>(ids.size()) <= positions) return ids;
  return {ids.end() - window_of_long_text(positions), ids.end()};
}

}  // namespace

WindowedDecoder::WindowedDecoder(CausalLanguageModel& model, const DecodingPlan& plan)
    : model_(model), num_ids_(plan.num_ids), steps_to_come_(plan.max_steps) {
  if (model.max_positions() < 2) throw UserError("a model with one position continues nothing", "use one with more");
  TORCH_CHECK(plan.num_ids >= 1 && plan.num_ids <= model.vocab_size(), "the tokenizer's ids must be the model's");
  start(plan.prompts, plan.rows_per_prompt);
}

void WindowedDecoder::start(std::span<const TokenIds> prompts, std::int64_t rows_per_prompt) {
  std::vector<TokenIds> windows;
  std::int64_t longest = 0;
  for (const TokenIds& prompt : prompts) {
    windows.push_back(fitting_window(prompt, model_.max_positions()));
    longest = std::max(longest, static_cast<std::int64_t>(windows.back().size()));
  }
  steps_left_ = std::min(steps_to_come_, model_.max_positions() - longest + 1);  // the first step is given the last token of a prompt
  decoder_ = model_.start_decoding(pack_ids(windows), rows_per_prompt, steps_left_);
  window_R_.clear();
  for (TokenIds& window : windows) {
    window.pop_back();
    window_R_.insert(window_R_.end(), rows_per_prompt, window);
  }
}

torch::Tensor WindowedDecoder::step(std::span<const std::int64_t> last_ids_R) {
  TORCH_CHECK(last_ids_R.size() == window_R_.size(), "one token a row");
  for (std::size_t r = 0; r < window_R_.size(); ++r) window_R_[r].push_back(last_ids_R[r]);
  if (steps_left_ == 0) {
    const auto windows = window_R_;
    start(windows, /*rows_per_prompt=*/1);
    for (std::size_t r = 0; r < window_R_.size(); ++r) window_R_[r].push_back(windows[r].back());
  }
  --steps_left_;
  --steps_to_come_;
  return decoder_->step(last_ids_R).narrow(1, 0, num_ids_);
}

void WindowedDecoder::reorder(std::span<const std::int64_t> kept_rows_R) {
  decoder_->reorder(kept_rows_R);
  std::vector<TokenIds> windows;
  for (const std::int64_t row : kept_rows_R) windows.push_back(window_R_.at(row));
  window_R_ = std::move(windows);
}

PackedIds pack_ids(std::span<const TokenIds> texts) {
  PackedIds packed;
  for (const TokenIds& ids : texts) {
    packed.ids.insert(packed.ids.end(), ids.begin(), ids.end());
    packed.lengths.push_back(static_cast<std::int64_t>(ids.size()));
  }
  return packed;
}

}  // namespace attend
