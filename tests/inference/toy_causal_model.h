// A "language model" that is a function of the tokens before: what generation does around a model can be seen by itself.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "models/causal_model.h"
#include "tests/inference/toy_decoder.h"

namespace attend::test {

/// logits of the token after `ids`, as far as the window reaches.
using ContextLogits = std::function<std::vector<float>(const TokenIds& ids)>;

class ToyCausalModel : public CausalLanguageModel {
 public:
  ToyCausalModel(ContextLogits next, std::int64_t vocab_size, std::int64_t positions)
      : next_(std::move(next)), vocab_size_(vocab_size), positions_(positions) {}

  torch::Tensor logits(const PackedIds&) override { return {}; }
  SummedLoss loss(const CausalBatch&) override { return {}; }

  std::vector<float> target_log_probabilities(const CausalBatch& batch) override {
    std::vector<float> found;
    std::size_t begin = 0;
    for (const std::int64_t length : batch.tokens.lengths) {
      TORCH_CHECK(length >= 1 && length <= positions_ && !is_training(), "within the positions, in evaluation mode");
      for (std::size_t at = begin; at < begin + length; ++at)
        if (batch.targets[at] != CausalBatch::kNoTarget)
          found.push_back(static_cast<float>(
              log_softmax(next_({batch.tokens.ids.begin() + begin, batch.tokens.ids.begin() + at + 1}))[batch.targets[at]]));
      begin += length;
    }
    windows_a_batch.push_back(static_cast<std::int64_t>(batch.tokens.lengths.size()));
    return found;
  }

  std::unique_ptr<StepDecoder> start_decoding(const PackedIds& prompts, std::int64_t rows_per_prompt, std::int64_t max_steps) override;

  std::int64_t vocab_size() const override { return vocab_size_; }
  std::int64_t max_positions() const override { return positions_; }
  std::int64_t num_segments() const override { return 1; }
  torch::Device device() const override { return torch::kCPU; }
  void freeze(std::int64_t) override {}
  Json hf_config() const override { return {{"vocab_size", vocab_size_}}; }
  void save(const std::filesystem::path&) const override {}

  std::vector<std::vector<std::int64_t>> lengths_a_start;  ///< of the prompts of each start_decoding
  std::vector<std::int64_t> windows_a_batch;               ///< of each target_log_probabilities

 private:
  friend class ToyCausalDecoder;
  ContextLogits next_;
  std::int64_t vocab_size_, positions_;
};

/// Reads what it is given as the interface says, and refuses what that does not allow.
class ToyCausalDecoder : public StepDecoder {
 public:
  ToyCausalDecoder(const ToyCausalModel& model, std::vector<TokenIds> rows, std::int64_t max_steps)
      : model_(model), row_text_(std::move(rows)), expected_last_(), most_rows_(row_text_.size()), steps_left_(max_steps) {
    for (TokenIds& text : row_text_) {
      expected_last_.push_back(text.back());
      text.pop_back();
    }
  }

  torch::Tensor step(std::span<const std::int64_t> last_ids_R) override {
    TORCH_CHECK(steps_left_-- > 0 && last_ids_R.size() == row_text_.size(), "a step that is left, one token a row");
    std::vector<torch::Tensor> logits;
    for (std::size_t r = 0; r < row_text_.size(); ++r) {
      const auto id = last_ids_R[r];
      TORCH_CHECK(expected_last_.empty() || expected_last_[r] == id, "the first step is given the prompt's last token");
      row_text_[r].push_back(id);
      TORCH_CHECK(static_cast<std::int64_t>(row_text_[r].size()) <= model_.positions_, "within the positions");
      logits.push_back(torch::tensor(model_.next_(row_text_[r])));
    }
    expected_last_.clear();
    return torch::stack(logits);
  }

  void reorder(std::span<const std::int64_t> kept_rows_R) override {
    TORCH_CHECK(kept_rows_R.size() <= most_rows_, "more rows than at the start");
    std::vector<TokenIds> kept;
    TokenIds expected;
    for (const std::int64_t row : kept_rows_R) {
      kept.push_back(row_text_.at(row));
      if (!expected_last_.empty()) expected.push_back(expected_last_.at(row));
    }
    row_text_ = std::move(kept);
    expected_last_ = std::move(expected);
  }

 private:
  const ToyCausalModel& model_;
  std::vector<TokenIds> row_text_;
  TokenIds expected_last_;  // before the first step
  std::size_t most_rows_;
  std::int64_t steps_left_;
};

inline std::unique_ptr<StepDecoder> ToyCausalModel::start_decoding(const PackedIds& prompts, std::int64_t rows_per_prompt,
                                                                   std::int64_t max_steps) {
  std::vector<TokenIds> rows;
  std::size_t begin = 0;
  lengths_a_start.push_back(prompts.lengths);
  for (const std::int64_t length : prompts.lengths) {
    TORCH_CHECK(length >= 1 && max_steps >= 1 && length - 1 + max_steps <= positions_, "a prompt and its steps fit the positions");
    rows.insert(rows.end(), rows_per_prompt, {prompts.ids.begin() + begin, prompts.ids.begin() + begin + length});
    begin += length;
  }
  return std::make_unique<ToyCausalDecoder>(*this, std::move(rows), max_steps);
}

/// Random logits that depend on the last two tokens, which any window reaches.
inline ContextLogits random_context_logits(std::uint64_t seed, std::int64_t vocab_size, float spread = 2.0f) {
  return [=](const TokenIds& ids) {
    const std::uint64_t last = ids.back(), before = ids.size() < 2 ? 9999 : ids[ids.size() - 2];
    RandomStream stream(seed, "toy causal", {last, before});
    std::vector<float> logits(vocab_size);
    for (auto& logit : logits) logit = spread * static_cast<float>(stream.normal());
    return logits;
  };
}

}  // namespace attend::test
