// Names of classes and tags, and their numbers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
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

/// The labels of data that a model is measured on: those it knows, and others, which get numbers behind them. It can never say those, so
/// they count as misses.
class OpenLabels {
 public:
  explicit OpenLabels(const LabelSet& known) : known_(known), names_(known.names()) {}

  std::int64_t id(const LabelPlace& place);
  const std::vector<std::string>& names() const { return names_; }
  /// Warns once of the labels that are not known, with their number. Throws UserError, with the first, where none is known.
  void report() const;

 private:
  const LabelSet& known_;
  std::vector<std::string> names_;
  std::map<std::string, std::int64_t, std::less<>> others_;  // and their numbers
  std::int64_t num_labels_ = 0, num_others_ = 0;
  std::string file_, first_;
  std::uint64_t first_line_ = 0;
};

/// The class whose F1 is told: that of `label`, the value of --positive; where it is "", class 1 of two, and of more none (the mean over
/// all is told). Throws UserError for one that is not known.
std::optional<std::int64_t> positive_class(const LabelSet& labels, const std::string& label);

/// "'hate' 7 (11.7 %), 'normal' 53 (88.3 %)", and how many more where there are many. `counts` are as many as `names`.
std::string counted_labels(const std::vector<std::string>& names, const std::vector<std::int64_t>& counts);

/// class_counts.json in a model's folder: how many training examples each class has.
void write_class_counts(const std::filesystem::path& folder, const std::vector<std::string>& names,
                        const std::vector<std::int64_t>& counts);
/// Empty where there is no such file. Throws UserError for one that is damaged.
std::map<std::string, std::int64_t> read_class_counts(const std::filesystem::path& folder);

/// Groups of names that differ in case or in white space at their ends only, as messages have them: "'yes' and 'yes '". Most likely one was
/// meant.
std::vector<std::string> near_equal_names(const std::vector<std::string>& names);

/// Collects the labels of a training set.
class LabelCollector {
 public:
  /// Throws UserError, with the line, for an empty label and for one more than limits::kClassLabels.
  void add(const LabelPlace& place);
  /// Ordered by value where all are numbers ("2" before "10"), else by the bytes of their names, which is Python's order too.
  /// Warns of names that differ in case or in white space at their ends only. Throws UserError, which opens with `source`, where there are
  /// none.
  LabelSet labels(const std::string& source) const;

 private:
  std::set<std::string, std::less<>> seen_;
};

}  // namespace attend
