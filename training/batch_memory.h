// How many tokens a batch may have, by the memory there is.
#pragma once

#include <cstdint>

#include "training/objective.h"
#include "training/ranks.h"
#include "training/training_options.h"

namespace attend {

/// The memory that one batch's forward and backward pass needed at its worst, weights and everything else of the process included.
struct BatchMemory {
  std::int64_t tokens = 0;  ///< real tokens of the batch
  std::int64_t bytes = 0;
};

/// The most tokens of a batch, a multiple of 256 and at most `most_tokens`, whose memory stays within `allowed_bytes`: on the straight line
/// through two measurements, the second of more tokens than the first. Throws UserError where that is not even the first.
std::int64_t tokens_within(const BatchMemory& first, const BatchMemory& second, std::int64_t allowed_bytes, std::int64_t most_tokens);

/// What --batch-tokens auto is for this run: two batches are computed, and four fifths of the memory that is free shared out among
/// `processes_here`. Weights and the stream of batches are afterwards as before, and the batches have that many tokens. Says what it found.
/// The first process's word, on all. Throws UserError where memory cannot be measured, or allows too little.
std::int64_t find_batch_tokens(Objective& objective, const TrainingOptions& options, Ranks& ranks, int processes_here);

}  // namespace attend
