// Cells and labels that are numbers.
#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace attend {

/// The number that the whole text is, "3", "-0.5", "1e-3"; nothing where it is none, is infinite or NaN.
inline std::optional<double> number_from_text(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);  // from_chars knows no plus
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace attend
