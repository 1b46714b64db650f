// What has been said already makes its tokens less likely to be said again.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>

#include "inference/search.h"

namespace attend {

/// Each penalty has a value that changes nothing. They add up in the order in which they stand.
struct RepetitionPenalties {
  /// Keskar et al. 2019 ("CTRL"), section 4.1, as transformers computes it: a positive logit of a token that stands in the prompt or was
  /// generated is divided by it, a negative one multiplied; above 1 discourages.
  double repetition = 1.0;
  double presence = 0.0;   ///< subtracted from the logit of a token that was generated (OpenAI's definition)
  double frequency = 0.0;  ///< subtracted from the logit of a token as often as it was generated (OpenAI's definition)

  bool change_nothing() const { return repetition == 1.0 && presence == 0.0 && frequency == 0.0; }
};

/// How often each token was generated after a prompt.
class TokenHistory {
 public:
  explicit TokenHistory(std::span<const std::int64_t> prompt);

  void add(std::int64_t id) { ++generated_[id]; }
  /// Takes the penalties off the logits of one row. Ids beyond the row are passed over.
  void penalise(std::span<float> logits_V, const RepetitionPenalties& penalties) const;

 private:
  std::unordered_map<std::int64_t, std::int64_t> generated_;  // how often; 0: it stands in the prompt only
};

}  // namespace attend
