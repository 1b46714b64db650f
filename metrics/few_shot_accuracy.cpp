#include "metrics/few_shot_accuracy.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace attend {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;  // of 97.5 %

}  // namespace

Interval wilson_interval(double proportion, double examples) {
  if (examples <= 0) return {};
  const double square = kNormalQuantile * kNormalQuantile;
  const double centre = (proportion + square / (2 * examples)) / (1 + square / examples);
  const double spread =
      kNormalQuantile / (1 + square / examples) * std::sqrt(proportion * (1 - proportion) / examples + square / (4 * examples * examples));
  // Exactly the proportion where that is 0 or 1, which rounding may miss.
  return {.low = proportion <= 0 ? 0 : std::max(0.0, centre - spread), .high = proportion >= 1 ? 1 : std::min(1.0, centre + spread)};
}

void ClusteredAccuracy::add(std::uint64_t cluster, bool is_right) {
  Count& count = clusters_[cluster];
  ++count.answers;
  count.right += is_right ? 1 : 0;
}

double ClusteredAccuracy::effective_examples(double accuracy, double examples) const {
  const auto num_clusters = static_cast<double>(clusters_.size());
  if (accuracy <= 0 || accuracy >= 1 || num_clusters < 2) return num_clusters;
  double squares = 0;
  for (const auto& [cluster, count] : clusters_) {
    const double residual = static_cast<double>(count.right) - accuracy * static_cast<double>(count.answers);
    squares += residual * residual;
  }
  const double between = num_clusters / (num_clusters - 1) * squares / (examples * examples);
  const double independent = accuracy * (1 - accuracy) / (examples - 1);
  return examples / std::max(1.0, between / independent);
}

AccuracyEstimate ClusteredAccuracy::estimate() const {
  AccuracyEstimate estimate;
  std::int64_t right = 0;
  for (const auto& [cluster, count] : clusters_) {
    right += count.right;
    estimate.examples += count.answers;
  }
  if (estimate.examples == 0) return estimate;
  const auto examples = static_cast<double>(estimate.examples);
  estimate.accuracy = static_cast<double>(right) / examples;
  estimate.effective_examples = effective_examples(estimate.accuracy, examples);
  estimate.interval = wilson_interval(estimate.accuracy, estimate.effective_examples);
  return estimate;
}

bool is_exact_match(std::string_view answer, std::string_view expected) { return trimmed(answer) == trimmed(expected); }

}  // namespace attend
