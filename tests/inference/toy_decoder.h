// Decoders small enough that the right answer can be found by looking at every sequence.
#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <torch/torch.h>

#include "core/random.h"
#include "inference/search.h"
#include "models/interfaces.h"

namespace attend::test {

/// logits of the next token of sentence `sentence` after `ids` (without the start).
using NextLogits = std::function<std::vector<float>(std::int64_t sentence, const TokenIds& ids)>;

/// Calls a function for every row's logits and keeps each row's history as a KV cache would.
class ToyDecoder : public StepDecoder {
 public:
  ToyDecoder(NextLogits next_logits, std::vector<std::int64_t> sentences, std::int64_t rows_per_sentence)
      : next_logits_(std::move(next_logits)) {
    for (const auto sentence : sentences)
      for (std::int64_t i = 0; i < rows_per_sentence; ++i) rows_.push_back({sentence, {}});
    most_rows_ = static_cast<std::int64_t>(rows_.size());
  }

  torch::Tensor step(std::span<const std::int64_t> last_ids_R) override {
    TORCH_CHECK(last_ids_R.size() == rows_.size(), "one token a row");
    std::vector<torch::Tensor> logits;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      if (is_started_)
        rows_[r].ids.push_back(last_ids_R[r]);
      else
        first_ids.push_back(last_ids_R[r]);
      logits.push_back(torch::tensor(next_logits_(rows_[r].sentence, rows_[r].ids)));
    }
    is_started_ = true;
    rows_a_step.push_back(static_cast<std::int64_t>(rows_.size()));
    return torch::stack(logits);
  }

  void reorder(std::span<const std::int64_t> kept_rows_R) override {
    TORCH_CHECK(static_cast<std::int64_t>(kept_rows_R.size()) <= most_rows_, "more rows than at the start");
    std::vector<Row> kept;
    for (const std::int64_t row : kept_rows_R) kept.push_back(rows_.at(row));
    rows_ = std::move(kept);
    ++num_reorders;
  }

  std::vector<std::int64_t> first_ids;    ///< what the first step was given
  std::vector<std::int64_t> rows_a_step;  ///< how many rows each step had
  int num_reorders = 0;

 private:
  struct Row {
    std::int64_t sentence;
    TokenIds ids;
  };
  NextLogits next_logits_;
  std::vector<Row> rows_;
  std::int64_t most_rows_ = 0;
  bool is_started_ = false;
};

/// Random logits that depend on the sentence and the last two tokens. Token 0 is the end.
inline NextLogits random_logits(std::uint64_t seed, std::int64_t vocab_size, float end_bonus = 0.0f) {
  return [=](std::int64_t sentence, const TokenIds& ids) {
    const std::uint64_t last = ids.empty() ? 99 : ids.back(), before = ids.size() < 2 ? 99 : ids[ids.size() - 2];
    RandomStream stream(seed, "toy", {static_cast<std::uint64_t>(sentence), last, before});
    std::vector<float> logits(vocab_size);
    for (auto& logit : logits) logit = static_cast<float>(2.0 * stream.normal());
    logits[0] += end_bonus;
    return logits;
  };
}

/// Log-softmax in double, written out.
inline std::vector<double> log_softmax(const std::vector<float>& logits) {
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit));
  std::vector<double> result;
  for (const float logit : logits) result.push_back(logit - std::log(total));
  return result;
}

/// Logits whose softmax is `probabilities`.
inline std::vector<float> logits_of(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(p > 0 ? static_cast<float>(std::log(p)) : -std::numeric_limits<float>::infinity());
  return logits;
}

}  // namespace attend::test
