#include "data/window_plan.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/random.h"

namespace attend {
namespace {

std::uint64_t divided_up(std::uint64_t number, std::uint64_t by) { return number / by + (number % by > 0 ? 1 : 0); }

}  // namespace

WindowPlan::WindowPlan(std::shared_ptr<const TokenFile> text, const WindowOptions& options, const std::optional<EpochKey>& key)
    : text_(std::move(text)), options_(options), key_(key) {
  if (options.block < 1 || options.block > INT32_MAX)
    throw UserError("sequences of " + std::to_string(options.block) + " tokens were asked for; expected at least 1");
  if (options.stride < 0 || options.stride > options.block)
    throw UserError("a stride of " + std::to_string(options.stride) + " was asked for; expected 1 to " + std::to_string(options.block) +
                    ", the tokens that a window reads");
  block_ = static_cast<std::uint64_t>(options.block);
  step_ = options.stride > 0 ? static_cast<std::uint64_t>(options.stride) : block_;
  for (std::uint64_t i = 0; i < num_stretches(); ++i) {
    if (i % kStride == 0) windows_before_.push_back(size_);
    size_ += stretch(i).num_windows;
  }
  if (size_ == 0)
    throw UserError("the text has " + std::to_string(text_->num_tokens()) + " tokens; expected two or more, to predict one from another");
}

WindowPlan::Stretch WindowPlan::stretch(std::uint64_t index) const {
  Stretch found{.tokens = options_.documents == Documents::kPacked ? TokenSpan{0, text_->num_tokens()} : text_->span(index)};
  if (found.tokens.size() < 2) return found;
  const std::uint64_t predictions = found.tokens.size() - 1;
  found.first = first_window(index, predictions);
  found.num_windows = predictions <= found.first ? 1 : 1 + divided_up(predictions - found.first, step_);
  return found;
}

std::uint64_t WindowPlan::first_window(std::uint64_t index, std::uint64_t predictions) const {
  if (!key_) return block_;
  if (options_.documents == Documents::kPacked) {
    const std::uint64_t phase = RandomStream(key_->seed, "window phase", {key_->epoch}).below(block_);
    return phase == 0 ? block_ : phase;
  }
  if (predictions <= block_) return block_;
  const std::uint64_t slack = divided_up(predictions, block_) * block_ - predictions;
  return block_ - RandomStream(key_->seed, "window phase", {key_->epoch, index}).below(slack + 1);
}

// Window i scores from where the one before it ended, and reads as far back of that as the block lets it.
Window WindowPlan::window(const Stretch& stretch, std::uint64_t index) const {
  const std::uint64_t predictions = stretch.tokens.size() - 1, end = stretch.first + index * step_;
  const std::uint64_t begin = end > block_ ? end - block_ : 0, scored = index == 0 ? 0 : end - step_;
  return {.inputs = {stretch.tokens.begin + begin, stretch.tokens.begin + std::min(end, predictions)}, .first_scored = scored - begin};
}

Window WindowPlan::at(std::uint64_t index) const {
  if (index >= size_) throw std::out_of_range("window " + std::to_string(index) + " of " + std::to_string(size_));
  const auto group = std::upper_bound(windows_before_.begin(), windows_before_.end(), index) - windows_before_.begin() - 1;
  std::uint64_t left = index - windows_before_[static_cast<std::size_t>(group)];
  for (std::uint64_t i = static_cast<std::uint64_t>(group) * kStride;; ++i) {
    const Stretch here = stretch(i);
    if (left < here.num_windows) return window(here, left);
    left -= here.num_windows;
  }
}

std::vector<std::uint32_t> WindowPlan::lengths() const {
  std::vector<std::uint32_t> lengths;
  lengths.reserve(size_);
  for (std::uint64_t i = 0; i < num_stretches(); ++i) {
    const Stretch here = stretch(i);
    for (std::uint64_t j = 0; j < here.num_windows; ++j) lengths.push_back(static_cast<std::uint32_t>(window(here, j).inputs.size()));
  }
  return lengths;
}

}  // namespace attend
