// Sentence pairs in batches of similar length, in an order that is a function of (seed, epoch) alone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/batch.h"
#include "data/batch_cuts.h"
#include "data/batch_position.h"
#include "data/parallel_text.h"
#include "data/prefetch.h"

namespace attend {

struct PairBatchOptions {
  BatchBudget budget{.tokens = 4096};  ///< pairs a batch, or source and target tokens together
  std::uint64_t seed = 1;
  int rank = 0, world = 1;        ///< this process of so many; rank r takes every world-th batch from the r-th
  std::int64_t max_length = 256;  ///< pairs with a longer side are dropped, with one warning that counts them
};

/// The endless stream of one rank's batches; a thread prepares them ahead.
///
/// An epoch is a permutation of the pairs keyed by (seed, epoch), taken in chunks of about 100 batches. A chunk is
/// sorted by length, cut by the token budget into batches of even size, and these are shuffled. Every pair comes once
/// an epoch. All ranks see the same stream and position() is the same on all, so a run may resume with another world.
class PairBatches {
 public:
  /// Starts at a position that position() gave. Throws UserError where no pair is short enough, or no batch is there.
  PairBatches(std::shared_ptr<const ParallelCorpus> corpus, const PairBatchOptions& options, BatchPosition start = {});
  ~PairBatches();

  PairBatch next();  ///< blocks until ready
  /// Of the batch that next() will return, on rank 0; other ranks' batches follow it.
  BatchPosition position() const { return position_; }
  std::int64_t epoch() const { return position_.epoch; }
  std::int64_t pairs_an_epoch() const { return pairs_an_epoch_; }  ///< those not dropped

 private:
  struct Item {
    PairBatch batch;
    BatchPosition next_round;
  };
  class Planner;

  BatchPosition position_;
  std::int64_t pairs_an_epoch_ = 0;
  std::unique_ptr<Prefetch<Item>> prefetch_;
};

/// Every pair once, sorted by length and cut by a token budget, for evaluation. Batches are made when asked for.
class SortedPairBatches {
 public:
  /// Throws UserError where no pair is short enough; dropped ones are counted in a warning.
  SortedPairBatches(std::shared_ptr<const ParallelCorpus> corpus, std::int64_t batch_tokens, std::int64_t max_length);

  std::size_t size() const { return starts_.size() - 1; }  ///< batches
  PairBatch batch(std::size_t index) const;
  /// The corpus's numbers of the pairs of a batch, in its order.
  std::span<const std::uint64_t> pairs(std::size_t index) const;

 private:
  std::shared_ptr<const ParallelCorpus> corpus_;
  std::vector<std::uint64_t> order_;
  std::vector<std::size_t> starts_;  // batch i is order_[starts_[i]] up to order_[starts_[i + 1]]
};

}  // namespace attend
