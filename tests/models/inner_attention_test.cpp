// Every kind of attention against its equation written out, outputs and gradients; against full attention where both must agree; and a
// token at a time against the whole sequence.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "models/layers/inner_attention.h"

namespace attend {
namespace {

struct Case {
  AttentionChoice choice;
  std::vector<std::int64_t> lengths;
  Causality causality;
  std::int64_t head_width;  // 32: the kernel of whole vectors; 24: the general ones
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const AttentionChoice& choice :
       {AttentionChoice{.kind = AttentionKind::kFull}, AttentionChoice{.kind = AttentionKind::kWindow, .window = 1},
        AttentionChoice{.kind = AttentionKind::kWindow, .window = 7}, AttentionChoice{.kind = AttentionKind::kWindow, .window = 40},
        AttentionChoice{.kind = AttentionKind::kBigBird, .block = 4, .random = 1},
        AttentionChoice{.kind = AttentionKind::kBigBird, .block = 3, .random = 2},
        AttentionChoice{.kind = AttentionKind::kLinformer, .projected = 20}, AttentionChoice{.kind = AttentionKind::kLinear},
        AttentionChoice{.kind = AttentionKind::kReformer, .buckets = 6, .chunk = 5, .rounds = 3},
        AttentionChoice{.kind = AttentionKind::kReformer, .buckets = 1, .chunk = 300, .rounds = 1}})
    for (const Causality causality : {Causality::kBidirectional, Causality::kCausal}) {
      if (causality == Causality::kCausal && (choice.kind == AttentionKind::kLinformer || choice.kind == AttentionKind::kBigBird)) continue;
      for (const std::int64_t head_width : {std::int64_t{32}, std::int64_t{24}})
        cases.push_back({choice, {3, 130, 1, 64, 33}, causality, head_width});
    }
  return cases;
}

constexpr std::int64_t kHeads = 2;

AttentionConfig config_of(const Case& test) {
  return {.hidden_size = kHeads * test.head_width, .num_heads = kHeads, .choice = test.choice, .max_positions = 130};
}

std::int64_t width_of(const Case& test) { return test.choice.projections() * kHeads * test.head_width; }

std::shared_ptr<InnerAttention> attention_of(const Case& test) {
  auto attention = make_inner_attention(config_of(test));
  attention->initialize();
  return attention;
}

std::string name_of(const Case& test) {
  return std::string(enum_name(test.choice.kind)) + " " + std::to_string(test.choice.window) + " " + std::to_string(test.choice.block) +
         (test.causality == Causality::kCausal ? ", causal, " : ", bidirectional, ") + std::to_string(test.head_width);
}

/// The contexts by weights written out. Values are what qkv_N3E ends with.
torch::Tensor written_out(const InnerAttention& attention, const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality,
                          std::int64_t width) {
  const auto weights_BHQK = attention.weights(qkv_N3E, tokens, causality);
  const auto v_NE = qkv_N3E.narrow(1, qkv_N3E.size(1) - width, width);
  const auto context_BHQD = torch::matmul(weights_BHQK, tokens.pad(v_NE.unflatten(1, {kHeads, -1})).transpose(1, 2));
  return tokens.unpad(context_BHQD.transpose(1, 2)).flatten(1);
}

double relative_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>() / std::max(1.0, b.abs().max().item<double>());
}

}  // namespace

TEST_CASE("every kind of attention is its equation written out, with its gradients") {
  for (const Case& test : all_cases()) {
    INFO(name_of(test));
    torch::manual_seed(3);
    const PackedLayout tokens(test.lengths, torch::kCPU);
    const auto attention = attention_of(test);
    const auto qkv = torch::randn({tokens.tokens(), width_of(test)}).requires_grad_();
    const auto factors = torch::randn({tokens.tokens(), kHeads * test.head_width});

    const auto context = attention->forward(qkv, tokens, test.causality);
    (context * factors).sum().backward();
    const auto gradient = qkv.grad().clone();
    qkv.mutable_grad().zero_();
    const auto expected = written_out(*attention, qkv, tokens, test.causality, kHeads * test.head_width);
    (expected * factors).sum().backward();
    CHECK(relative_difference(context, expected) < 5e-6);
    CHECK(relative_difference(gradient, qkv.grad()) < 5e-6);
  }
}

TEST_CASE("Big Bird that answers draws no blocks, and counts the first one for each") {
  for (const std::int64_t random : {1, 2}) {
    torch::manual_seed(9);
    const PackedLayout tokens({50, 3, 130, 52}, torch::kCPU);
    const AttentionConfig config{.hidden_size = 64,
                                 .num_heads = kHeads,
                                 .choice = {.kind = AttentionKind::kBigBird, .block = 4, .random = random},
                                 .max_positions = 130,
                                 .layer = 3};
    const auto attention = make_inner_attention(config);
    const auto qkv = torch::randn({tokens.tokens(), 3 * 64});
    const auto training = attention->forward(qkv, tokens, Causality::kBidirectional);
    attention->eval();
    const auto context = attention->forward(qkv, tokens, Causality::kBidirectional);
    CHECK(relative_difference(context, written_out(*attention, qkv, tokens, Causality::kBidirectional, 64)) < 5e-6);
    CHECK(relative_difference(context, training) > 1e-3);
    // A text's contexts are those it has alone.
    const auto alone = attention->forward(qkv.narrow(0, 53, 130), PackedLayout({130}, torch::kCPU), Causality::kBidirectional);
    CHECK(relative_difference(context.narrow(0, 53, 130), alone) < 1e-6);
  }
}

TEST_CASE("Big Bird of texts whose blocks are all global is full attention, to the bit") {
  torch::manual_seed(10);
  const PackedLayout tokens({28, 9, 1}, torch::kCPU);
  AttentionConfig config{.hidden_size = 64, .num_heads = 2, .max_positions = 130};
  const auto full = make_inner_attention(config);
  config.choice = {.kind = AttentionKind::kBigBird, .block = 4, .random = 1};
  const auto big_bird = make_inner_attention(config);
  const auto qkv = torch::randn({38, 3 * 64});
  CHECK(torch::equal(big_bird->forward(qkv, tokens, Causality::kBidirectional), full->forward(qkv, tokens, Causality::kBidirectional)));
  CHECK(relative_difference(big_bird->weights(qkv, tokens, Causality::kBidirectional),
                            full->weights(qkv, tokens, Causality::kBidirectional)) < 1e-6);
}

TEST_CASE("weights of a real token sum to one, and a causal one sees nothing that comes later") {
  for (const Case& test : all_cases()) {
    INFO(name_of(test));
    torch::manual_seed(4);
    const PackedLayout tokens({5, 60}, torch::kCPU);
    const auto qkv = torch::randn({65, width_of(test)});
    const auto weights = attention_of(test)->weights(qkv, tokens, test.causality);
    if (test.choice.kind == AttentionKind::kLinformer) continue;  // F may take any share of a value, and less than nothing
    const auto sums_N = tokens.unpad(weights.sum(3).transpose(1, 2));
    CHECK(relative_difference(sums_N, torch::ones_like(sums_N)) < 1e-5);
    if (test.causality == Causality::kCausal) CHECK(weights.triu(1).abs().max().item<double>() == 0);
  }
}

TEST_CASE("projections that are the identity are full attention") {
  torch::manual_seed(8);
  const PackedLayout tokens({30, 30}, torch::kCPU);
  AttentionConfig config{.hidden_size = 64, .num_heads = 2};
  const auto full = make_inner_attention(config);
  config.choice = {.kind = AttentionKind::kLinformer, .projected = 30};
  config.max_positions = 30;
  const auto linformer = make_inner_attention(config);
  {
    const torch::NoGradGuard no_gradient;
    for (auto& projection : linformer->parameters()) projection.copy_(torch::eye(30));
  }
  const auto qkv = torch::randn({60, 3 * 64});
  CHECK(relative_difference(linformer->forward(qkv, tokens, Causality::kBidirectional),
                            full->forward(qkv, tokens, Causality::kBidirectional)) < 5e-6);
}

TEST_CASE("a window as long as the text is full attention") {
  torch::manual_seed(5);
  const PackedLayout tokens({40, 70}, torch::kCPU);
  const auto qkv = torch::randn({110, 3 * 64});
  for (const Causality causality : {Causality::kBidirectional, Causality::kCausal}) {
    const AttentionConfig full{.hidden_size = 64, .num_heads = 2};
    AttentionConfig window = full;
    window.choice = {.kind = AttentionKind::kWindow, .window = 2 * 70};
    CHECK(torch::equal(make_inner_attention(window)->forward(qkv, tokens, causality),
                       make_inner_attention(full)->forward(qkv, tokens, causality)));
  }
}

TEST_CASE("a token at a time gives the contexts of the whole sequence, prompts and reordered rows included") {
  for (const Case& test : all_cases()) {
    if (test.causality != Causality::kCausal) continue;
    INFO(name_of(test));
    torch::manual_seed(6);
    const torch::NoGradGuard no_gradient;
    const std::int64_t width = width_of(test);
    const auto attention = attention_of(test);
    // Two prompts, of 9 tokens and none, two rows each; then four steps; before the third the rows change places and one goes.
    std::vector<std::vector<torch::Tensor>> read(4);  // each row's tokens
    DecoderPast past({.lengths = {9, 0}, .rows_per_prompt = 2}, 4);
    past.add_layer(attention->start_past(past.rows(), torch::TensorOptions()));
    const auto prompt = torch::randn({9, width});
    past.layer(0).keep_prompts(prompt, PackedLayout({9}, torch::kCPU));
    past.advance();
    for (std::int64_t i = 0; i < 9; ++i)
      for (const std::size_t row : {0, 1}) read[row].push_back(prompt.narrow(0, i, 1));
    for (int step = 0; step < 4; ++step) {
      if (step == 2) {
        past.reorder(std::vector<std::int64_t>{3, 1, 1});
        read = {read[3], read[1], read[1]};
      }
      const auto qkv_R3E = torch::randn({static_cast<std::int64_t>(read.size()), width});
      const auto context_RE = past.layer(0).step(qkv_R3E);
      past.advance();
      for (std::size_t row = 0; row < read.size(); ++row) {
        read[row].push_back(qkv_R3E.narrow(0, static_cast<std::int64_t>(row), 1));
        const PackedLayout whole({static_cast<std::int64_t>(read[row].size())}, torch::kCPU);
        const auto expected = attention->forward(torch::cat(read[row]), whole, Causality::kCausal)[-1];
        CHECK(relative_difference(context_RE[static_cast<std::int64_t>(row)], expected) < 5e-6);
      }
    }
  }
}

}  // namespace attend
