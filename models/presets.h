// What the families' presets have in common: tables of structs with a `name`, and what small models start from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "models/layers/position_start.h"

namespace attend {

/// Below this width the papers' N(0, 0.02) makes attention so even and so small that training stays at the unigram loss for long
/// (docs/bert.md, docs/gpt.md): weights start from N(0, 1 / sqrt(E)) there, positions from sinusoids.
inline constexpr std::int64_t kPaperWidth = 768;
constexpr PositionStart usual_position_start(std::int64_t width) {
  return width < kPaperWidth ? PositionStart::kSinusoidal : PositionStart::kNormal;
}

template <class Preset>
std::vector<std::string> names_of(const std::vector<Preset>& presets) {
  std::vector<std::string> names;
  for (const Preset& preset : presets) names.push_back(preset.name);
  return names;
}

/// Throws UserError that lists the names; `family` is "BERT", "the Transformer".
template <class Preset>
const Preset& find_preset(const std::vector<Preset>& presets, const std::string& name, const std::string& family) {
  std::string names;
  for (const Preset& preset : presets) {
    if (preset.name == name) return preset;
    names += (names.empty() ? "" : ", ") + preset.name;
  }
  throw UserError("no preset of " + family + " is called '" + name + "'; there are " + names);
}

}  // namespace attend
