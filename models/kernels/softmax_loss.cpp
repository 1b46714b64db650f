#include "models/kernels/softmax_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/simd.h"

namespace attend::kernels {

using namespace simd;

ATTEND_SIMD void softmax_loss_row(float* row, std::int64_t vocab, std::int64_t target, const Smoothing& smoothing, RowLoss& result) {
  const std::int64_t whole = vocab / kWidth * kWidth;
  Floats best = broadcast(-std::numeric_limits<float>::infinity()), total{};
  for (std::int64_t v = 0; v < whole; v += kWidth) {
    best = max(best, load(row + v));
    total += load(row + v);
  }
  float offset = max_lane(best);
  double logit_sum = sum(total);
  for (std::int64_t v = whole; v < vocab; ++v) {
    offset = std::max(offset, row[v]);
    logit_sum += row[v];
  }
  const float target_logit = row[target];
  Floats normalizers{};
  float normalizer = 0;
  for (std::int64_t v = 0; v < whole; v += kWidth) {
    const Floats weight = exp(load(row + v) - offset);
    if (smoothing.wants_gradient) store(row + v, weight);
    normalizers += weight;
  }
  for (std::int64_t v = whole; v < vocab; ++v) {
    const float weight = std::exp(row[v] - offset);
    if (smoothing.wants_gradient) row[v] = weight;
    normalizer += weight;
  }
  normalizer += sum(normalizers);
  const double log_normalizer = static_cast<double>(offset) + std::log(static_cast<double>(normalizer));
  result.log_likelihood = target_logit - log_normalizer;
  result.is_correct = target_logit == offset;
  result.loss = log_normalizer - smoothing.on_target * static_cast<double>(target_logit) - smoothing.everywhere * logit_sum;
  if (!smoothing.wants_gradient) return;
  const float inverse = 1.0f / normalizer;
  for (std::int64_t v = 0; v < whole; v += kWidth) store(row + v, load(row + v) * inverse - smoothing.everywhere);
  for (std::int64_t v = whole; v < vocab; ++v) row[v] = row[v] * inverse - smoothing.everywhere;
  row[target] -= smoothing.on_target;
}

}  // namespace attend::kernels
