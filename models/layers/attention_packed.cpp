// Attention over packed sentences on a CPU, one sentence and head at a time: nothing is padded, transposed in memory or
// masked, queries, keys and values are read where the projection left them and their gradients written side by side.
// The weights are not kept: the backward pass makes them again from the log-sum-exp of each row (as FlashAttention does,
// Dao et al. 2022), so memory grows with the tokens, not with their square.
//
// Letters: N query and M key tokens (packed), H heads, D head width, E = H D; q, k a query's and a key's number in a sentence.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "models/layers/attention_kernel.h"
#include "models/layers/dropout_mask.h"
#include "models/layers/small_gemm.h"

namespace attend::kernels {
namespace {

using namespace simd;

constexpr std::int64_t kQueryBlock = 32;  // rows of scores held at once

std::int64_t round_up(std::int64_t value) { return (value + kWidth - 1) / kWidth * kWidth; }

// One head of one sentence. Strides count floats between tokens.
struct Head {
  ConstRows q, k, v;
  std::int64_t num_queries, num_keys, width;
  bool causal;
  float scale;                         // 1 / sqrt(D)
  const DropoutMask* mask;             // of the weights; none: nothing is dropped
  std::int64_t mask_row, mask_stride;  // the mask's row of query q is mask_row + q * mask_stride

  // Keys that any of the queries before `query_end` may attend to.
  std::int64_t visible_keys(std::int64_t query_end) const { return causal ? std::min(query_end, num_keys) : num_keys; }
};

// Memory for one head's work, kept by a thread over its heads.
struct Scratch {
  std::vector<float> transposed_k, transposed_v, scores, score_gradients;

  void reserve(std::int64_t width, std::int64_t num_keys) {
    const auto columns = static_cast<std::size_t>(round_up(num_keys));
    transposed_k.resize(width * columns);
    transposed_v.resize(width * columns);
    scores.resize(kQueryBlock * columns);
    score_gradients.resize(kQueryBlock * columns);
  }
};

// rows [num_rows, width] -> columns [width, round_up(num_rows)], zero beyond.
ATTEND_INLINE void transpose(const ConstRows& rows, std::int64_t num_rows, std::int64_t width, float* columns) {
  const std::int64_t padded = round_up(num_rows);
  for (std::int64_t d = 0; d < width; ++d) {
    for (std::int64_t i = 0; i < num_rows; ++i) columns[d * padded + i] = rows.data[i * rows.stride + d];
    for (std::int64_t i = num_rows; i < padded; ++i) columns[d * padded + i] = 0;
  }
}

// Dropout on the weights of query q, in place.
ATTEND_INLINE void drop_weights(const Head& head, std::int64_t q, float* weights, std::int64_t padded) {
  if (head.mask == nullptr) return;
  const auto mask_row = head.mask->row(head.mask_row + q * head.mask_stride);
  for (std::int64_t k = 0; k < padded; k += kWidth) store(weights + k, load(weights + k) * head.mask->factors(mask_row, k));
}

// scores[row] of one block -> softmax weights in place, dropped where asked for, zero where a query may not attend; log-sum-exps into lse.
ATTEND_INLINE void softmax_rows(const Head& head, std::int64_t query_begin, std::int64_t query_end, const Rows& scores, float* lse) {
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

// context = softmax(Q K^T / sqrt(D)) V for one head; lse gets one number a query.
ATTEND_SIMD void head_forward(const Head& head, const Rows& context, float* lse, std::int64_t lse_stride, Scratch& scratch) {
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

struct HeadGradients {
  ConstRows context, context_gradient;
  Rows q, k, v;  // written
};

// dS = P o (dP - rowsum(dP o P)) / sqrt(D), in place in `gradients` (which holds dP, or with dropout that of the dropped weights,
// dP o mask being dP); P is made again from S and lse, and left as the context used it.
ATTEND_INLINE void softmax_rows_backward(const Head& head, std::int64_t query_begin, std::int64_t query_end, const Rows& scores,
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

ATTEND_SIMD void head_backward(const Head& head, const HeadGradients& gradients, const float* lse, std::int64_t lse_stride,
                               Scratch& scratch) {
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

// Where queries, keys and values lie: columns of one or two row-major tensors.
struct Operands {
  torch::Tensor q, k, v;  // [N, E], [M, E], [M, E]; rows may be strided, columns are contiguous
};

Operands split(const torch::Tensor& first, const torch::Tensor& second) {
  if (second.defined()) {
    const auto width = first.size(1);
    return {first, second.narrow(1, 0, width), second.narrow(1, width, width)};
  }
  const auto width = first.size(1) / 3;
  return {first.narrow(1, 0, width), first.narrow(1, width, width), first.narrow(1, 2 * width, width)};
}

template <class Pointer>
Pointer at_token(const torch::Tensor& x, std::int64_t token, std::int64_t column) {
  return x.data_ptr<float>() + token * x.stride(0) + column;
}

ConstRows const_rows(const torch::Tensor& x, std::int64_t token, std::int64_t column) {
  return {at_token<const float*>(x, token, column), x.stride(0)};
}
Rows rows(const torch::Tensor& x, std::int64_t token, std::int64_t column) { return {at_token<float*>(x, token, column), x.stride(0)}; }

// Calls work(head, first query token, first key token, column, scratch) for every sentence and head, in parallel.
template <class Work>
void for_each_head(const Operands& operands, const AttentionShape& shape, const std::optional<DropoutMask>& mask, const Work& work) {
  const std::int64_t width = operands.q.size(1) / shape.num_heads;
  at::parallel_for(0, shape.queries.batch() * shape.num_heads, 1, [&](std::int64_t begin, std::int64_t end) {
    Scratch scratch;
    scratch.reserve(width, shape.keys.longest());
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t b = i / shape.num_heads, column = i % shape.num_heads * width;
      const std::int64_t query = shape.queries.offsets()[b], key = shape.keys.offsets()[b];
      const Head head{.q = const_rows(operands.q, query, column),
                      .k = const_rows(operands.k, key, column),
                      .v = const_rows(operands.v, key, column),
                      .num_queries = shape.queries.lengths()[b],
                      .num_keys = shape.keys.lengths()[b],
                      .width = width,
                      .causal = shape.causality == Causality::kCausal,
                      .scale = 1.0f / std::sqrt(static_cast<float>(width)),
                      .mask = mask ? &*mask : nullptr,
                      .mask_row = query * shape.num_heads + i % shape.num_heads,
                      .mask_stride = shape.num_heads};
      work(head, query, key, column, scratch);
    }
  });
}

// `first` is qkv_N3E with `second` undefined, or q_NE with kv_M2E.
struct PackedAttentionFunction : torch::autograd::Function<PackedAttentionFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& first,
                               const std::optional<torch::Tensor>& second_or_none, const AttentionShape* shape) {
    const auto second = second_or_none.value_or(torch::Tensor());
    const auto operands = split(first, second);
    const std::int64_t tokens = operands.q.size(0), width = operands.q.size(1) / shape->num_heads;
    auto result_NE = torch::empty({tokens, operands.q.size(1)}, first.options());
    auto lse_NH = torch::empty({tokens, shape->num_heads}, first.options());
    const std::int64_t seed = shape->dropout > 0 ? draw_dropout_seed() : 0;
    for_each_head(operands, *shape, dropout_mask(seed, shape->dropout),
                  [&](const Head& head, std::int64_t query, std::int64_t, std::int64_t column, Scratch& scratch) {
                    head_forward(head, rows(result_NE, query, column), at_token<float*>(lse_NH, query, column / width), shape->num_heads,
                                 scratch);
                  });
    context->save_for_backward({first, second, result_NE, lse_NH});
    context->saved_data["query_lengths"] = shape->queries.lengths();
    context->saved_data["key_lengths"] = shape->keys.lengths();
    context->saved_data["causal"] = shape->causality == Causality::kCausal;
    context->saved_data["num_heads"] = shape->num_heads;
    context->saved_data["dropout"] = shape->dropout;
    context->saved_data["seed"] = seed;
    return result_NE;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &first = saved[0], &second = saved[1], &result_NE = saved[2], &lse_NH = saved[3];
    const auto gradient_NE = gradients[0].contiguous();
    const PackedLayout queries(context->saved_data["query_lengths"].toIntVector(), first.device());
    const PackedLayout keys(context->saved_data["key_lengths"].toIntVector(), first.device());
    const AttentionShape shape{.queries = queries,
                               .keys = keys,
                               .causality = context->saved_data["causal"].toBool() ? Causality::kCausal : Causality::kBidirectional,
                               .num_heads = context->saved_data["num_heads"].toInt(),
                               .dropout = context->saved_data["dropout"].toDouble()};
    const auto mask = dropout_mask(context->saved_data["seed"].toInt(), shape.dropout);
    auto first_gradient = torch::empty_like(first);
    auto second_gradient = second.defined() ? torch::empty_like(second) : torch::Tensor();
    const auto operands = split(first, second), into = split(first_gradient, second_gradient);
    const std::int64_t width = operands.q.size(1) / shape.num_heads;
    for_each_head(operands, shape, mask,
                  [&](const Head& head, std::int64_t query, std::int64_t key, std::int64_t column, Scratch& scratch) {
                    const HeadGradients head_gradients{.context = const_rows(result_NE, query, column),
                                                       .context_gradient = const_rows(gradient_NE, query, column),
                                                       .q = rows(into.q, query, column),
                                                       .k = rows(into.k, key, column),
                                                       .v = rows(into.v, key, column)};
                    head_backward(head, head_gradients, at_token<const float*>(lse_NH, query, column / width), shape.num_heads, scratch);
                  });
    return {first_gradient, second_gradient, torch::Tensor()};
  }
};

class PackedAttention final : public AttentionKernel {
 public:
  std::string name() const override { return "packed"; }
  bool supports(const AttentionNeeds& needs) const override {
    return needs.device == torch::kCPU && needs.dtype == torch::kFloat32 && needs.head_width % kWidth == 0;
  }

  torch::Tensor attend(const torch::Tensor& q_NHD, const torch::Tensor& k_MHD, const torch::Tensor& v_MHD,
                       const AttentionShape& shape) const override {
    return cross_attend(q_NHD.flatten(1), torch::cat({k_MHD.flatten(1), v_MHD.flatten(1)}, 1), shape);
  }
  torch::Tensor self_attend(const torch::Tensor& qkv_N3E, const AttentionShape& shape) const override {
    return PackedAttentionFunction::apply(qkv_N3E.contiguous(), std::optional<torch::Tensor>(), &shape);
  }
  torch::Tensor cross_attend(const torch::Tensor& q_NE, const torch::Tensor& kv_M2E, const AttentionShape& shape) const override {
    return PackedAttentionFunction::apply(q_NE.contiguous(), std::optional(kv_M2E.contiguous()), &shape);
  }
};

}  // namespace

const AttentionKernel& packed() {
  static const PackedAttention kernel;
  return kernel;
}

}  // namespace attend::kernels
