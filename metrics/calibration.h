// Choosing among answers by likelihood, corrected for the answers that a prompt favours whatever is asked.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace attend {

/// exp(x) over its sum, without overflow. Throws std::invalid_argument for nothing, and where no value is above -infinity.
std::vector<double> normalized_probabilities(std::span<const double> log_probabilities);

/// Contextual calibration (Zhao et al. 2021, section 5): the choices' probabilities, normalised, are divided by those that the same
/// prompt gives them for inputs without content ("N/A", a blank, "[MASK]"), averaged over these, and normalised again: W = diag(p_cf)^-1,
/// b = 0. Which choice is the most probable is theirs.
/// `log_probabilities` has one value a choice, `content_free` the same for each content-free input, at least one. Throws
/// std::invalid_argument where the numbers of choices differ.
std::vector<double> calibrated_probabilities(std::span<const double> log_probabilities, std::span<const std::vector<double>> content_free);

/// The index of the largest; the first of several. Throws std::invalid_argument for nothing.
std::size_t most_probable(std::span<const double> probabilities);

}  // namespace attend
