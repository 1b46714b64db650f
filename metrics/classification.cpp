#include "metrics/classification.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

namespace attend {

ClassificationScores::ClassificationScores(std::span<const std::int64_t> gold, std::span<const std::int64_t> predicted)
    : num_examples_(static_cast<std::int64_t>(gold.size())) {
  if (gold.size() != predicted.size())
    throw std::invalid_argument(std::to_string(gold.size()) + " gold classes, " + std::to_string(predicted.size()) + " predicted");
  if (gold.empty()) throw std::invalid_argument("no classes to score");
  for (std::size_t i = 0; i < gold.size(); ++i) {
    ++classes_[gold[i]].gold;
    MatchCounts& counts = classes_[predicted[i]];
    ++counts.predicted;
    if (gold[i] == predicted[i]) ++counts.correct, ++num_correct_;
  }
}

double ClassificationScores::accuracy() const { return static_cast<double>(num_correct_) / static_cast<double>(num_examples_); }

double ClassificationScores::matthews() const {
  // With t_k and p_k the gold and predicted counts of class k: (c n - sum t p) / sqrt((n^2 - sum p^2) (n^2 - sum t^2)).
  const auto n = static_cast<double>(num_examples_), c = static_cast<double>(num_correct_);
  double sum_tp = 0, sum_tt = 0, sum_pp = 0;
  for (const auto& [label, counts] : classes_) {
    const auto t = static_cast<double>(counts.gold), p = static_cast<double>(counts.predicted);
    sum_tp += t * p;
    sum_tt += t * t;
    sum_pp += p * p;
  }
  const double variances = (n * n - sum_pp) * (n * n - sum_tt);
  return variances == 0 ? 0 : (c * n - sum_tp) / std::sqrt(variances);
}

PrecisionRecall ClassificationScores::of_class(std::int64_t label) const {
  const auto found = classes_.find(label);
  return found == classes_.end() ? PrecisionRecall{} : precision_recall(found->second);
}

PrecisionRecall ClassificationScores::averaged(Average average) const {
  std::vector<MatchCounts> counts;
  for (const auto& [label, of_label] : classes_) counts.push_back(of_label);
  return attend::averaged(counts, average);
}

}  // namespace attend
