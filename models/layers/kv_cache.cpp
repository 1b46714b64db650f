// Letters: R decoded rows, S slots, T steps, N tokens of prompts, E width, H heads, D head width, L keys a row attends to, M source tokens.
#include "models/layers/kv_cache.h"

#include <cmath>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "core/simd.h"
#include "models/kernels/attention_step.h"
#include "models/layers/attention_kernel.h"

namespace attend {
namespace {

bool has_cpu_kernel(const torch::Tensor& q_RE, std::int64_t num_heads) {
  return q_RE.is_cpu() && q_RE.scalar_type() == torch::kFloat32 && q_RE.size(1) / num_heads % simd::kWidth == 0;
}

// keys_of(row, pointers): fills in where the row's keys lie and how many there are.
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

}  // namespace

KvCache::KvCache(const Size& size, const torch::TensorOptions& options, const CachedPrompts& prompts)
    : size_(size), rows_(size.slots), prompt_offsets_{0} {
  for (const std::int64_t length : prompts.lengths) {
    row_prompt_.insert(row_prompt_.end(), prompts.rows_per_prompt, static_cast<std::int64_t>(prompt_offsets_.size()) - 1);
    prompt_offsets_.push_back(prompt_offsets_.back() + length);
    longest_prompt_ = std::max(longest_prompt_, length);
  }
  TORCH_CHECK(static_cast<std::int64_t>(row_prompt_.size()) == size.slots, "a slot for each row of each prompt");
  for (std::int64_t layer = 0; layer < size.layers; ++layer)
    kv_P2E_.push_back(torch::empty({prompt_offsets_.back() + size.steps * size.slots, 2 * size.width}, options));
  history_.resize(static_cast<std::size_t>(size.slots * size.steps));
  reordered_.resize(history_.size());
}

std::vector<std::int64_t> KvCache::positions_R() const {
  std::vector<std::int64_t> positions_R;
  for (std::int64_t r = 0; r < rows_; ++r) positions_R.push_back(prompt_length(r) + steps_done_);
  return positions_R;
}

void KvCache::store_prompts(std::size_t layer, const torch::Tensor& qkv_N3E) {
  TORCH_CHECK(qkv_N3E.size(0) == prompt_offsets_.back(), "keys and values of every prompt's tokens");
  kv_P2E_[layer].narrow(0, 0, qkv_N3E.size(0)).copy_(qkv_N3E.narrow(1, size_.width, 2 * size_.width));
}

void KvCache::append(std::size_t layer, const torch::Tensor& qkv_R3E) {
  TORCH_CHECK(steps_done_ < size_.steps, "the cache holds ", size_.steps, " steps");
  kv_P2E_[layer]
      .narrow(0, prompt_offsets_.back() + steps_done_ * size_.slots, rows_)
      .copy_(qkv_R3E.narrow(1, size_.width, 2 * size_.width));
  if (layer == 0)
    for (std::int64_t r = 0; r < rows_; ++r) history_[r * size_.steps + steps_done_] = static_cast<std::int32_t>(r);
}

torch::Tensor KvCache::attend(std::size_t layer, const torch::Tensor& q_RE, std::int64_t num_heads) const {
  if (!has_cpu_kernel(q_RE, num_heads)) return attend_plain(layer, q_RE, num_heads);
  const std::int64_t steps = steps_done_ + 1, row_size = 2 * size_.width;
  const float* base = kv_P2E_[layer].const_data_ptr<float>();
  return attend_rows(q_RE, num_heads, longest_prompt_ + steps, [&](std::int64_t row, const float** keys) {
    const std::int64_t begin = prompt_begin(row), length = prompt_length(row);
    for (std::int64_t l = 0; l < length; ++l) keys[l] = base + (begin + l) * row_size;
    for (std::int64_t t = 0; t < steps; ++t) keys[length + t] = base + place(row, t) * row_size;
    return length + steps;
  });
}

torch::Tensor KvCache::attend_plain(std::size_t layer, const torch::Tensor& q_RE, std::int64_t num_heads) const {
  std::vector<std::int64_t> places, lengths = positions_R();
  for (std::int64_t r = 0; r < rows_; ++r) {
    for (std::int64_t l = 0; l < prompt_length(r); ++l) places.push_back(prompt_begin(r) + l);
    for (std::int64_t t = 0; t <= steps_done_; ++t) places.push_back(place(r, t));
    ++lengths[r];  // the current step
  }
  const auto kv_M2E = kv_P2E_[layer].index_select(0, ids_tensor(places, q_RE.device()));  // M keys of all rows
  const PackedLayout queries(std::vector<std::int64_t>(rows_, 1), q_RE.device()), keys(lengths, q_RE.device());
  return kernels::plain().cross_attend(q_RE, kv_M2E, {.queries = queries, .keys = keys, .num_heads = num_heads});
}

void KvCache::advance() { ++steps_done_; }

void KvCache::reorder(std::span<const std::int64_t> kept_rows) {
  TORCH_CHECK(static_cast<std::int64_t>(kept_rows.size()) <= size_.slots, "more rows kept than the cache has slots");
  for (std::size_t r = 0; r < kept_rows.size(); ++r) {
    TORCH_CHECK(kept_rows[r] >= 0 && kept_rows[r] < rows_, "row ", kept_rows[r], " is not there");
    std::copy_n(history_.begin() + kept_rows[r] * size_.steps, steps_done_,
                reordered_.begin() + static_cast<std::int64_t>(r) * size_.steps);
  }
  std::swap(history_, reordered_);
  std::vector<std::int64_t> prompts;
  for (const std::int64_t row : kept_rows) prompts.push_back(row_prompt_[row]);
  row_prompt_ = std::move(prompts);
  rows_ = static_cast<std::int64_t>(kept_rows.size());
}

torch::Tensor CrossMemory::attend(std::size_t layer, const torch::Tensor& q_RE, std::int64_t num_heads) const {
  const auto& kv = kv_M2E[layer];
  if (has_cpu_kernel(q_RE, num_heads)) {
    return attend_rows(q_RE, num_heads, layout.longest(), [&](std::int64_t row, const float** keys) {
      const std::int64_t sentence = row_sentence[row], length = layout.lengths()[sentence];
      const float* base = kv.const_data_ptr<float>() + layout.offsets()[sentence] * kv.size(1);
      for (std::int64_t l = 0; l < length; ++l) keys[l] = base + l * kv.size(1);
      return length;
    });
  }
  std::vector<std::int64_t> lengths, places;
  for (const std::int64_t sentence : row_sentence) {
    lengths.push_back(layout.lengths()[sentence]);
    for (std::int64_t l = 0; l < lengths.back(); ++l) places.push_back(layout.offsets()[sentence] + l);
  }
  const auto kv_rows = kv.index_select(0, ids_tensor(places, kv.device()));
  const PackedLayout queries(std::vector<std::int64_t>(row_sentence.size(), 1), q_RE.device()), keys(lengths, q_RE.device());
  return kernels::plain().cross_attend(q_RE, kv_rows, {.queries = queries, .keys = keys, .num_heads = num_heads});
}

}  // namespace attend
