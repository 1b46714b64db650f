// How well classes were predicted: accuracy, precision, recall, F1, Matthews correlation, as scikit-learn computes them.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "metrics/precision_recall.h"

namespace attend {

/// Figures of one set of predictions. Classes are any numbers; those that stand in gold or predictions count, and no others,
/// which is scikit-learn's default and matters to the macro average.
class ClassificationScores {
 public:
  /// One entry an example. Throws std::invalid_argument where the lengths differ or there are none.
  ClassificationScores(std::span<const std::int64_t> gold, std::span<const std::int64_t> predicted);

  double accuracy() const;
  /// The Matthews correlation, with more than two classes too (Gorodkin 2004); 0 where gold or predictions are all one class.
  double matthews() const;
  /// One class against the rest: "binary" F1 with this one positive. 0 for a class that stands nowhere.
  PrecisionRecall of_class(std::int64_t label) const;
  PrecisionRecall averaged(Average average) const;
  /// Counts by class, in the order of their numbers.
  const std::map<std::int64_t, MatchCounts>& classes() const { return classes_; }

 private:
  std::map<std::int64_t, MatchCounts> classes_;
  std::int64_t num_examples_ = 0, num_correct_ = 0;
};

}  // namespace attend
