#include "metrics/precision_recall.h"

namespace attend {
namespace {

double ratio(double part, double whole) { return whole == 0 ? 0 : part / whole; }

}  // namespace

PrecisionRecall precision_recall(const MatchCounts& counts) {
  const auto correct = static_cast<double>(counts.correct);
  const auto predicted = static_cast<double>(counts.predicted), gold = static_cast<double>(counts.gold);
  return {ratio(correct, predicted), ratio(correct, gold), ratio(2 * correct, predicted + gold)};
}

PrecisionRecall averaged(std::span<const MatchCounts> classes, Average average) {
  MatchCounts sum;
  PrecisionRecall mean;
  double total_weight = 0;
  for (const MatchCounts& counts : classes) {
    sum.gold += counts.gold;
    sum.predicted += counts.predicted;
    sum.correct += counts.correct;
    const PrecisionRecall one = precision_recall(counts);
    const double weight = average == Average::kWeighted ? static_cast<double>(counts.gold) : 1.0;
    mean.precision += weight * one.precision;
    mean.recall += weight * one.recall;
    mean.f1 += weight * one.f1;
    total_weight += weight;
  }
  if (average == Average::kMicro) return precision_recall(sum);
  return {ratio(mean.precision, total_weight), ratio(mean.recall, total_weight), ratio(mean.f1, total_weight)};
}

}  // namespace attend
