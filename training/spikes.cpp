#include "training/spikes.h"

#include <algorithm>
#include <cmath>

namespace attend {
namespace {

constexpr std::int64_t kFirstLosses = 20, kHighInARow = 3;
constexpr double kShare = 0.02;           // of a new loss in the running mean
constexpr double kLeastDeviation = 0.01;  // of the mean: losses that hardly vary do not make every one a jump

}  // namespace

bool is_spike(LossTrend& trend, double loss, double deviations) {
  const double deviation = std::max(std::sqrt(trend.variance), kLeastDeviation * std::abs(trend.mean));
  const bool is_high = trend.seen >= kFirstLosses && !(loss <= trend.mean + deviations * deviation);  // NaN is
  if (is_high) return ++trend.high_in_a_row >= kHighInARow;
  trend.high_in_a_row = 0;
  ++trend.seen;
  // The plain mean of the first few, then the running one.
  const double share = std::max(kShare, 1.0 / static_cast<double>(trend.seen)), difference = loss - trend.mean;
  trend.mean += share * difference;
  trend.variance = (1 - share) * (trend.variance + share * difference * difference);
  return false;
}

}  // namespace attend
