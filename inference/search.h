// What every way of decoding takes and gives.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/fields.h"
#include "inference/length_norm.h"

namespace attend {

/// When a sentence whose beam is full of finished hypotheses may stop; the values of transformers' `early_stopping`.
enum class EarlyStopping {
  kFalse,  ///< once the best open hypothesis, normalised at its present length, is no better than the worst finished one
  kTrue,   ///< at once
  kNever,  ///< once no open hypothesis could win at any length up to the maximum
};

template <>
struct EnumNames<EarlyStopping> {
  static constexpr std::array values{std::pair{EarlyStopping::kFalse, "false"}, std::pair{EarlyStopping::kTrue, "true"},
                                     std::pair{EarlyStopping::kNever, "never"}};
};

using TokenIds = std::vector<std::int64_t>;

/// Where a sequence begins.
struct SequenceStart {
  TokenIds prompt;  ///< what stands before it, of which the decoder has read all but the last token; seq2seq: the decoder's start token
  TokenIds prefix = {};  ///< its first tokens, taken as they are: they count neither as probability nor as length
};

/// Which sequences may be generated, whatever the way of searching. Lengths count the generated tokens, the end included
/// and what stands before them not.
struct SequenceRules {
  TokenIds eos_ids;                           ///< any of these ends a sequence
  std::optional<std::int64_t> forced_eos_id;  ///< the token at position max_length; its log-probability counts as 0
  std::int64_t max_length = 256;              ///< a sequence of this length ends, with or without eos
  std::int64_t min_length = 0;                ///< eos is not generated before this position
  std::vector<TokenIds> bad_words;            ///< token sequences that are never generated
  /// Whether a sequence ends with its last token although that is no eos (a stop string). Nothing: never.
  std::function<bool(std::span<const std::int64_t> ids)> is_complete = {};
};

struct SearchOptions {
  SequenceRules rules;
  std::int64_t num_beams = 1;  ///< 1 is greedy search
  LengthNorm length_norm = LengthNorm::kPower;
  double length_penalty = 1.0;
  EarlyStopping early_stopping = EarlyStopping::kFalse;
  std::int64_t n_best = 1;  ///< at most num_beams; the number of samples where sampling
};

/// One generated sequence.
struct Hypothesis {
  TokenIds ids;                                     ///< the end included where one was generated, the start not
  double log_probability = 0;                       ///< natural logarithm, summed over ids; a prefix counts as 0
  double score = 0;                                 ///< log_probability / length_divisor(...): what hypotheses are ranked by
  std::vector<float> token_log_probabilities = {};  ///< one an id; log_probability is their sum
};

/// Throws UserError where what a model gave is NaN or infinite.
inline void require_finite(double output) {
  if (!std::isfinite(output))
    throw UserError("the model's output is not a number: its weights are damaged, or its training diverged",
                    "use another checkpoint of the run");
}

}  // namespace attend
