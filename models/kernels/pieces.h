// Rows of any width sixteen floats at a time: the last piece may be shorter, and is padded with zeros in registers.
#pragma once

#include "core/simd.h"

namespace attend::simd {

/// piece(first, count) for each kWidth elements of [begin, end), and once for what is left.
template <class Piece>
ATTEND_INLINE void for_each_piece(std::int64_t begin, std::int64_t end, const Piece& piece) {
  for (; begin + kWidth <= end; begin += kWidth) piece(begin, kWidth);
  if (begin < end) piece(begin, end - begin);
}

ATTEND_INLINE Floats load_piece(const float* from, std::int64_t count) {
  if (count == kWidth) return load(from);
  Floats value{};
  std::memcpy(&value, from, static_cast<std::size_t>(count) * sizeof(float));
  return value;
}

ATTEND_INLINE void store_piece(float* to, const Floats& value, std::int64_t count) {
  if (count == kWidth) return store(to, value);
  std::memcpy(to, &value, static_cast<std::size_t>(count) * sizeof(float));
}

}  // namespace attend::simd
