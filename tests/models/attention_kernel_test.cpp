// Every attention kernel against softmax(QK^T)V as written, outputs and gradients.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "models/layers/attention_kernel.h"

namespace attend {
namespace {

struct Case {
  std::vector<std::int64_t> query_lengths, key_lengths;
  Causality causality;
  std::int64_t num_heads, head_width;
};

// The lengths cross the packed kernel's query block (32) and vector width (16).
const std::vector<Case> kCases{
    {{3, 1, 7}, {3, 1, 7}, Causality::kBidirectional, 2, 16},        {{3, 1, 7}, {3, 1, 7}, Causality::kCausal, 2, 16},
    {{33, 64, 17, 70}, {33, 64, 17, 70}, Causality::kCausal, 3, 32}, {{33, 64, 17, 70}, {33, 64, 17, 70}, Causality::kBidirectional, 1, 64},
    {{5, 40, 1}, {37, 2, 16}, Causality::kBidirectional, 4, 32},
};

struct Result {
  torch::Tensor context, first_gradient, second_gradient;
};

bool is_self_attention(const Case& test) { return test.query_lengths == test.key_lengths; }

Result run(const AttentionKernel& kernel, const Case& test) {
  torch::manual_seed(7);
  const PackedLayout queries(test.query_lengths, torch::kCPU), keys(test.key_lengths, torch::kCPU);
  const AttentionShape shape{.queries = queries, .keys = keys, .causality = test.causality, .num_heads = test.num_heads};
  const std::int64_t width = test.num_heads * test.head_width;
  const auto weights = torch::randn({queries.tokens(), width});
  if (is_self_attention(test)) {
    const auto qkv = torch::randn({queries.tokens(), 3 * width}).mul_(2).requires_grad_();
    const auto context = kernel.self_attend(qkv, shape);
    (context * weights).sum().backward();
    return {context.detach(), qkv.grad(), torch::zeros({1})};
  }
  const auto q = torch::randn({queries.tokens(), width}).mul_(2).requires_grad_();
  const auto kv = torch::randn({keys.tokens(), 2 * width}).mul_(2).requires_grad_();
  const auto context = kernel.cross_attend(q, kv, shape);
  (context * weights).sum().backward();
  return {context.detach(), q.grad(), kv.grad()};
}

double difference(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).abs().max().item<double>(); }

// The largest difference, as a part of the largest value. Worst seen 1.7e-6 (packed), 3.4e-6 (LibTorch's own).
double relative_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return difference(a, b) / std::max(1.0, b.abs().max().item<double>());
}

}  // namespace

TEST_CASE("every attention kernel agrees with the one written out") {
  for (const auto* kernel : attention_kernels()) {
    for (std::size_t i = 0; i < kCases.size(); ++i) {
      if (!kernel->supports({.head_width = kCases[i].head_width})) continue;
      INFO(kernel->name() << ", case " << i);
      const auto expected = run(kernels::plain(), kCases[i]), actual = run(*kernel, kCases[i]);
      CHECK(relative_difference(actual.context, expected.context) < 5e-6);
      CHECK(relative_difference(actual.first_gradient, expected.first_gradient) < 5e-6);
      CHECK(relative_difference(actual.second_gradient, expected.second_gradient) < 5e-6);
    }
  }
}

TEST_CASE("the packed kernel is the one chosen on a CPU and refuses what it cannot do") {
  CHECK(best_attention_kernel({.head_width = 32}).name() == "packed");
  CHECK(best_attention_kernel({.head_width = 24}).name() == "fused");
  CHECK(best_attention_kernel({.head_width = 32, .dropout = true}).name() == "packed");
  CHECK(best_attention_kernel({.head_width = 24, .dropout = true}).name() == "plain");
  CHECK(best_attention_kernel({.dtype = torch::kFloat64, .head_width = 32}).name() == "fused");
  CHECK(best_attention_kernel({.device = torch::kCUDA, .head_width = 32}).name() == "fused");
}

TEST_CASE("long texts go to LibTorch's blocks, and the short ones beside them have the answer they have alone") {
  CHECK(best_attention_kernel({.head_width = 32, .long_texts = true}).name() == "long");
  CHECK(best_attention_kernel({.head_width = 32, .dropout = true, .long_texts = true}).name() == "packed");
  CHECK(best_attention_kernel({.head_width = 32, .window = true, .long_texts = true}).name() == "packed");
  CHECK(best_attention_kernel({.device = torch::kCUDA, .head_width = 32, .long_texts = true}).name() == "fused");
  for (const auto causality : {Causality::kBidirectional, Causality::kCausal}) {
    const Case test{{20, 1600}, {20, 1600}, causality, 2, 16};
    const auto expected = run(kernels::packed(), test), actual = run(kernels::long_texts(), test);
    CHECK(relative_difference(actual.context, expected.context) < 5e-6);
    CHECK(relative_difference(actual.first_gradient, expected.first_gradient) < 5e-6);
    CHECK(torch::equal(actual.context.narrow(0, 0, 20), expected.context.narrow(0, 0, 20)));
    CHECK(torch::equal(actual.first_gradient.narrow(0, 0, 20), expected.first_gradient.narrow(0, 0, 20)));
    CHECK_FALSE(torch::equal(actual.context, expected.context));  // the long one was not computed by the same code
  }
}

TEST_CASE("a causal context ignores the future") {
  for (const auto* kernel : attention_kernels()) {
    torch::manual_seed(3);
    const PackedLayout layout({9, 40}, torch::kCPU);
    const AttentionShape shape{.queries = layout, .keys = layout, .causality = Causality::kCausal, .num_heads = 2};
    const auto qkv = torch::randn({49, 96});
    auto changed = qkv.clone();
    changed.narrow(0, 9 + 20, 20).normal_();  // the second sentence's last 20 tokens
    INFO(kernel->name());
    const auto before = kernel->self_attend(qkv, shape), after = kernel->self_attend(changed, shape);
    CHECK(torch::equal(before.narrow(0, 0, 29), after.narrow(0, 0, 29)));
    CHECK_FALSE(torch::equal(before, after));
  }
}

TEST_CASE("attention over a batch is attention over each sentence") {
  for (const auto* kernel : attention_kernels()) {
    torch::manual_seed(4);
    const PackedLayout both({5, 34}, torch::kCPU), second({34}, torch::kCPU);
    const auto qkv = torch::randn({39, 96});
    const auto together = kernel->self_attend(qkv, {.queries = both, .keys = both, .num_heads = 2});
    const auto alone = kernel->self_attend(qkv.narrow(0, 5, 34), {.queries = second, .keys = second, .num_heads = 2});
    INFO(kernel->name());
    CHECK(difference(together.narrow(0, 5, 34), alone) < 1e-6);
  }
}

TEST_CASE("attention weights dropped leave the others larger, on average the same") {
  for (const char* name : {"plain", "packed"}) {
    INFO(name);
    torch::manual_seed(5);
    const PackedLayout layout({64, 50}, torch::kCPU);
    auto qkv = torch::zeros({114, 96});
    qkv.narrow(1, 64, 32).fill_(1);  // equal weights, values 1: the context is the sum of the kept weights
    const AttentionShape shape{.queries = layout, .keys = layout, .num_heads = 2, .dropout = 0.5};
    const auto context = attention_kernel(name).self_attend(qkv, shape);
    CHECK(std::abs(context.mean().item<double>() - 1.0) < 0.05);
    CHECK(context.std().item<double>() > 0.05);
    // Heads and rows lose other weights, and the same seed the same ones.
    CHECK_FALSE(torch::equal(context.narrow(1, 0, 1), context.narrow(1, 16, 1)));
    CHECK_FALSE(torch::equal(context[0], context[1]));
    torch::manual_seed(5);
    CHECK(torch::equal(attention_kernel(name).self_attend(qkv, shape), context));
  }
}

TEST_CASE("the packed kernel's gradient with dropout is that of the weights it kept") {
  for (const auto& [causality, window] : {std::pair{Causality::kBidirectional, 0}, std::pair{Causality::kCausal, 0},
                                          std::pair{Causality::kBidirectional, 24}, std::pair{Causality::kCausal, 9}}) {
    const PackedLayout layout({33, 7, 50}, torch::kCPU);
    const AttentionShape shape{.queries = layout, .keys = layout, .causality = causality, .num_heads = 2, .dropout = 0.3, .window = window};
    torch::manual_seed(6);
    const auto qkv = torch::randn({90, 96}), weights = torch::randn({90, 32}), direction = torch::randn({90, 96});
    const auto loss = [&](const torch::Tensor& at) {
      torch::manual_seed(9);  // the same weights dropped
      return (kernels::packed().self_attend(at, shape) * weights).sum();
    };
    const auto leaf = qkv.clone().requires_grad_();
    loss(leaf).backward();
    const double analytic = (leaf.grad() * direction).sum().item<double>();
    const double step = 2e-3;
    const double numeric = (loss(qkv + step * direction) - loss(qkv - step * direction)).item<double>() / (2 * step);
    CHECK(numeric == Approx(analytic).epsilon(2e-3));
  }
}

TEST_CASE("every query loses weights of its own, of whichever sentence and head, in cross-attention too") {
  // Queries of zero weigh all keys alike, and both sentences have the same values: contexts are equal where the weights dropped are.
  const PackedLayout queries({60, 50}, torch::kCPU), keys({40, 40}, torch::kCPU);
  torch::manual_seed(8);
  const auto kv = torch::randn({40, 64}).repeat({2, 1});
  for (const char* name : {"plain", "packed"}) {
    INFO(name);
    const AttentionShape shape{.queries = queries, .keys = keys, .num_heads = 2, .dropout = 0.5};
    const auto context_QE = attention_kernel(name).cross_attend(torch::zeros({110, 32}), kv, shape);
    CHECK(std::get<0>(torch::unique_dim(context_QE, 0)).size(0) == 110);
    auto same_values = torch::zeros({80, 64});
    same_values.narrow(1, 32, 32).copy_(kv.narrow(1, 32, 16).repeat({1, 2}));  // the two heads' values alike
    const auto heads = attention_kernel(name).cross_attend(torch::zeros({110, 32}), same_values, shape);
    CHECK((heads.narrow(1, 0, 16) != heads.narrow(1, 16, 16)).any(1).all().item<bool>());
  }
}

TEST_CASE("the packed kernel's gradient with dropout is that of the weights it kept, in cross-attention too") {
  const PackedLayout queries({33, 7, 50}, torch::kCPU), keys({5, 40, 17}, torch::kCPU);
  const AttentionShape shape{.queries = queries, .keys = keys, .num_heads = 2, .dropout = 0.3};
  torch::manual_seed(6);
  const auto q = torch::randn({90, 32}), kv = torch::randn({62, 64}), weights = torch::randn({90, 32});
  const auto q_direction = torch::randn({90, 32}), kv_direction = torch::randn({62, 64});
  const auto loss = [&](const torch::Tensor& at_q, const torch::Tensor& at_kv) {
    torch::manual_seed(9);  // the same weights dropped
    return (kernels::packed().cross_attend(at_q, at_kv, shape) * weights).sum();
  };
  const auto q_leaf = q.clone().requires_grad_(), kv_leaf = kv.clone().requires_grad_();
  loss(q_leaf, kv_leaf).backward();
  const double analytic = ((q_leaf.grad() * q_direction).sum() + (kv_leaf.grad() * kv_direction).sum()).item<double>();
  const double step = 2e-3;
  const double numeric =
      (loss(q + step * q_direction, kv + step * kv_direction) - loss(q - step * q_direction, kv - step * kv_direction)).item<double>() /
      (2 * step);
  CHECK(numeric == Approx(analytic).epsilon(2e-3));
}

TEST_CASE("a mask that is not bool or not three-dimensional is our mistake") {
  CHECK_THROWS(AttentionMask(torch::zeros({1, 2, 2})));
  CHECK_THROWS(AttentionMask(torch::ones({2, 2}, torch::kBool)));
}

}  // namespace attend
