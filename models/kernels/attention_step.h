// softmax(q K^T / sqrt(D)) V for one query and one head on a CPU, its keys anywhere in memory: a step of decoding.
//
// Letters: l a key, d an element of the head.
#pragma once

#include <cstdint>

namespace attend::kernels {

/// One query and head against the keys of its past. Key l lies at keys[l], its value `value_offset` floats further.
struct StepQuery {
  const float* q;
  const float* const* keys;
  std::int64_t num_keys, width, value_offset;
  float scale;
};

/// `column` is the head's first. `weights`: room for num_keys floats, rounded up to simd::kWidth. Writes the head's columns of `context`.
void attend_step(const StepQuery& query, std::int64_t column, float* weights, float* context);

}  // namespace attend::kernels
