// What a decoder reads while it learns to write a target.
#pragma once

#include "core/batch.h"

namespace attend {

/// The target one place later, after the start token (figure 1 of "Attention Is All You Need": "outputs (shifted right)").
inline std::vector<std::int64_t> shift_right(const PackedIds& target, std::int64_t start_id) {
  std::vector<std::int64_t> shifted(target.ids.size());
  std::size_t n = 0;
  for (const std::int64_t length : target.lengths) {
    shifted[n] = start_id;
    for (std::int64_t i = 1; i < length; ++i) shifted[n + i] = target.ids[n + i - 1];
    n += length;
  }
  return shifted;
}

}  // namespace attend
