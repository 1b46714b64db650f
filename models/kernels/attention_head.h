// softmax(Q K^T / sqrt(D)) V for one head of one sentence, and its gradients, on a CPU. The weights are not kept: the backward pass makes
// them again from the log-sum-exp of each row (as FlashAttention does, Dao et al. 2022), so memory grows with the tokens, not with their
// square.
//
// Letters: D head width; q, k a query's and a key's number in the sentence.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "models/kernels/dropout_mask.h"
#include "models/kernels/small_gemm.h"

namespace attend::kernels {

using simd::ConstRows;
using simd::Rows;

/// One head of one sentence. Strides count floats between tokens.
struct AttentionHead {
  ConstRows q, k, v;
  std::int64_t num_queries, num_keys, width;
  std::int64_t left, right;            // query q may attend to the keys q - left to q + right
  float scale;                         // 1 / sqrt(D)
  const DropoutMask* mask;             // of the weights; none: nothing is dropped
  std::int64_t mask_row, mask_stride;  // the mask's row of query q is mask_row + q * mask_stride

  // The first key that query q may attend to, and the end of those that any of the queries before `query_end` may.
  std::int64_t first_key(std::int64_t q) const { return std::max<std::int64_t>(0, q - left); }
  std::int64_t visible_keys(std::int64_t query_end) const { return std::min(query_end + right, num_keys); }
};

/// Memory for one head's work, kept by a thread over its heads.
struct AttentionScratch {
  std::vector<float> transposed_k, transposed_v, scores, score_gradients;

  void reserve(std::int64_t width, std::int64_t num_keys);
};

/// context [Q, D]; lse gets one number a query, `lse_stride` floats apart.
void attention_forward(const AttentionHead& head, const Rows& context, float* lse, std::int64_t lse_stride, AttentionScratch& scratch);

/// What the backward pass reads and writes.
struct AttentionGradients {
  ConstRows context_gradient;
  Rows q, k, v;  // written
};

/// The gradients of queries, keys and values, from `lse` of the forward pass.
void attention_backward(const AttentionHead& head, const AttentionGradients& gradients, const float* lse, std::int64_t lse_stride,
                        AttentionScratch& scratch);

}  // namespace attend::kernels
