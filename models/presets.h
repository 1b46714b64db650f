// A family's table of presets: structs with a `name`.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"

namespace attend {

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
