// softmax(q K^T / sqrt(D)) V for one token a row, whose keys and values lie anywhere: a step of decoding.
//
// Letters: R decoded rows, H heads, D head width, E = H D, P places.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <ATen/Parallel.h>
#include <torch/types.h>

#include "core/simd.h"
#include "models/kernels/attention_step.h"

namespace attend {

/// Whether attend_rows can: float32 on a CPU, head widths of whole vectors.
inline bool can_attend_rows(const torch::Tensor& q_RE, std::int64_t num_heads) {
  return q_RE.is_cpu() && q_RE.scalar_type() == torch::kFloat32 && q_RE.size(1) / num_heads % simd::kWidth == 0;
}

/// q_RE -> context_RE. keys_of(row, pointers) writes where each of the row's keys lies, its value E floats further, and returns how many
/// there are, `most_keys` at most.
template <class KeysOf>
torch::Tensor attend_rows(const torch::Tensor& q_RE, std::int64_t num_heads, std::int64_t most_keys, const KeysOf& keys_of) {
  const std::int64_t rows = q_RE.size(0), hidden = q_RE.size(1), width = hidden / num_heads;
  auto context_RE = torch::empty({rows, hidden}, q_RE.options());
  at::parallel_for(0, rows * num_heads, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> weights(static_cast<std::size_t>(most_keys + simd::kWidth));
    std::vector<const float*> keys(static_cast<std::size_t>(most_keys));
    while (begin < end) {  // a row's heads, or some of them
      const std::int64_t r = begin / num_heads, row_end = std::min((r + 1) * num_heads, end);
      const kernels::StepQuery query{.q = q_RE.const_data_ptr<float>() + r * q_RE.stride(0),
                                     .keys = keys.data(),
                                     .num_keys = keys_of(r, keys.data()),
                                     .width = width,
                                     .value_offset = hidden,
                                     .scale = 1.0f / std::sqrt(static_cast<float>(width))};
      for (; begin < row_end; ++begin)
        kernels::attend_step(query, begin % num_heads * width, weights.data(), context_RE.mutable_data_ptr<float>() + r * hidden);
    }
  });
  return context_RE;
}

/// The same by the kernel that is written out, for what attend_rows cannot: each row's keys are gathered from kv_P2E by their places,
/// which lie end to end, `lengths` of each row.
torch::Tensor attend_gathered(const torch::Tensor& q_RE, const torch::Tensor& kv_P2E, const std::vector<std::int64_t>& places,
                              const std::vector<std::int64_t>& lengths, std::int64_t num_heads);

}  // namespace attend
