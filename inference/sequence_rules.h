// Which token may come next: the bookkeeping that beam search and sampling share.
#pragma once

#include <cstdint>
#include <span>

#include <torch/types.h>

#include "inference/search.h"

namespace attend {

/// SequenceRules, made ready to be asked at every step.
class NextTokenRules {
 public:
  explicit NextTokenRules(const SequenceRules& rules);

  bool is_eos(std::int64_t id) const;
  /// Whether `id` may follow `ids` (without the decoder's start).
  bool allows(std::span<const std::int64_t> ids, std::int64_t id) const;
  /// The token that must stand at this position (0 is the first), or nothing.
  std::optional<std::int64_t> forced_at(std::int64_t position) const;
  /// Whether a sequence has ended: by an eos, at the greatest length, or because it is complete.
  bool ends(std::span<const std::int64_t> ids) const;
  bool is_last(std::int64_t position) const { return position + 1 == rules_.max_length; }
  /// At most this many tokens are ever refused by `allows` at one position: so many more are worth looking at.
  std::int64_t max_refused() const { return max_refused_; }
  const SequenceRules& rules() const { return rules_; }

 private:
  SequenceRules rules_;
  std::int64_t max_refused_ = 0;
};

/// The log-probability of one token of each row: logits_RV[r, ids_R[r]] - log_normaliser_R[r].
std::vector<float> log_probability_of(const torch::Tensor& logits_RV, std::span<const std::int64_t> ids_R,
                                      std::span<const double> log_normaliser_R);

}  // namespace attend
