#include <cmath>

#include <catch2/catch.hpp>

#include "training/schedule.h"

using namespace attend;

TEST_CASE("The warm-up rises in a straight line to the peak") {
  for (const ScheduleKind kind : {ScheduleKind::kInverseSqrt, ScheduleKind::kLinear, ScheduleKind::kCosine, ScheduleKind::kConstant}) {
    const Schedule schedule{.kind = kind, .peak = 0.8, .warmup_steps = 4, .total_steps = 100};
    CHECK(schedule.learning_rate(1) == Approx(0.2).epsilon(1e-12));
    CHECK(schedule.learning_rate(2) == Approx(0.4).epsilon(1e-12));
    CHECK(schedule.learning_rate(3) == Approx(0.6).epsilon(1e-12));
    CHECK(schedule.learning_rate(4) == Approx(0.8).epsilon(1e-12));
  }
}

TEST_CASE("The inverse square root is equation 3 of the paper, scaled to its peak") {
  const double width = 512, warmup = 4000;
  const Schedule schedule{.kind = ScheduleKind::kInverseSqrt, .peak = std::pow(width * warmup, -0.5), .warmup_steps = 4000};
  for (const double step : {1.0, 100.0, 3999.0, 4000.0, 4001.0, 16000.0, 100000.0}) {
    const double paper = std::pow(width, -0.5) * std::min(std::pow(step, -0.5), step * std::pow(warmup, -1.5));
    CHECK(schedule.learning_rate(static_cast<std::int64_t>(step)) == Approx(paper).epsilon(1e-12));
  }
  // The paper's base model peaks at 7e-4, and is at half its peak after four times the warm-up.
  CHECK(schedule.learning_rate(4000) == Approx(6.987712429686843e-4).epsilon(1e-12));
  CHECK(schedule.learning_rate(16000) == Approx(6.987712429686843e-4 / 2).epsilon(1e-12));
}

TEST_CASE("The inverse square root stays above its floor and works without warm-up") {
  const Schedule floored{.peak = 1, .minimum = 0.25, .warmup_steps = 1};
  CHECK(floored.learning_rate(9) == Approx(1.0 / 3));
  CHECK(floored.learning_rate(16) == Approx(0.25));
  CHECK(floored.learning_rate(1000) == 0.25);
  const Schedule cold{.peak = 1, .warmup_steps = 0};
  CHECK(cold.learning_rate(1) == 1);
  CHECK(cold.learning_rate(4) == 0.5);
}

TEST_CASE("The linear schedule ends at its minimum") {
  const Schedule schedule{.kind = ScheduleKind::kLinear, .peak = 1, .minimum = 0.2, .warmup_steps = 10, .total_steps = 110};
  CHECK(schedule.learning_rate(10) == 1);
  CHECK(schedule.learning_rate(35) == Approx(0.8));
  CHECK(schedule.learning_rate(60) == Approx(0.6));
  CHECK(schedule.learning_rate(110) == Approx(0.2));
  CHECK(schedule.learning_rate(500) == Approx(0.2));  // a last epoch with a few batches more than the first
}

TEST_CASE("The cosine schedule is half a period") {
  const Schedule schedule{.kind = ScheduleKind::kCosine, .peak = 1, .minimum = 0.1, .warmup_steps = 0, .total_steps = 120};
  CHECK(schedule.learning_rate(40) == Approx(0.1 + 0.9 * 0.75));  // cos 60 degrees is a half
  CHECK(schedule.learning_rate(60) == Approx(0.55));
  CHECK(schedule.learning_rate(80) == Approx(0.1 + 0.9 * 0.25));
  CHECK(schedule.learning_rate(120) == Approx(0.1));
}

TEST_CASE("The constant schedule stays at its peak") {
  const Schedule schedule{.kind = ScheduleKind::kConstant, .peak = 0.3, .warmup_steps = 2, .total_steps = 4};
  CHECK(schedule.learning_rate(2) == 0.3);
  CHECK(schedule.learning_rate(1'000'000) == 0.3);
}
