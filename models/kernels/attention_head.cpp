#include "models/kernels/attention_head.h"

#include <cmath>
#include <limits>

namespace attend::kernels {
namespace {

using namespace simd;

constexpr std::int64_t kQueryBlock = 32;  // rows of scores held at once

std::int64_t round_up(std::int64_t value) { return (value + kWidth - 1) / kWidth * kWidth; }

// rows [num_rows, width] -> columns [width, round_up(num_rows)], zero beyond.
ATTEND_INLINE void transpose(const ConstRows& rows, std::int64_t num_rows, std::int64_t width, float* columns) {
  const std::int64_t padded = round_up(num_rows);
  for (std::int64_t d = 0; d < width; ++d) {
    for (std::int64_t i = 0; i < num_rows; ++i) columns[d * padded + i] = rows.data[i * rows.stride + d];
    for (std::int64_t i = num_rows; i < padded; ++i) columns[d * padded + i] = 0;
  }
}

// Dropout on the weights of query q, in place.
ATTEND_INLINE void drop_weights(const AttentionHead& head, std::int64_t q, float* weights, std::int64_t padded) {
  if (head.mask == nullptr) return;
  const auto mask_row = head.mask->row(head.mask_row + q * head.mask_stride);
  for (std::int64_t k = 0; k < padded; k += kWidth) store(weights + k, load(weights + k) * head.mask->factors(mask_row, k));
}

// scores[row] of one block -> softmax weights in place, dropped where asked for, zero where a query may not attend; log-sum-exps into lse.
ATTEND_INLINE void softmax_rows(const AttentionHead& head, std::int64_t query_begin, std::int64_t query_end, const Rows& scores,
                                float* lse) {
  for (std::int64_t q = query_begin; q < query_end; ++q) {
    float* row = scores.data + (q - query_begin) * scores.stride;
    const std::int64_t visible = head.visible_keys(q + 1);
    const std::int64_t padded = round_up(head.visible_keys(query_end));
    for (std::int64_t k = visible; k < padded; ++k) row[k] = -std::numeric_limits<float>::infinity();
    Floats best = load(row);
    for (std::int64_t k = kWidth; k < padded; k += kWidth) best = max(best, load(row + k));
    const float offset = max_lane(best) * head.scale;
    Floats total{};
    for (std::int64_t k = 0; k < padded; k += kWidth) {
      const Floats weight = exp(load(row + k) * head.scale - offset);
      store(row + k, weight);
      total += weight;
    }
    const float normalizer = sum(total);
    for (std::int64_t k = 0; k < padded; k += kWidth) store(row + k, load(row + k) / normalizer);
    drop_weights(head, q, row, padded);
    lse[q - query_begin] = offset + std::log(normalizer);
  }
}

// dS = P o (dP - rowsum(dP o P)) / sqrt(D), in place in `gradients` (which holds dP, or with dropout that of the dropped weights,
// dP o mask being dP); P is made again from S and lse, and left as the context used it.
ATTEND_INLINE void softmax_rows_backward(const AttentionHead& head, std::int64_t query_begin, std::int64_t query_end, const Rows& scores,
                                         const Rows& gradients, const float* lse, std::int64_t lse_stride) {
  for (std::int64_t q = query_begin; q < query_end; ++q) {
    float* weights = scores.data + (q - query_begin) * scores.stride;
    float* row = gradients.data + (q - query_begin) * gradients.stride;
    const std::int64_t visible = head.visible_keys(q + 1);
    const std::int64_t padded = round_up(head.visible_keys(query_end));
    for (std::int64_t k = visible; k < padded; ++k) weights[k] = -std::numeric_limits<float>::infinity();
    const float offset = lse[q * lse_stride];
    drop_weights(head, q, row, padded);
    Floats total{};
    for (std::int64_t k = 0; k < padded; k += kWidth) {
      const Floats weight = exp(load(weights + k) * head.scale - offset);
      store(weights + k, weight);
      total += weight * load(row + k);
    }
    const float mean = sum(total);
    for (std::int64_t k = 0; k < padded; k += kWidth) store(row + k, load(weights + k) * (load(row + k) - mean) * head.scale);
    drop_weights(head, q, weights, padded);
  }
}

}  // namespace

void AttentionScratch::reserve(std::int64_t width, std::int64_t num_keys) {
  const auto columns = static_cast<std::size_t>(round_up(num_keys));
  transposed_k.resize(width * columns);
  transposed_v.resize(width * columns);
  scores.resize(kQueryBlock * columns);
  score_gradients.resize(kQueryBlock * columns);
}

// context = softmax(Q K^T / sqrt(D)) V for one head; lse gets one number a query.
ATTEND_SIMD void attention_forward(const AttentionHead& head, const Rows& context, float* lse, std::int64_t lse_stride,
                                   AttentionScratch& scratch) {
  const std::int64_t padded = round_up(head.num_keys);
  transpose(head.k, head.num_keys, head.width, scratch.transposed_k.data());
  float block_lse[kQueryBlock];
  for (std::int64_t begin = 0; begin < head.num_queries; begin += kQueryBlock) {
    const std::int64_t end = std::min(begin + kQueryBlock, head.num_queries);
    const std::int64_t visible = head.visible_keys(end);
    const Rows scores{scratch.scores.data(), padded};
    small_gemm<Accumulate::kNo>({head.q.data + begin * head.q.stride, head.q.stride, 1}, {scratch.transposed_k.data(), padded}, scores,
                                {end - begin, round_up(visible), head.width});
    softmax_rows(head, begin, end, scores, block_lse);
    small_gemm<Accumulate::kNo>({scores.data, padded, 1}, head.v, {context.data + begin * context.stride, context.stride},
                                {end - begin, head.width, visible});
    for (std::int64_t q = begin; q < end; ++q) lse[q * lse_stride] = block_lse[q - begin];
  }
}

ATTEND_SIMD void attention_backward(const AttentionHead& head, const AttentionGradients& gradients, const float* lse,
                                    std::int64_t lse_stride, AttentionScratch& scratch) {
  const std::int64_t padded = round_up(head.num_keys);
  transpose(head.k, head.num_keys, head.width, scratch.transposed_k.data());
  transpose(head.v, head.num_keys, head.width, scratch.transposed_v.data());
  for (std::int64_t k = 0; k < head.num_keys; ++k) {
    std::fill_n(gradients.k.data + k * gradients.k.stride, head.width, 0.0f);
    std::fill_n(gradients.v.data + k * gradients.v.stride, head.width, 0.0f);
  }
  for (std::int64_t begin = 0; begin < head.num_queries; begin += kQueryBlock) {
    const std::int64_t end = std::min(begin + kQueryBlock, head.num_queries);
    const std::int64_t rows = end - begin, visible = head.visible_keys(end), columns = round_up(visible);
    const Rows scores{scratch.scores.data(), padded}, score_gradients{scratch.score_gradients.data(), padded};
    const ConstRows q{head.q.data + begin * head.q.stride, head.q.stride};
    const ConstRows d_context{gradients.context_gradient.data + begin * gradients.context_gradient.stride,
                              gradients.context_gradient.stride};
    const GemmSize scores_size{rows, columns, head.width};
    small_gemm<Accumulate::kNo>({q.data, q.stride, 1}, {scratch.transposed_k.data(), padded}, scores, scores_size);  // S
    small_gemm<Accumulate::kNo>({d_context.data, d_context.stride, 1}, {scratch.transposed_v.data(), padded}, score_gradients,
                                scores_size);  // dP
    softmax_rows_backward(head, begin, end, scores, score_gradients, lse, lse_stride);
    const GemmSize keys_size{visible, head.width, rows};
    small_gemm<Accumulate::kYes>({scores.data, 1, padded}, d_context, gradients.v, keys_size);   // dV += P^T dO
    small_gemm<Accumulate::kYes>({score_gradients.data, 1, padded}, q, gradients.k, keys_size);  // dK += dS^T Q
    small_gemm<Accumulate::kNo>({score_gradients.data, padded, 1}, head.k,                       // dQ = dS K
                                {gradients.q.data + begin * gradients.q.stride, gradients.q.stride}, {rows, head.width, visible});
  }
}

}  // namespace attend::kernels
