// What is Reformer's own: rounds as the paper adds them up, one bucket beside full attention, what may not change an output.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "models/layers/bucket_attention.h"
#include "models/layers/inner_attention.h"

namespace attend {
namespace {

constexpr std::int64_t kHeads = 2, kWidth = 64;
const double kInfinity = std::numeric_limits<double>::infinity();

std::shared_ptr<InnerAttention> reformer(std::int64_t buckets = 6, std::int64_t chunk = 5, std::int64_t rounds = 3) {
  return make_inner_attention({.hidden_size = kWidth,
                               .num_heads = kHeads,
                               .choice = {.kind = AttentionKind::kReformer, .buckets = buckets, .chunk = chunk, .rounds = rounds}});
}

double relative_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>() / std::max(1.0, b.abs().max().item<double>());
}

/// Appendix A, one round at a time: m_ij is log N_ij, 10^5 at i = j and infinity where j is not in P_i^r.
torch::Tensor by_appendix_a(const torch::Tensor& q_MD, const torch::Tensor& k_MD, const torch::Tensor& v_MD, const Buckets& buckets) {
  std::vector<torch::Tensor> seen;  // [M, M] of each round: j in P_i^r
  for (const auto& bucket_M : buckets.bucket_RM.unbind(0)) {
    const auto same = bucket_M.unsqueeze(1) == bucket_M.unsqueeze(0);
    const auto number_M = same.tril(-1).sum(1);
    const auto distance = number_M.unsqueeze(0) - number_M.unsqueeze(1);
    seen.push_back(same & (distance >= -buckets.reach.left) & (distance <= buckets.reach.right));
  }
  const auto times = torch::stack(seen).sum(0).to(torch::kFloat64);
  std::vector<torch::Tensor> contexts, normalizers;
  for (const auto& here : seen) {
    auto scores = torch::matmul(q_MD, k_MD.t()) - times.clamp_min(1).log();
    scores = scores.masked_fill(here.logical_not(), -kInfinity);
    scores = scores.masked_fill(torch::eye(q_MD.size(0), here.options()), -1e5);
    contexts.push_back(torch::matmul(torch::softmax(scores, 1), v_MD));
    normalizers.push_back(torch::logsumexp(scores, 1, /*keepdim=*/true));
  }
  const auto shares = torch::softmax(torch::stack(normalizers), 0);  // exp(z(i, P_i^r) - z(i, P_i))
  return (shares * torch::stack(contexts)).sum(0);
}

}  // namespace

TEST_CASE("rounds are combined as in appendix A, with its gradients") {
  torch::manual_seed(11);
  for (const Causality causality : {Causality::kCausal, Causality::kBidirectional}) {
    const std::int64_t rows = 90;
    const Buckets buckets{.bucket_RM = torch::randint(8, {4, rows}, torch::kInt64), .num_buckets = 8, .reach = Reach::of(causality, 6)};
    std::vector<torch::Tensor> inputs;
    for (int i = 0; i < 3; ++i) inputs.push_back(torch::randn({rows, 20}, torch::kFloat64).requires_grad_());
    const auto factors = torch::randn({rows, 20}, torch::kFloat64);
    const auto context = attend_in_buckets(inputs[0], inputs[1], inputs[2], buckets);
    const auto expected = by_appendix_a(inputs[0], inputs[1], inputs[2], buckets);
    CHECK(relative_difference(context, expected) < 1e-9);
    const auto gradients = torch::autograd::grad({(context * factors).sum()}, inputs);
    const auto expected_gradients = torch::autograd::grad({(expected * factors).sum()}, inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i) CHECK(relative_difference(gradients[i], expected_gradients[i]) < 1e-9);
  }
}

TEST_CASE("with one bucket it is full attention of unit keys, without each token itself") {
  torch::manual_seed(12);
  const PackedLayout tokens({40, 1, 70}, torch::kCPU);
  const auto qv = torch::randn({111, 2 * kWidth});
  const auto q_NHD = qv.narrow(1, 0, kWidth).unflatten(1, {kHeads, -1});
  const auto k_NHD = q_NHD / q_NHD.norm(2, -1, /*keepdim=*/true);
  // Full attention divides by sqrt(D).
  const auto qkv = torch::cat({q_NHD.flatten(1) * std::sqrt(kWidth / kHeads), k_NHD.flatten(1), qv.narrow(1, kWidth, kWidth)}, 1);
  const auto full = make_inner_attention({.hidden_size = kWidth, .num_heads = kHeads});
  for (const Causality causality : {Causality::kCausal, Causality::kBidirectional}) {
    const auto itself = torch::eye(70, torch::kBool);
    auto others = full->weights(qkv, tokens, causality).masked_fill(itself, 0);
    const auto sum = others.sum(3, /*keepdim=*/true);
    others = torch::where(sum > 0, others / sum, itself.to(torch::kFloat32));
    const auto v_BHLD = tokens.pad(qv.narrow(1, kWidth, kWidth).unflatten(1, {kHeads, -1})).transpose(1, 2);
    const auto expected = tokens.unpad(torch::matmul(others, v_BHLD).transpose(1, 2)).flatten(1);
    CHECK(relative_difference(reformer(1, 2 * 70, 1)->forward(qv, tokens, causality), expected) < 5e-6);
    CHECK(relative_difference(reformer(1, 2 * 70, 3)->forward(qv, tokens, causality), expected) < 5e-6);
  }
}

TEST_CASE("a causal context does not change with what comes later, nor any with the other texts of a batch") {
  torch::manual_seed(13);
  const auto qv = torch::randn({200, 2 * kWidth});
  const PackedLayout whole({200}, torch::kCPU), beginning({120}, torch::kCPU), cut({120, 80}, torch::kCPU);
  const auto context = reformer()->forward(qv, whole, Causality::kCausal);
  CHECK(relative_difference(reformer()->forward(qv.narrow(0, 0, 120), beginning, Causality::kCausal), context.narrow(0, 0, 120)) < 5e-6);
  for (const Causality causality : {Causality::kCausal, Causality::kBidirectional})
    CHECK(relative_difference(reformer()->forward(qv, cut, causality).narrow(0, 0, 120),
                              reformer()->forward(qv.narrow(0, 0, 120), beginning, causality)) < 5e-6);
}

TEST_CASE("two runs, and two layers of the same shape, give the same bits") {
  torch::manual_seed(14);
  const PackedLayout tokens({700, 900, 3}, torch::kCPU);
  const auto qv = torch::randn({1603, 2 * kWidth}).requires_grad_();
  const auto run = [&] {
    const auto context = reformer(16, 32, 2)->forward(qv, tokens, Causality::kCausal);
    return std::pair(context.detach(), torch::autograd::grad({(context * context).sum()}, {qv})[0]);
  };
  const auto first = run();
  torch::manual_seed(15);
  const auto second = run();
  CHECK(torch::equal(first.first, second.first));
  CHECK(torch::equal(first.second, second.second));
}

TEST_CASE("bfloat16 and float64 compute the same") {
  torch::manual_seed(16);
  const PackedLayout tokens({150, 60}, torch::kCPU);
  const auto low = torch::randn({210, 2 * kWidth}).to(torch::kBFloat16);
  const auto layer = reformer(), low_layer = reformer();
  const auto expected = layer->forward(low.to(torch::kFloat32), tokens, Causality::kCausal);
  CHECK(relative_difference(layer->forward(low.to(torch::kFloat64), tokens, Causality::kCausal).to(torch::kFloat32), expected) < 5e-6);
  low_layer->to(torch::kBFloat16);
  const auto context = low_layer->forward(low, tokens, Causality::kCausal);
  CHECK(context.scalar_type() == torch::kBFloat16);
  CHECK(relative_difference(context.to(torch::kFloat32), expected) < 0.03);
}

}  // namespace attend
