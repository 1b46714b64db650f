#include "inference/token_history.h"

namespace attend {

TokenHistory::TokenHistory(std::span<const std::int64_t> prompt) {
  for (const std::int64_t id : prompt) generated_.emplace(id, 0);
}

void TokenHistory::penalise(std::span<float> logits_V, const RepetitionPenalties& penalties) const {
  for (const auto& [id, count] : generated_) {
    if (id < 0 || id >= static_cast<std::int64_t>(logits_V.size())) continue;
    double logit = logits_V[id];
    logit = logit < 0 ? logit * penalties.repetition : logit / penalties.repetition;
    if (count > 0) logit -= penalties.presence + penalties.frequency * static_cast<double>(count);
    logits_V[id] = static_cast<float>(logit);
  }
}

}  // namespace attend
