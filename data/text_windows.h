// Sequences of running text in batches without padding, made on the fly: which they are is a function of (seed, epoch) and their position.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "data/batch_cuts.h"
#include "data/causal_epoch.h"
#include "data/token_file.h"
#include "data/window_plan.h"

namespace attend {

/// The tokens that fill-in-the-middle is spelled with.
struct FillTokens {
  std::int64_t prefix = 0, suffix = 0, middle = 0, end_of_text = 0;
};

/// Bavarian et al. 2022, section 3: with this probability a sequence is cut at two random places, between tokens, and becomes
/// <prefix> prefix <suffix> suffix <middle> middle <end of text> (their PSM order), so that the model learns to write what stands between.
/// Whether and where is a function of (seed, epoch, sequence). Sequences are windows of one document, cut so that the transformed one
/// fits the block too.
struct FillInTheMiddle {
  double probability = 0;
  FillTokens tokens = {};
};

struct TextEpochOptions {
  WindowOptions windows;
  std::optional<FillInTheMiddle> fill = {};
  BatchBudget budget = {};
  std::uint64_t seed = 1;
};

/// Makes the epochs of a text: all windows of its WindowPlan in a permutation keyed by (seed, epoch). Every token is predicted once, but
/// for the first of the text (of each document, where they are separate). Throws UserError where WindowPlan does, for a batch of none, a
/// probability outside [0, 1], filling in without separate documents or in a block of less than 4 tokens, and a packed text that does
/// not fill one window.
MakeCausalEpoch text_epochs(std::shared_ptr<const TokenFile> text, const TextEpochOptions& options);

/// All windows of a text, cut from its beginning, in an order that is the same for every evaluation: figures of different steps and runs
/// compare, and the first batches are a sample. Throws UserError where WindowPlan does, and for a batch of none.
std::unique_ptr<const CausalEpoch> evaluation_windows(std::shared_ptr<const TokenFile> text, const WindowOptions& windows,
                                                      const BatchBudget& budget);

}  // namespace attend
