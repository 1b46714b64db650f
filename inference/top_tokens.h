// The most probable next tokens of each row in one sweep over the logits, without writing the log-softmax out.
// R rows, V vocabulary, K tokens wanted of each row.
#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace attend {

/// The K best tokens of each row, best first; equal ones by id. A row with fewer than K tokens above minus infinity ends
/// in entries with id -1.
struct TopTokens {
  std::int64_t num_kept = 0;  ///< K, at most V
  std::vector<std::int64_t> ids_RK;
  std::vector<float> log_probability_RK;  ///< logit minus the row's log_normaliser
  std::vector<double> log_normaliser_R;   ///< log of the sum of exp(logit) over the vocabulary
};

/// Top tokens of logits_RV (float32; the CPU or another device). Throws UserError where a row's logits are not finite
/// enough to normalise (NaN, plus infinity, or nothing above minus infinity): the model's weights are damaged.
TopTokens top_tokens(const torch::Tensor& logits_RV, std::int64_t num_wanted);

}  // namespace attend
