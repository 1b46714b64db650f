#include "models/kernels/bucket_weights.h"

#include <cstring>
#include <limits>

#include "core/simd.h"

namespace attend::kernels {

using namespace simd;

namespace {

ATTEND_INLINE Ints load(const std::int32_t* from) {
  Ints value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

ATTEND_SIMD float hide_unseen(const BucketQuery& query, float* scores, float* shares) {
  const Floats hidden = broadcast(-std::numeric_limits<float>::infinity());
  Floats most = hidden;
  for (std::int64_t k = 0; k < query.num_keys; k += kWidth) {
    Ints times{}, here{};
    for (std::size_t r = 0; r < query.places.size(); ++r) {
      const Ints distance = load(query.key_places[r] + k) - query.places[r];
      const Ints seen = (distance >= -query.left) & (distance <= query.right);  // -1 or 0
      times -= seen;
      if (r == query.round) here = seen;
    }
    const Floats score = here != 0 ? simd::load(scores + k) : hidden;
    store(scores + k, score);
    store(shares + k, 1.0f / __builtin_convertvector(times != 0 ? times : times + 1, Floats));
    most = max(most, score);
  }
  return max_lane(most);
}

ATTEND_SIMD float bucket_weights(float* scores, const float* shares, std::int64_t num_keys, float offset, float scale) {
  Floats total{};
  for (std::int64_t k = 0; k < num_keys; k += kWidth) {
    const Floats weight = exp(simd::load(scores + k) - offset) * simd::load(shares + k) * scale;
    store(scores + k, weight);
    total += weight;
  }
  return sum(total);
}

}  // namespace attend::kernels
