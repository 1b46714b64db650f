// Sequences of running text in batches without padding, made on the fly: which they are is a function of (seed, epoch) and their position.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "data/batch_cuts.h"
#include "data/batch_position.h"
#include "data/token_file.h"
#include "data/window_plan.h"

namespace attend {

/// Sequences end to end, and what is to be predicted after each of their tokens.
struct WindowBatch {
  static constexpr std::int64_t kNoTarget = -100;  ///< nothing is

  std::vector<std::int64_t> ids, targets;  ///< one a token
  std::vector<std::int64_t> lengths;       ///< of the sequences

  std::int64_t size() const { return static_cast<std::int64_t>(lengths.size()); }  ///< sequences
  bool operator==(const WindowBatch&) const = default;
};

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

struct TextStreamOptions {
  WindowOptions windows;
  std::optional<FillInTheMiddle> fill = {};
  BatchBudget budget = {};
  std::uint64_t seed = 1;
  int rank = 0, world = 1;  ///< this process of so many; rank r takes every world-th batch from the r-th
};

class TextEpoch;
template <class Epoch>
class EpochStream;

/// The endless stream of one rank's batches; a thread prepares them ahead. An epoch is all windows of its WindowPlan in a permutation
/// keyed by (seed, epoch): every token is predicted once, but for the first of the text (of each document, where they are separate).
class TextWindows {
 public:
  /// Starts at a position that position() gave. Throws UserError where WindowPlan does, for a batch of none, a probability outside [0, 1],
  /// filling in without separate documents or in a block of less than 4 tokens, and a packed text that is shorter than one window.
  TextWindows(std::shared_ptr<const TokenFile> text, const TextStreamOptions& options, BatchPosition start = {});
  ~TextWindows();

  WindowBatch next();  ///< blocks until ready
  /// Of the batch that next() will return, on rank 0; other ranks' batches follow it.
  BatchPosition position() const;
  std::int64_t epoch() const { return position().epoch; }
  /// Of the epoch that position() is in, by all processes together.
  std::int64_t windows_an_epoch() const;
  std::int64_t batches_an_epoch() const;

 private:
  std::unique_ptr<EpochStream<TextEpoch>> stream_;
};

/// All windows of a text, cut from its beginning, in an order that is the same for every evaluation: figures of different steps and runs
/// compare, and the first batches are a sample.
class EvaluationWindows {
 public:
  /// Throws UserError where WindowPlan does, and for a batch of none.
  EvaluationWindows(std::shared_ptr<const TokenFile> text, const WindowOptions& windows, const BatchBudget& budget);
  ~EvaluationWindows();
  EvaluationWindows(EvaluationWindows&&) noexcept;

  std::size_t size() const;  ///< batches
  WindowBatch batch(std::size_t index) const;

 private:
  std::unique_ptr<const TextEpoch> epoch_;
};

}  // namespace attend
