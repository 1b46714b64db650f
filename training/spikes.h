// A loss that jumps and stays up: where a run diverges (Chowdhery et al. 2022, "PaLM", section 5.1, restart such a run from a checkpoint
// before the jump, with other data).
#pragma once

#include <cstdint>

namespace attend {

/// What a run remembers of its losses; part of a checkpoint.
struct LossTrend {
  double mean = 0, variance = 0;  ///< running, of the losses that were not high
  std::int64_t seen = 0;          ///< losses in them
  std::int64_t high_in_a_row = 0;

  static void fields(auto& self, auto&& visit) {
    visit("mean", self.mean, "");
    visit("variance", self.variance, "");
    visit("seen", self.seen, "");
    visit("high_in_a_row", self.high_in_a_row, "");
  }
};

/// Takes a step's loss in. True where it is the third in a row that lies more than `deviations` standard deviations above the running mean
/// of the last hundred or so; one alone is a batch that is hard. Never in the first 20 steps.
bool is_spike(LossTrend& trend, double loss, double deviations);

}  // namespace attend
