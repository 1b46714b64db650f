// How hypotheses of different lengths are compared. A sum of log-probabilities only falls as tokens are added, so without
// a correction a search prefers short outputs.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "core/fields.h"

namespace attend {

enum class LengthNorm { kPower, kWu };

template <>
struct EnumNames<LengthNorm> {
  static constexpr std::array values{std::pair{LengthNorm::kPower, "power"}, std::pair{LengthNorm::kWu, "wu"}};
};

/// The divisor of a hypothesis' log-probability. `length` counts the generated tokens, the end included.
///   power: length^p, the rule of transformers; p = 1 is the mean log-probability of a token, p = 0 no correction.
///   wu:    ((5 + length) / 6)^p, Wu et al. 2016 ("Google's Neural Machine Translation System"), equation 14.
inline double length_divisor(LengthNorm norm, std::int64_t length, double penalty) {
  const double base = norm == LengthNorm::kWu ? (5.0 + static_cast<double>(length)) / 6.0 : static_cast<double>(length);
  return std::pow(base, penalty);
}

/// The exponent where none is given: the value of Wu et al. and of the Transformer paper (section 6.1) for their rule.
constexpr double default_length_penalty(LengthNorm norm) { return norm == LengthNorm::kWu ? 0.6 : 1.0; }

}  // namespace attend
