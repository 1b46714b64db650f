// Where a run stands in its data, and which part of it a process takes.
#pragma once

#include <cstdint>

namespace attend {

/// What the order and the randomness of an epoch are functions of.
struct EpochKey {
  std::uint64_t seed = 1, epoch = 0;
};

struct ProcessRank {
  int rank = 0, world = 1;  ///< this process of so many; rank r takes every world-th batch from the r-th
};

/// Where a run stands in the data; resuming needs only this.
struct BatchPosition {
  std::int64_t epoch = 0;
  std::int64_t batch = 0;  ///< within the epoch, over all ranks

  static void fields(auto& self, auto&& visit) {
    visit("epoch", self.epoch, "passes over the data completed");
    visit("batch", self.batch, "batches of this epoch taken, by all processes together");
  }
  bool operator==(const BatchPosition&) const = default;
};

/// Throws UserError where no run can stand there.
void check_position(const BatchPosition& position);
/// The same, of a position past the epoch's last batch.
[[noreturn]] void report_past_epoch(std::int64_t batch, std::int64_t num_batches);
/// Throws std::invalid_argument for a rank outside [0, world).
void check_rank(int rank, int world);

}  // namespace attend
