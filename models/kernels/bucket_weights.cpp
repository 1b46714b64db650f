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
  // Signs and masks instead of comparisons, which GCC 12 takes apart lane by lane here.
  const Floats infinity = broadcast(-std::numeric_limits<float>::infinity());
  const Ints hidden = reinterpret_cast<Ints>(infinity);
  Floats most = infinity;
  for (std::int64_t k = 0; k < query.num_keys; k += kWidth) {
    Ints times{}, unseen_here{};  // masks: -1 where it is so, else 0
    for (std::size_t r = 0; r < query.places.size(); ++r) {
      const Ints distance = load(query.key_places[r] + k) - query.places[r];
      const Ints unseen = ((distance + query.left) | (query.right - distance)) >> 31;
      times += unseen + 1;
      if (r == query.round) unseen_here = unseen;
    }
    const Ints bits = (reinterpret_cast<Ints>(simd::load(scores + k)) & ~unseen_here) | (hidden & unseen_here);
    const Floats score = reinterpret_cast<Floats>(bits);
    store(scores + k, score);
    store(shares + k, 1.0f / __builtin_convertvector(times - unseen_here, Floats));
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
