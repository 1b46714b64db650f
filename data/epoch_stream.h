// Batches of epoch after epoch, shared out among processes and made ahead by a thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "data/batch_position.h"
#include "data/prefetch.h"

namespace attend {

/// The endless stream of one rank's batches. An Epoch is what (seed, epoch) decide:
///
///   std::uint64_t num_batches() const;    // at least one
///   std::uint64_t num_examples() const;
///   Batch batch(std::uint64_t index) const;
///
/// All ranks see the same stream and position() is the same on all, so a run may resume with another world. An epoch is made by the
/// thread, when the one before it ends.
template <class Epoch>
class EpochStream {
 public:
  using Batch = decltype(std::declval<const Epoch&>().batch(0));
  using MakeEpoch = std::function<std::unique_ptr<const Epoch>(std::uint64_t epoch)>;

  /// A batch's place in the stream, and what there is in its epoch.
  struct Round {
    BatchPosition position;  ///< on rank 0; other ranks' batches follow it
    std::int64_t num_examples = 0, num_batches = 0;
  };

  /// Starts at a position that here() gave. Throws UserError for one that no run can have; std::invalid_argument for a rank outside of
  /// its world; and what `make` throws.
  EpochStream(MakeEpoch make, ProcessRank process, BatchPosition start) {
    check_position(start);
    check_rank(process.rank, process.world);
    auto walker = std::make_shared<Walker>(std::move(make), process, start);
    here_ = walker->here();
    prefetch_ = std::make_unique<Prefetch<Item>>(kBatchesAhead, [walker] { return walker->make(); });
  }

  Batch next() {  ///< blocks until ready
    Item item = prefetch_->next();
    here_ = item.next_round;
    return std::move(item.batch);
  }
  /// Of the batch that next() will return.
  const Round& here() const { return here_; }
  const BatchPosition& position() const { return here_.position; }

 private:
  static constexpr std::size_t kBatchesAhead = 16;

  struct Item {
    Batch batch;
    Round next_round;
  };

  class Walker {
   public:
    Walker(MakeEpoch make, ProcessRank process, BatchPosition start) : make_epoch_(std::move(make)), process_(process), place_(start) {
      plan_epoch();
      if (start.batch >= num_batches()) report_past_epoch(start.batch, num_batches());
      here_ = round();
      for (int i = 0; i < process_.rank; ++i) step();
    }

    /// Of the batch that rank 0 begins with.
    const Round& here() const { return here_; }

    Item make() {
      Item item;
      item.batch = epoch_->batch(static_cast<std::uint64_t>(place_.batch));
      // The next round begins world - rank batches on, this rank's batch of it rank further.
      for (int i = process_.rank; i < process_.world; ++i) step();
      item.next_round = round();
      for (int i = 0; i < process_.rank; ++i) step();
      return item;
    }

   private:
    std::int64_t num_batches() const { return static_cast<std::int64_t>(epoch_->num_batches()); }
    Round round() const { return {place_, static_cast<std::int64_t>(epoch_->num_examples()), num_batches()}; }

    void step() {
      if (++place_.batch < num_batches()) return;
      place_ = {place_.epoch + 1, 0};
      plan_epoch();
    }

    void plan_epoch() {
      epoch_.reset();  // before the next one is made: there is room for one
      epoch_ = make_epoch_(static_cast<std::uint64_t>(place_.epoch));
    }

    MakeEpoch make_epoch_;
    ProcessRank process_;
    BatchPosition place_;
    std::unique_ptr<const Epoch> epoch_;
    Round here_;
  };

  Round here_;
  std::unique_ptr<Prefetch<Item>> prefetch_;
};

}  // namespace attend
