// Drawing the next token instead of searching for the best. Each filter is a few lines on a list of candidates.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/random.h"
#include "inference/search.h"
#include "inference/token_history.h"
#include "models/interfaces.h"

namespace attend {

/// In the order in which they apply. Each value has one that changes nothing.
struct SamplingOptions {
  RepetitionPenalties penalties = {};
  double temperature = 1.0;  ///< logits are divided by it; 0 takes the most probable token
  std::int64_t top_k = 0;    ///< only the k most probable tokens; 0 for all
  double top_p = 1.0;        ///< only the fewest most probable tokens that together reach p (Holtzman et al. 2020); 1 for all
  double min_p = 0.0;        ///< only tokens at least min_p times as probable as the most probable one; 0 for all
};

/// A token that may be drawn. `weight` is its probability up to a common factor.
struct TokenCandidate {
  std::int64_t id = 0;
  double weight = 0;
};

/// The tokens of one row that may be drawn after temperature and filters, most probable first. `refused` are left out before.
std::vector<TokenCandidate> sampling_candidates(std::span<const float> logits_V, const SamplingOptions& options,
                                                std::span<const std::int64_t> refused);

/// Draws in proportion to the weights, one number of the stream a call. Which token a number draws is a function of the set of candidates;
/// their order may change.
std::int64_t draw_token(std::span<TokenCandidate> candidates, RandomStream& stream);

/// Throws the UserError that names the flag whose value is out of range.
void check_sampling(const SamplingOptions& options);

/// What sample_sequences draws, and how.
struct SampleRequest {
  const SearchOptions& search;  ///< n_best sequences for each start; num_beams and early_stopping play no part
  const SamplingOptions& sampling;
  std::span<const SequenceStart> starts;
  std::span<RandomStream> streams;  ///< streams[s * n_best + i] draws the i-th of start s: the batch decides the rounding of sums alone
  std::function<void(std::size_t sample, std::int64_t id)> on_token =
      {};  ///< is told every token as it comes; the i-th of start s is s * n_best + i
};

/// Draws the sequences of each start that `decoder` was started with (n_best rows each), in the order drawn. Log-probabilities and
/// scores are the model's own, before penalties, temperature and filters.
std::vector<std::vector<Hypothesis>> sample_sequences(StepDecoder& decoder, const SampleRequest& request);

}  // namespace attend
