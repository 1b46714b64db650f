// Blocks that are computed again give the same bits: values, gradients, dropout.
#include <ATen/autocast_mode.h>
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "models/bert/heads.h"
#include "models/layers/recompute.h"
#include "models/layers/residual_norm.h"

using namespace attend;

namespace {

struct Gradients {
  torch::Tensor loss;
  std::vector<torch::Tensor> of_parameters;
};

/// Two blocks with dropout, which pass on two tensors.
Gradients two_blocks(bool recompute, const torch::Tensor& start, const std::vector<torch::Tensor>& weights) {
  torch::manual_seed(3);
  const Recompute mode(recompute);
  for (const auto& weight : weights) weight.mutable_grad() = torch::Tensor();
  const auto x = start.detach().requires_grad_();
  BlockStates states{x, x * 2};
  for (const auto& weight : weights) {
    const auto block = [weight](const BlockStates& in) -> BlockStates {
      return {torch::tanh(dropout(torch::mm(in.x, weight), 0.5)) + in.second, torch::dropout(in.x, 0.3, true)};
    };
    states = recomputed(block, states);
  }
  const auto loss = (states.x * states.second).sum();
  const auto next = torch::rand({1});  // random numbers go on as if nothing had been computed again
  loss.backward();
  return {loss.detach(), {weights[0].grad(), weights[1].grad(), x.grad(), next, torch::rand({1})}};
}

}  // namespace

TEST_CASE("a block that is computed again gives the same bits, random numbers included") {
  const auto start = torch::randn({6, 8});
  const std::vector weights{torch::randn({8, 8}).requires_grad_(), torch::randn({8, 8}).requires_grad_()};
  const std::int64_t before = Recompute::num_blocks();
  const Gradients kept = two_blocks(false, start, weights);
  CHECK(Recompute::num_blocks() == before);
  const Gradients again = two_blocks(true, start, weights);
  CHECK(Recompute::num_blocks() == before + 2);
  CHECK(torch::equal(kept.loss, again.loss));
  for (std::size_t i = 0; i < kept.of_parameters.size(); ++i) CHECK(torch::equal(kept.of_parameters[i], again.of_parameters[i]));
}

TEST_CASE("a block behind frozen layers keeps its parameters' gradients") {
  const Recompute mode(true);
  const auto weight = torch::randn({4, 4}).requires_grad_(), x = torch::randn({2, 4});
  const auto out = recomputed([weight](const BlockStates& in) -> BlockStates { return {torch::mm(in.x, weight)}; }, {x});
  out.x.sum().backward();
  CHECK(weight.grad().defined());
}

TEST_CASE("nothing is computed twice without gradients, or outside the scope") {
  int runs = 0;
  const Block block = [&](const BlockStates& in) -> BlockStates {
    ++runs;
    return {in.x * 2};
  };
  const auto x = torch::ones({2}).requires_grad_();
  {
    const Recompute mode(true);
    const torch::NoGradGuard no_gradient;
    (void)recomputed(block, {x});
  }
  recomputed(block, {x}).x.sum().backward();
  CHECK(runs == 2);
  {
    const Recompute mode(true);
    recomputed(block, {x}).x.sum().backward();
  }
  CHECK(runs == 4);
}

TEST_CASE("a BERT in bfloat16 that computes its layers again has the same gradients, and keeps less") {
  BertConfig config = bert_preset("tiny");
  config.vocab_size = 50;
  config.dropout = 0.1;
  const auto model = make_bert(config, BertMaskedLanguageModel::NextSentence::kNo, /*seed=*/1, torch::kCPU);
  model->train();
  MaskedBatch batch;
  batch.text = {.tokens = {.ids = std::vector<std::int64_t>(60), .lengths = {20, 40}}, .type_ids = std::vector<std::int64_t>(60, 0)};
  for (std::size_t i = 0; i < 60; ++i) batch.text.tokens.ids[i] = static_cast<std::int64_t>(5 + i % 40);
  batch.masked_positions = {3, 25};
  batch.masked_labels = {7, 9};
  const auto gradients = [&](bool recompute) {
    torch::manual_seed(5);
    model->zero_grad();
    torch::Tensor loss;
    {
      const Recompute mode(recompute);
      at::autocast::set_autocast_dtype(torch::kCPU, torch::kBFloat16);
      at::autocast::set_autocast_enabled(torch::kCPU, true);
      loss = model->loss(batch).words.loss;
      at::autocast::clear_cache();
      at::autocast::set_autocast_enabled(torch::kCPU, false);
    }
    loss.backward();
    CHECK_FALSE(at::autocast::is_autocast_enabled(torch::kCPU));
    std::vector<torch::Tensor> all{loss.detach()};
    for (const auto& parameter : model->parameters())
      if (parameter.grad().defined()) all.push_back(parameter.grad().clone());
    return all;
  };
  const auto kept = gradients(false), again = gradients(true);
  REQUIRE(kept.size() == again.size());
  REQUIRE(kept.size() > 20);
  for (std::size_t i = 0; i < kept.size(); ++i) CHECK(torch::equal(kept[i], again[i]));
}
