// Attention over packed sentences on a CPU, one sentence and head at a time: nothing is padded, transposed in memory or
// masked, queries, keys and values are read where the projection left them and their gradients written side by side.
//
// Letters: N query and M key tokens (packed), H heads, D head width, E = H D.
#include <cmath>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "models/kernels/attention_head.h"
#include "models/layers/attention_kernel.h"

namespace attend::kernels {
namespace {

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
  const Reach reach = shape.reach();
  at::parallel_for(0, shape.queries.batch() * shape.num_heads, 1, [&](std::int64_t begin, std::int64_t end) {
    AttentionScratch scratch;
    scratch.reserve(width, shape.keys.longest());
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t b = i / shape.num_heads, column = i % shape.num_heads * width;
      const std::int64_t query = shape.queries.offsets()[b], key = shape.keys.offsets()[b];
      const AttentionHead head{.q = const_rows(operands.q, query, column),
                               .k = const_rows(operands.k, key, column),
                               .v = const_rows(operands.v, key, column),
                               .num_queries = shape.queries.lengths()[b],
                               .num_keys = shape.keys.lengths()[b],
                               .width = width,
                               .left = reach.left,
                               .right = reach.right,
                               .scale = 1.0f / std::sqrt(static_cast<float>(width)),
                               .mask = mask ? &*mask : nullptr,
                               .mask_row = query * shape.num_heads + i % shape.num_heads,
                               .mask_stride = shape.num_heads};
      work(head, query, key, column, scratch);
    }
  });
}

// `first` is qkv_N3E with `second` undefined, or q_NE with kv_M2E. The shape is read in forward() alone, while the caller's layouts live;
// what backward() needs of it is saved.
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
                  [&](const AttentionHead& head, std::int64_t query, std::int64_t, std::int64_t column, AttentionScratch& scratch) {
                    attention_forward(head, rows(result_NE, query, column), at_token<float*>(lse_NH, query, column / width),
                                      shape->num_heads, scratch);
                  });
    context->save_for_backward({first, second, lse_NH});
    context->saved_data["query_lengths"] = shape->queries.lengths();
    context->saved_data["key_lengths"] = shape->keys.lengths();
    context->saved_data["causal"] = shape->causality == Causality::kCausal;
    context->saved_data["num_heads"] = shape->num_heads;
    context->saved_data["dropout"] = shape->dropout;
    context->saved_data["window"] = shape->window;
    context->saved_data["seed"] = seed;
    return result_NE;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &first = saved[0], &second = saved[1], &lse_NH = saved[2];
    const auto gradient_NE = gradients[0].contiguous();
    const PackedLayout queries(context->saved_data["query_lengths"].toIntVector(), first.device());
    const PackedLayout keys(context->saved_data["key_lengths"].toIntVector(), first.device());
    const AttentionShape shape{.queries = queries,
                               .keys = keys,
                               .causality = context->saved_data["causal"].toBool() ? Causality::kCausal : Causality::kBidirectional,
                               .num_heads = context->saved_data["num_heads"].toInt(),
                               .dropout = context->saved_data["dropout"].toDouble(),
                               .window = context->saved_data["window"].toInt()};
    const auto mask = dropout_mask(context->saved_data["seed"].toInt(), shape.dropout);
    auto first_gradient = torch::empty_like(first);
    auto second_gradient = second.defined() ? torch::empty_like(second) : torch::Tensor();
    const auto operands = split(first, second), into = split(first_gradient, second_gradient);
    const std::int64_t width = operands.q.size(1) / shape.num_heads;
    for_each_head(operands, shape, mask,
                  [&](const AttentionHead& head, std::int64_t query, std::int64_t key, std::int64_t column, AttentionScratch& scratch) {
                    const AttentionGradients head_gradients{.context_gradient = const_rows(gradient_NE, query, column),
                                                            .q = rows(into.q, query, column),
                                                            .k = rows(into.k, key, column),
                                                            .v = rows(into.v, key, column)};
                    attention_backward(head, head_gradients, at_token<const float*>(lse_NH, query, column / width), shape.num_heads,
                                       scratch);
                  });
    return {first_gradient, second_gradient, torch::Tensor()};
  }
};

class PackedAttention final : public AttentionKernel {
 public:
  std::string name() const override { return "packed"; }
  bool supports(const AttentionNeeds& needs) const override {
    return needs.device == torch::kCPU && needs.dtype == torch::kFloat32 && needs.head_width % simd::kWidth == 0;
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
