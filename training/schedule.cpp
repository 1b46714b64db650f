#include "training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace attend {

double Schedule::learning_rate(std::int64_t step) const {
  const double now = static_cast<double>(step), warmup = static_cast<double>(warmup_steps);
  if (now < warmup) return peak * now / warmup;
  // How much of the way from the end of the warm-up to the end of the run is behind: 0 to 1.
  const double left_at_peak = std::max(1.0, static_cast<double>(total_steps) - warmup);
  const double progress = std::clamp((now - warmup) / left_at_peak, 0.0, 1.0);
  switch (kind) {
    case ScheduleKind::kInverseSqrt:
      return std::max(minimum, peak * std::sqrt(std::max(1.0, warmup) / now));
    case ScheduleKind::kLinear:
      return peak + (minimum - peak) * progress;
    case ScheduleKind::kCosine:
      return minimum + (peak - minimum) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
    case ScheduleKind::kConstant:
      return peak;
  }
  return peak;
}

}  // namespace attend
