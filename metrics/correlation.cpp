#include "metrics/correlation.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

namespace attend {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

void check_lengths(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size()) throw std::invalid_argument(std::to_string(x.size()) + " values, " + std::to_string(y.size()) + " others");
}

bool all_equal(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == values.front(); });
}

/// Moved to mean 0 and scaled to length 1.
std::vector<double> standardised(std::span<const double> values) {
  // Divided before they are summed: the sum of finite values may not be finite.
  const auto count = static_cast<long double>(values.size());
  long double mean = 0;
  for (const double value : values) mean += value / count;
  std::vector<double> result;
  double largest = 0;
  for (const double value : values) {
    result.push_back(static_cast<double>(value - mean));
    largest = std::max(largest, std::abs(result.back()));
  }
  // By the largest first: squares of 1e200 and 1e-200 are no doubles.
  long double squares = 0;
  for (double& value : result) {
    value /= largest;
    squares += static_cast<long double>(value) * value;
  }
  const auto length = static_cast<double>(std::sqrt(squares));
  for (double& value : result) value /= length;
  return result;
}

}  // namespace

double pearson(std::span<const double> x, std::span<const double> y) {
  check_lengths(x, y);
  if (x.size() < 2 || all_equal(x) || all_equal(y)) return kUndefined;
  const std::vector<double> unit_x = standardised(x), unit_y = standardised(y);
  long double product = 0;
  for (std::size_t i = 0; i < x.size(); ++i) product += static_cast<long double>(unit_x[i]) * unit_y[i];
  const auto r = static_cast<double>(product);
  return std::isnan(r) ? kUndefined : std::clamp(r, -1.0, 1.0);
}

double spearman(std::span<const double> x, std::span<const double> y) {
  check_lengths(x, y);
  const auto has_nan = [](std::span<const double> values) {
    return std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); });
  };
  if (has_nan(x) || has_nan(y)) return kUndefined;
  return pearson(average_ranks(x), average_ranks(y));
}

double mean_squared_error(std::span<const double> x, std::span<const double> y) {
  check_lengths(x, y);
  if (x.empty()) return kUndefined;
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
  return sum / static_cast<double>(x.size());
}

std::vector<double> average_ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0, last = 0; first < order.size(); first = last) {
    last = first + 1;
    while (last < order.size() && values[order[last]] == values[order[first]]) ++last;
    // Ranks first + 1 to last, and their mean.
    for (std::size_t i = first; i < last; ++i) ranks[order[i]] = static_cast<double>(first + 1 + last) / 2;
  }
  return ranks;
}

}  // namespace attend
