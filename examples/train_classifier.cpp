// A classifier made of the library's layers, trained in a loop of one's own: does a sequence hold the token 7?
// One layer of BERT's encoder (post-norm) over token embeddings, the first token's state classifies. Sequences are packed: no padding.
#include <attend/models/layers/attention.h>
#include <attend/models/layers/feed_forward.h>
#include <attend/models/layers/residual_norm.h>

#include <torch/torch.h>

#include <cstdio>

using namespace attend;

struct Classifier : torch::nn::Module {
  static constexpr std::int64_t kWidth = 32;
  torch::Tensor table = register_parameter("table", torch::randn({20, kWidth}) * 0.2);
  SelfAttention attention = register_module("attention", SelfAttention(AttentionConfig{.hidden_size = kWidth, .num_heads = 2}));
  FeedForward feed_forward = register_module("feed_forward", FeedForward(FeedForwardConfig{.hidden_size = kWidth, .inner_size = 64}));
  ResidualNorm norm_1 = register_module("norm_1", ResidualNorm(ResidualNormConfig{.width = kWidth}));
  ResidualNorm norm_2 = register_module("norm_2", ResidualNorm(ResidualNormConfig{.width = kWidth}));
  Linear head = register_module("head", Linear(kWidth, 2));

  Classifier() {
    for (Linear layer : {attention->qkv, attention->output, feed_forward->inner, feed_forward->output, head}) xavier_init(layer);
  }

  torch::Tensor forward(const torch::Tensor& ids_N, const PackedLayout& layout) {  // -> logits_B2
    auto x_NE = torch::embedding(table, ids_N);
    x_NE = norm_1->forward(x_NE, attention->forward(x_NE, {.tokens = layout}));
    x_NE = norm_2->forward(x_NE, feed_forward->forward(x_NE));
    std::vector<std::int64_t> first(layout.offsets().begin(), layout.offsets().end() - 1);
    return head->forward(x_NE.index_select(0, ids_tensor(first, ids_N.device())));
  }
};

int main() {
  torch::manual_seed(1);
  Classifier model;
  torch::optim::AdamW optimizer(model.parameters(), torch::optim::AdamWOptions(3e-3));
  double right = 0;
  for (int step = 1; step <= 400; ++step) {
    const std::vector<std::int64_t> lengths{9, 12, 5, 16, 7, 11, 14, 6};
    const PackedLayout layout(lengths, torch::kCPU);
    auto ids_N = torch::randint(8, 20, {layout.tokens()}, torch::kInt64);
    auto labels_B = torch::randint(0, 2, {layout.batch()}, torch::kInt64);
    for (std::int64_t b = 0; b < layout.batch(); ++b)  // the token 7 somewhere behind the first, where the label says so
      if (labels_B[b].item<std::int64_t>() == 1) ids_N[layout.offsets()[b] + 1 + step % (lengths[b] - 1)] = 7;
    const auto logits_B2 = model.forward(ids_N, layout);
    const auto loss = torch::nn::functional::cross_entropy(logits_B2, labels_B);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (step > 350) right += (logits_B2.argmax(1) == labels_B).to(torch::kFloat64).mean().item<double>() / 50;
    if (step % 100 == 0) std::printf("step %d loss %.3f\n", step, loss.item<double>());
  }
  std::printf("accuracy of the last 50 steps: %.1f %%\n", 100 * right);
}
