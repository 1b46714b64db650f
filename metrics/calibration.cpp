#include "metrics/calibration.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace attend {
namespace {

/// ln of the sum of exp(x). Throws std::invalid_argument where there is no finite value.
double log_sum(std::span<const double> values) {
  if (values.empty()) throw std::invalid_argument("log_sum: no values");
  const double largest = *std::max_element(values.begin(), values.end());
  if (!std::isfinite(largest)) throw std::invalid_argument("log_sum: no finite value");
  double sum = 0;
  for (const double value : values) sum += std::exp(value - largest);
  return largest + std::log(sum);
}

}  // namespace

std::vector<double> normalized_probabilities(std::span<const double> log_probabilities) {
  const double total = log_sum(log_probabilities);
  std::vector<double> probabilities;
  for (const double value : log_probabilities) probabilities.push_back(std::exp(value - total));
  return probabilities;
}

std::vector<double> calibrated_probabilities(std::span<const double> log_probabilities, std::span<const std::vector<double>> content_free) {
  const std::size_t num_choices = log_probabilities.size(), num_inputs = content_free.size();
  std::vector<double> totals;
  for (const std::vector<double>& values : content_free) {
    if (values.size() != num_choices) throw std::invalid_argument("calibrated_probabilities: another number of choices");
    totals.push_back(log_sum(values));
  }
  // All as logarithms: a choice may be so improbable that its share is 0 as a number.
  std::vector<double> calibrated, shares(num_inputs);
  for (std::size_t choice = 0; choice < num_choices; ++choice) {
    for (std::size_t input = 0; input < num_inputs; ++input) shares[input] = content_free[input][choice] - totals[input];
    calibrated.push_back(log_probabilities[choice] - log_sum(shares));  // ln p - ln p_cf, but for the number of inputs
  }
  return normalized_probabilities(calibrated);
}

std::size_t most_probable(std::span<const double> probabilities) {
  if (probabilities.empty()) throw std::invalid_argument("most_probable: no values");
  return static_cast<std::size_t>(std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin());
}

}  // namespace attend
