#include "data/label_set.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/text.h"
#include "data/number_text.h"
#include "metrics/score.h"
#include "metrics/unicode_text.h"

namespace attend {
namespace {

constexpr std::size_t kLabelsInMessage = 30;
constexpr const char* kClassCounts = "class_counts.json";

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

std::int64_t OpenLabels::id(const LabelPlace& place) {
  ++num_labels_;
  if (const std::optional<std::int64_t> found = known_.find(place.label)) return *found;
  if (num_others_++ == 0) {
    file_ = place.file;
    first_ = place.label;
    first_line_ = place.line;
  }
  const auto [other, is_new] = others_.try_emplace(std::string(place.label), static_cast<std::int64_t>(names_.size()));
  if (is_new) names_.push_back(other->first);
  return other->second;
}

void OpenLabels::report() const {
  if (num_others_ == 0) return;
  if (num_others_ == num_labels_) known_.id({first_, file_, first_line_});  // refuses it
  const std::vector<std::string> others(names_.begin() + static_cast<std::ptrdiff_t>(known_.size()), names_.end());
  log_warning_once(file_ + ": " + std::to_string(num_others_) + " of " + std::to_string(num_labels_) +
                   " labels were never seen in training and count as misses, the first in line " + std::to_string(first_line_) + "; " +
                   std::to_string(others.size()) + (others.size() == 1 ? " label: " : " labels: ") + listed(others));
}

std::optional<std::int64_t> positive_class(const LabelSet& labels, const std::string& label) {
  if (label.empty()) return labels.size() == 2 ? std::optional<std::int64_t>(1) : std::nullopt;
  if (const std::optional<std::int64_t> found = labels.find(label)) return found;
  const std::string near = nearest(label, labels.names());
  throw UserError("--positive '" + excerpt(label) + "' is no class; known are " + listed(labels.names()),
                  near.empty() ? "give one of them" : "did you mean '" + excerpt(near) + "'?");
}

std::string counted_labels(const std::vector<std::string>& names, const std::vector<std::int64_t>& counts) {
  const auto all = static_cast<double>(std::max<std::int64_t>(1, std::accumulate(counts.begin(), counts.end(), std::int64_t{0})));
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kLabelsInMessage); ++i)
    list += (i ? ", '" : "'") + excerpt(names[i], 40) + "' " + std::to_string(counts[i]) + " (" +
            fixed_decimals(100 * static_cast<double>(counts[i]) / all, 1) + " %)";
  if (names.size() > kLabelsInMessage) list += " and " + std::to_string(names.size() - kLabelsInMessage) + " more";
  return list;
}

void write_class_counts(const std::filesystem::path& folder, const std::vector<std::string>& names,
                        const std::vector<std::int64_t>& counts) {
  Json record = Json::object();
  for (std::size_t i = 0; i < names.size(); ++i) record[names[i]] = counts[i];
  write_json_file(folder / kClassCounts, record);
}

std::map<std::string, std::int64_t> read_class_counts(const std::filesystem::path& folder) {
  std::map<std::string, std::int64_t> counts;
  const std::filesystem::path file = folder / kClassCounts;
  if (!std::filesystem::is_regular_file(file)) return counts;
  const Json record = read_json_file(file);
  if (!record.is_object()) throw UserError(file.string() + ": expected a JSON object of classes and their counts");
  for (const auto& [name, count] : record.items()) counts[name] = json_integer(count, file.string(), name);
  return counts;
}

std::vector<std::string> near_equal_names(const std::vector<std::string>& names) {
  std::map<CodePoints, std::vector<std::string>> groups;
  for (const std::string& name : names) groups[to_lower(to_code_points(trimmed(name)))].push_back(name);
  std::vector<std::string> found;
  for (const auto& [folded, group] : groups) {
    if (group.size() == 1) continue;
    std::string shown;
    for (std::size_t i = 0; i < group.size(); ++i)
      shown += (i == 0 ? "'" : i + 1 < group.size() ? ", '" : " and '") + excerpt(group[i], 40) + "'";
    found.push_back(shown);
  }
  return found;
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
  const std::vector<std::string> near_equal = near_equal_names({seen_.begin(), seen_.end()});
  std::string shown;
  for (std::size_t i = 0; i < std::min(near_equal.size(), kLabelsInMessage); ++i) shown += (i ? "; " : "") + near_equal[i];
  if (!near_equal.empty())
    log_warning_once(source + ": labels that differ in case or in blanks at their ends only are classes of their own: " + shown);
  if (auto ordered = in_numeric_order(seen_)) return LabelSet(std::move(*ordered), source);
  return LabelSet({seen_.begin(), seen_.end()}, source);
}

}  // namespace attend
