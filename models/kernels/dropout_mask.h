// What dropout keeps, made again wherever it is needed instead of stored.
#pragma once

#include <cstdint>
#include <optional>

#include "core/simd.h"

namespace attend {

/// Which elements stay, as a function of (seed, row, column): 16 columns at a time from the two 32-bit halves of a row's key
/// through murmur3's finaliser.
class DropoutMask {
 public:
  DropoutMask(std::uint64_t seed, double probability)
      : seed_(seed),
        threshold_(static_cast<std::uint32_t>(probability * 4294967296.0)),
        scale_(static_cast<float>(1.0 / (1.0 - probability))) {}

  struct Row {
    std::uint32_t low, high;
  };
  Row row(std::int64_t n) const {
    std::uint64_t key = (seed_ + static_cast<std::uint64_t>(n)) * 0x9e3779b97f4a7c15u;  // splitmix64's finaliser
    key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
    key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
    key ^= key >> 31;
    return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
  }

  /// scale where an element stays, 0 where it goes.
  ATTEND_INLINE simd::Floats factors(const Row& row, std::int64_t column) const {
    constexpr simd::Words kLanes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    simd::Words bits = ((kLanes + static_cast<std::uint32_t>(column)) * 0x9e3779b1u) ^ row.low;
    bits = (bits ^ (bits >> 16)) * 0x85ebca6bu;
    bits = ((bits ^ (bits >> 13)) + row.high) * 0xc2b2ae35u;
    bits ^= bits >> 16;
    return bits >= threshold_ ? simd::broadcast(scale_) : simd::Floats{};
  }

 private:
  std::uint64_t seed_;
  std::uint32_t threshold_;
  float scale_;
};

/// From torch's default generator, which the trainer seeds for each micro-batch.
std::int64_t draw_dropout_seed();

/// Nothing where the probability is 0.
std::optional<DropoutMask> dropout_mask(std::int64_t seed, double probability);

}  // namespace attend
