// Sixteen floats at a time, for the CPU kernels. GCC's vector extension lowers to whatever each clone of a function may use.
#pragma once

#include <cstdint>
#include <cstring>

// A function marked so is compiled for AVX-512, AVX2 and the baseline; the first call picks by what the CPU it runs on can do.
// Sanitizers run before such resolvers may, so there the baseline stands alone.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ATTEND_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ATTEND_SIMD
#endif
#define ATTEND_INLINE inline __attribute__((always_inline))

namespace attend::simd {

inline constexpr std::int64_t kWidth = 16;
using Floats = float __attribute__((vector_size(64)));
using Ints = std::int32_t __attribute__((vector_size(64)));
using Words = std::uint32_t __attribute__((vector_size(64)));

ATTEND_INLINE Floats load(const float* from) {
  Floats value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

ATTEND_INLINE void store(float* to, const Floats& value) { std::memcpy(to, &value, sizeof value); }

ATTEND_INLINE Floats broadcast(float value) { return value - Floats{}; }

ATTEND_INLINE Floats max(const Floats& a, const Floats& b) { return a > b ? a : b; }

// Sums and maxima over the lanes: each step folds one half onto the other, in a fixed order.
template <class Combine>
ATTEND_INLINE float fold(Floats value, const Combine& combine) {
  value = combine(value, __builtin_shuffle(value, Ints{8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7}));
  value = combine(value, __builtin_shuffle(value, Ints{4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11}));
  value = combine(value, __builtin_shuffle(value, Ints{2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13}));
  value = combine(value, __builtin_shuffle(value, Ints{1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14}));
  return value[0];
}
struct Add {
  ATTEND_INLINE Floats operator()(const Floats& a, const Floats& b) const { return a + b; }
};
struct Max {
  ATTEND_INLINE Floats operator()(const Floats& a, const Floats& b) const { return max(a, b); }
};
ATTEND_INLINE float sum(const Floats& value) { return fold(value, Add{}); }
ATTEND_INLINE float max_lane(const Floats& value) { return fold(value, Max{}); }

// e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln 2 / 2, e^r by its Taylor polynomial of degree 7 (relative error
// below 1e-7: worst seen 9.3e-8). Below -87 the result is 0, above 88 it stays e^88.
ATTEND_INLINE Floats exp(const Floats& x) {
  const Floats clamped = x > 88.0f ? broadcast(88.0f) : x;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  const Floats shifted = clamped * 1.44269504088896341f + kRound;
  const Floats n = shifted - kRound;
  const Floats r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  Floats p = broadcast(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const Ints power = (__builtin_convertvector(n, Ints) + 127) << 23;
  Floats scale;
  std::memcpy(&scale, &power, sizeof scale);
  return x < -87.0f ? Floats{} : p * scale;
}

// Exchanges the off-diagonal blocks of kDistance x kDistance in each pair of rows that far apart.
template <int kDistance>
ATTEND_INLINE void exchange(Floats (&rows)[kWidth]) {
  Ints upper, lower;  // lanes 0 to 15 are the first row's, 16 to 31 the second's
  for (int lane = 0; lane < kWidth; ++lane) {
    upper[lane] = lane & kDistance ? kWidth + lane - kDistance : lane;
    lower[lane] = lane & kDistance ? kWidth + lane : lane + kDistance;
  }
  for (int i = 0; i < kWidth; ++i) {
    if (i & kDistance) continue;
    const Floats first = rows[i], second = rows[i + kDistance];
    rows[i] = __builtin_shuffle(first, second, upper);
    rows[i + kDistance] = __builtin_shuffle(first, second, lower);
  }
}

// 16 x 16 numbers.
ATTEND_INLINE void transpose(Floats (&rows)[kWidth]) {
  exchange<8>(rows);
  exchange<4>(rows);
  exchange<2>(rows);
  exchange<1>(rows);
}

}  // namespace attend::simd
