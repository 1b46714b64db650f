// Names of classes and tags, and their numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace attend {

/// A label as it stands in a file, for the message when it is not known.
struct LabelPlace {
  std::string_view label;
  const std::string& file;
  std::uint64_t line;
};

/// The labels a model knows: number i is called names()[i].
class LabelSet {
 public:
  /// In the order given, as a model's configuration has them. Throws UserError, which opens with `source`, for a name that
  /// stands twice, an empty one, none at all, and more than limits::kClassLabels.
  LabelSet(std::vector<std::string> names, const std::string& source);

  std::size_t size() const { return names_.size(); }
  const std::vector<std::string>& names() const { return names_; }
  const std::string& name(std::int64_t id) const { return names_.at(static_cast<std::size_t>(id)); }
  /// Where all names are transformers' LABEL_0, LABEL_1, ..., the numbers are names too.
  std::optional<std::int64_t> find(std::string_view label) const;
  /// Throws UserError with file and line that lists the known labels.
  std::int64_t id(const LabelPlace& place) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> ids_;  // of the names, and of numbers that stand for them
};

/// Collects the labels of a training set.
class LabelCollector {
 public:
  /// Throws UserError, with the line, for an empty label and for one more than limits::kClassLabels.
  void add(const LabelPlace& place);
  /// Ordered by value where all are numbers ("2" before "10"), else by the bytes of their names, which is Python's order too.
  /// Throws UserError, which opens with `source`, where there are none.
  LabelSet labels(const std::string& source) const;

 private:
  std::set<std::string, std::less<>> seen_;
};

}  // namespace attend
