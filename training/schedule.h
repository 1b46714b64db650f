// The learning rate as a function of the step alone.
#pragma once

#include <cstdint>

#include "training/training_options.h"

namespace attend {

/// Rises in a straight line from 0 to `peak` over `warmup_steps`, then
///   inverse-sqrt  peak * sqrt(warmup_steps / step), not below `minimum`. With peak = (width * warmup_steps)^-0.5 this is
///                 the schedule of Vaswani et al. 2017, equation 3
///   linear        in a straight line to `minimum` at `total_steps`
///   cosine        along half a cosine to `minimum` at `total_steps`
///   constant      peak
struct Schedule {
  ScheduleKind kind = ScheduleKind::kInverseSqrt;
  double peak = 1e-3;
  double minimum = 0;
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 0;  ///< linear and cosine only

  /// Of the step'th optimizer step, counted from 1.
  double learning_rate(std::int64_t step) const;
};

}  // namespace attend
