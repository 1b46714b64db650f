// Precision, recall and F1 from counts, and their averages over classes: what classes and entities share.
#pragma once

#include <cstdint>
#include <span>

namespace attend {

/// How often a class (or a type of entity) stands in the gold data, was predicted, and both at once.
struct MatchCounts {
  std::int64_t gold = 0, predicted = 0, correct = 0;
};

/// 0 to 1. A figure that would divide by zero is 0, scikit-learn's and seqeval's default.
struct PrecisionRecall {
  double precision = 0, recall = 0, f1 = 0;
};

PrecisionRecall precision_recall(const MatchCounts& counts);

/// Macro: the mean over classes. Micro: of the counts' sums. Weighted: the mean with each class as heavy as it is frequent in gold.
enum class Average { kMacro, kMicro, kWeighted };

/// Each of the three figures averaged by itself: the macro F1 is the mean of F1s, not the F1 of means. No classes: 0.
PrecisionRecall averaged(std::span<const MatchCounts> classes, Average average);

}  // namespace attend
