#include "metrics/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace attend {

std::vector<double> normalized_probabilities(std::span<const double> log_probabilities) {
  if (log_probabilities.empty()) throw std::invalid_argument("normalized_probabilities: no values");
  const double largest = *std::max_element(log_probabilities.begin(), log_probabilities.end());
  if (!std::isfinite(largest)) throw std::invalid_argument("normalized_probabilities: no finite value");
  std::vector<double> probabilities;
  double sum = 0;
  for (const double value : log_probabilities) sum += probabilities.emplace_back(std::exp(value - largest));
  for (double& probability : probabilities) probability /= sum;
  return probabilities;
}

std::vector<double> calibrated_probabilities(std::span<const double> log_probabilities,
                                             std::span<const std::vector<double>> content_free) {
  const std::size_t num_choices = log_probabilities.size();
  if (content_free.empty()) throw std::invalid_argument("calibrated_probabilities: no content-free input");
  std::vector<double> favoured(num_choices);  // p_cf
  for (const std::vector<double>& values : content_free) {
    if (values.size() != num_choices) throw std::invalid_argument("calibrated_probabilities: another number of choices");
    const std::vector<double> probabilities = normalized_probabilities(values);
    for (std::size_t i = 0; i < num_choices; ++i) favoured[i] += probabilities[i] / static_cast<double>(content_free.size());
  }
  // As logarithms: a choice may be so improbable that its share is 0 as a number.
  std::vector<double> calibrated(num_choices);
  for (std::size_t i = 0; i < num_choices; ++i)
    calibrated[i] = log_probabilities[i] - std::log(std::max(favoured[i], std::numeric_limits<double>::min()));
  return normalized_probabilities(calibrated);
}

std::size_t most_probable(std::span<const double> probabilities) {
  if (probabilities.empty()) throw std::invalid_argument("most_probable: no values");
  return static_cast<std::size_t>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
}

}  // namespace attend
