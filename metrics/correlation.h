// How well numbers were predicted: Pearson's and Spearman's correlation and the squared error, as scipy and scikit-learn compute them.
#pragma once

#include <span>
#include <vector>

namespace attend {

/// Pearson's r. NaN where it is undefined: fewer than two pairs, a side whose values are all equal, or a value that is not finite.
/// All three throw std::invalid_argument where the lengths differ.
double pearson(std::span<const double> x, std::span<const double> y);

/// Spearman's rho: Pearson's r of the ranks. NaN as above, but infinities have ranks as any number; only a NaN makes it NaN.
double spearman(std::span<const double> x, std::span<const double> y);

/// The mean of the squared differences; NaN of nothing.
double mean_squared_error(std::span<const double> x, std::span<const double> y);

/// Ranks from 1; equal values share the mean of the ranks they take up. There must be no NaN among them.
std::vector<double> average_ranks(std::span<const double> values);

}  // namespace attend
