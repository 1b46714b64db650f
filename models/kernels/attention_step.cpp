#include "models/kernels/attention_step.h"

#include <limits>

#include "core/simd.h"

namespace attend::kernels {

using namespace simd;

ATTEND_SIMD void attend_step(const StepQuery& query, std::int64_t column, float* weights, float* context) {
  Floats best = broadcast(-std::numeric_limits<float>::infinity());
  for (std::int64_t l = 0; l < query.num_keys; ++l) {
    const float* key = query.keys[l] + column;
    Floats products{};
    for (std::int64_t d = 0; d < query.width; d += kWidth) products += load(query.q + column + d) * load(key + d);
    weights[l] = sum(products) * query.scale;
    best = max(best, broadcast(weights[l]));
  }
  const std::int64_t padded = (query.num_keys + kWidth - 1) / kWidth * kWidth;
  for (std::int64_t l = query.num_keys; l < padded; ++l) weights[l] = -std::numeric_limits<float>::infinity();
  Floats total{};
  for (std::int64_t l = 0; l < padded; l += kWidth) {
    const Floats weight = exp(load(weights + l) - best);
    store(weights + l, weight);
    total += weight;
  }
  const float normalizer = 1.0f / sum(total);
  for (std::int64_t d = 0; d < query.width; d += kWidth) {
    Floats mixed{};
    for (std::int64_t l = 0; l < query.num_keys; ++l) mixed += weights[l] * load(query.keys[l] + query.value_offset + column + d);
    store(context + column + d, mixed * normalizer);
  }
}

}  // namespace attend::kernels
