#include "data/label_set.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "data/number_text.h"

namespace attend {
namespace {

constexpr std::size_t kLabelsInMessage = 30;

std::string place_of(const LabelPlace& place) { return place.file + ", line " + std::to_string(place.line); }

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kLabelsInMessage); ++i) list += (i ? ", '" : "'") + excerpt(names[i], 40) + "'";
  if (names.size() > kLabelsInMessage) list += " and " + std::to_string(names.size() - kLabelsInMessage) + " more";
  return list;
}

/// By value; nothing where one is no number.
std::optional<std::vector<std::string>> in_numeric_order(const std::set<std::string, std::less<>>& names) {
  std::vector<std::pair<double, std::string>> numbers;
  for (const std::string& name : names) {
    const std::optional<double> value = number_from_text(name);
    if (!value) return std::nullopt;
    numbers.emplace_back(*value, name);
  }
  std::sort(numbers.begin(), numbers.end());
  std::vector<std::string> ordered;
  for (auto& [value, name] : numbers) ordered.push_back(std::move(name));
  return ordered;
}

}  // namespace

LabelSet::LabelSet(std::vector<std::string> names, const std::string& source) : names_(std::move(names)) {
  if (names_.empty()) throw UserError(source + " has no labels; expected at least one");
  if (names_.size() > limits::kClassLabels)
    throw UserError(source + " has " + std::to_string(names_.size()) + " labels; at most " + std::to_string(limits::kClassLabels) +
                    " are allowed");
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i].empty()) throw UserError(source + ": label " + std::to_string(i) + " has no name");
    if (!ids_.try_emplace(names_[i], static_cast<std::int64_t>(i)).second)
      throw UserError(source + ": the label '" + excerpt(names_[i]) + "' stands twice; expected each once");
  }
  for (std::size_t i = 0; i < names_.size(); ++i)
    if (names_[i] != "LABEL_" + std::to_string(i)) return;
  for (std::size_t i = 0; i < names_.size(); ++i) ids_.try_emplace(std::to_string(i), static_cast<std::int64_t>(i));
}

std::optional<std::int64_t> LabelSet::find(std::string_view label) const {
  const auto found = ids_.find(label);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::int64_t LabelSet::id(const LabelPlace& place) const {
  if (const std::optional<std::int64_t> found = find(place.label)) return *found;
  const std::string near = nearest(place.label, names_);
  throw UserError(place_of(place) + ": the label '" + excerpt(place.label) + "' was never seen in training; known are " + listed(names_),
                  near.empty() ? "check that the right column is read as label" : "did you mean '" + excerpt(near) + "'?");
}

void LabelCollector::add(const LabelPlace& place) {
  if (seen_.contains(place.label)) return;
  if (place.label.empty()) throw UserError(place_of(place) + ": the label is empty");
  if (seen_.size() == limits::kClassLabels)
    throw UserError(place_of(place) + ": more than " + std::to_string(limits::kClassLabels) + " different labels, '" +
                        excerpt(place.label) + "' is one more",
                    "check that the right column is read as label; numbers to be predicted are for regression");
  seen_.emplace(place.label);
}

LabelSet LabelCollector::labels(const std::string& source) const {
  if (auto ordered = in_numeric_order(seen_)) return LabelSet(std::move(*ordered), source);
  return LabelSet({seen_.begin(), seen_.end()}, source);
}

}  // namespace attend
