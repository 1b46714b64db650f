#include "models/kernels/attention_head.h"

#include <cmath>
#include <limits>

namespace attend::kernels {
namespace {

using namespace simd;

constexpr std::int64_t kQueryBlock = 32;  // rows of scores held at once

std::int64_t round_up(std::int64_t value) { return (value + kWidth - 1) / kWidth * kWidth; }

/// Queries whose scores are held at once, and the keys that any of them may attend to, from a multiple of kWidth on.
struct Block {
  std::int64_t query_begin, query_end, key_begin, key_end;
  std::int64_t rows() const { return query_end - query_begin; }
  std::int64_t keys() const { return key_end - key_begin; }
  std::int64_t columns() const { return round_up(key_end) - key_begin; }
};

Block block_at(const AttentionHead& head, std::int64_t query_begin) {
  const std::int64_t query_end = std::min(query_begin + kQueryBlock, head.num_queries);
  return {query_begin, query_end, head.first_key(query_begin) / kWidth * kWidth, head.visible_keys(query_end)};
}

ConstRows rows_from(const ConstRows& rows, std::int64_t row) { return {rows.data + row * rows.stride, rows.stride}; }
Rows rows_from(const Rows& rows, std::int64_t row) { return {rows.data + row * rows.stride, rows.stride}; }

// The scores of query q's row in its block, from the block's first key: none where it may not attend.
ATTEND_INLINE void hide_keys(const AttentionHead& head, const Block& block, std::int64_t q, float* row) {
  constexpr float kNone = -std::numeric_limits<float>::infinity();
  for (std::int64_t k = block.key_begin; k < head.first_key(q); ++k) row[k - block.key_begin] = kNone;
  for (std::int64_t k = head.visible_keys(q + 1) - block.key_begin; k < block.columns(); ++k) row[k] = kNone;
}

// rows [num_rows, width] -> columns [width, round_up(num_rows)], zero beyond.
ATTEND_INLINE void transpose(const ConstRows& rows, std::int64_t num_rows, std::int64_t width, float* columns) {
  const std::int64_t padded = round_up(num_rows);
  for (std::int64_t d = 0; d < width; ++d) {
    for (std::int64_t i = 0; i < num_rows; ++i) columns[d * padded + i] = rows.data[i * rows.stride + d];
    for (std::int64_t i = num_rows; i < padded; ++i) columns[d * padded + i] = 0;
  }
}

// Dropout on the weights of query q, in place.
ATTEND_INLINE void drop_weights(const AttentionHead& head, const Block& block, std::int64_t q, float* weights) {
  if (head.mask == nullptr) return;
  const auto mask_row = head.mask->row(head.mask_row + q * head.mask_stride);
  for (std::int64_t k = 0; k < block.columns(); k += kWidth)
    store(weights + k, load(weights + k) * head.mask->factors(mask_row, block.key_begin + k));
}

// scores[row] of one block -> softmax weights in place, dropped where asked for, zero where a query may not attend; log-sum-exps into lse.
ATTEND_INLINE void softmax_rows(const AttentionHead& head, const Block& block, const Rows& scores, float* lse) {
  const std::int64_t padded = block.columns();
  for (std::int64_t q = block.query_begin; q < block.query_end; ++q) {
    float* row = scores.data + (q - block.query_begin) * scores.stride;
    hide_keys(head, block, q, row);
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
    drop_weights(head, block, q, row);
    lse[q - block.query_begin] = offset + std::log(normalizer);
  }
}

// dS = P o (dP - rowsum(dP o P)) / sqrt(D), in place in `gradients` (which holds dP, or with dropout that of the dropped weights,
// dP o mask being dP); P is made again from S and lse, and left as the context used it.
ATTEND_INLINE void softmax_rows_backward(const AttentionHead& head, const Block& block, const Rows& scores, const Rows& gradients,
                                         const float* lse, std::int64_t lse_stride) {
  const std::int64_t padded = block.columns();
  for (std::int64_t q = block.query_begin; q < block.query_end; ++q) {
    float* weights = scores.data + (q - block.query_begin) * scores.stride;
    float* row = gradients.data + (q - block.query_begin) * gradients.stride;
    hide_keys(head, block, q, weights);
    const float offset = lse[q * lse_stride];
    drop_weights(head, block, q, row);
    Floats total{};
    for (std::int64_t k = 0; k < padded; k += kWidth) {
      const Floats weight = exp(load(weights + k) * head.scale - offset);
      store(weights + k, weight);
      total += weight * load(row + k);
    }
    const float mean = sum(total);
    for (std::int64_t k = 0; k < padded; k += kWidth) store(row + k, load(weights + k) * (load(row + k) - mean) * head.scale);
    drop_weights(head, block, q, weights);
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
    const Block block = block_at(head, begin);
    const ConstRows q = rows_from(head.q, begin);
    const Rows scores{scratch.scores.data(), padded};
    small_gemm<Accumulate::kNo>({q.data, q.stride, 1}, {scratch.transposed_k.data() + block.key_begin, padded}, scores,
                                {block.rows(), block.columns(), head.width});
    softmax_rows(head, block, scores, block_lse);
    small_gemm<Accumulate::kNo>({scores.data, padded, 1}, rows_from(head.v, block.key_begin), rows_from(context, begin),
                                {block.rows(), head.width, block.keys()});
    for (std::int64_t i = 0; i < block.rows(); ++i) lse[(begin + i) * lse_stride] = block_lse[i];
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
    const Block block = block_at(head, begin);
    const Rows scores{scratch.scores.data(), padded}, score_gradients{scratch.score_gradients.data(), padded};
    const ConstRows q = rows_from(head.q, begin), d_context = rows_from(gradients.context_gradient, begin);
    const GemmSize scores_size{block.rows(), block.columns(), head.width};
    small_gemm<Accumulate::kNo>({q.data, q.stride, 1}, {scratch.transposed_k.data() + block.key_begin, padded}, scores, scores_size);  // S
    small_gemm<Accumulate::kNo>({d_context.data, d_context.stride, 1}, {scratch.transposed_v.data() + block.key_begin, padded},
                                score_gradients, scores_size);  // dP
    softmax_rows_backward(head, block, scores, score_gradients, lse, lse_stride);
    const GemmSize keys_size{block.keys(), head.width, block.rows()};
    small_gemm<Accumulate::kYes>({scores.data, 1, padded}, d_context, rows_from(gradients.v, block.key_begin), keys_size);   // dV += P^T dO
    small_gemm<Accumulate::kYes>({score_gradients.data, 1, padded}, q, rows_from(gradients.k, block.key_begin), keys_size);  // dK += dS^T Q
    small_gemm<Accumulate::kNo>({score_gradients.data, padded, 1}, rows_from(head.k, block.key_begin), rows_from(gradients.q, begin),
                                {block.rows(), head.width, block.keys()});  // dQ = dS K
  }
}

}  // namespace attend::kernels
