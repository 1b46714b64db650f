// A model small enough to train in microseconds, with everything the trainer relies on: dropout, a shuffled endless
// stream with epochs, micro-batches of unequal size, a folder to save to.
#pragma once

#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include "core/error.h"
#include "core/random.h"
#include "models/tensor_io.h"
#include "training/objective.h"

namespace attend {

/// y = W x + b with dropout on x; shapes: B examples, 4 inputs, 3 outputs.
struct ToyModel : torch::nn::Module {
  ToyModel() {
    RandomStream random(5, "toy weights");
    weight = register_parameter("weight", torch::empty({3, 4}));
    bias = register_parameter("bias", torch::zeros({3}));
    const torch::NoGradGuard no_grad;
    for (std::int64_t i = 0; i < weight.numel(); ++i) weight.view(-1)[i] = random.normal();
  }
  torch::Tensor forward(const torch::Tensor& x_BI) { return torch::linear(torch::dropout(x_BI, 0.2, is_training()), weight, bias); }
  torch::Tensor weight, bias;
};

struct ToySettings {
  std::uint64_t seed = 1;
  std::int64_t examples = 11;
  std::int64_t batch = 3;  ///< examples in a micro-batch; an epoch's last one has what is left
  bool has_validation = true;
  std::vector<double> scripted = {};       ///< validation losses, evaluation by evaluation; empty: measured
  std::int64_t nan_batch = -1;             ///< the micro-batch (counted from 0 over the whole run) whose loss is NaN
  bool nan_forever = false;                ///< and all after it
  std::function<void()> after_batch = {};  ///< called after each micro-batch's loss
  std::string validation = "the data";     ///< what validation() says
};

class ToyObjective : public Objective {
 public:
  struct Batch : MicroBatch {
    std::vector<std::int64_t> examples;
    bool is_bad = false;
  };

  explicit ToyObjective(ToySettings settings = {}) : settings_(std::move(settings)) {}

  ToyModel& model() override { return model_; }

  std::unique_ptr<MicroBatch> next() override {
    auto batch = std::make_unique<Batch>();
    std::vector<std::int64_t> order(static_cast<std::size_t>(settings_.examples));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
    RandomStream(settings_.seed, "toy order", {static_cast<std::uint64_t>(epoch_)}).shuffle(order);
    for (std::int64_t i = 0; i < settings_.batch && example_ < settings_.examples; ++i, ++example_)
      batch->examples.push_back(order[static_cast<std::size_t>(example_)]);
    if (example_ == settings_.examples) {
      example_ = 0;
      ++epoch_;
    }
    batch->num_tokens = static_cast<std::int64_t>(batch->examples.size());
    batch->num_targets = {batch->num_tokens};
    batch->is_bad = taken_ == settings_.nan_batch || (settings_.nan_forever && settings_.nan_batch >= 0 && taken_ > settings_.nan_batch);
    ++taken_;
    seen.insert(seen.end(), batch->examples.begin(), batch->examples.end());
    return batch;
  }

  std::vector<SummedLoss> loss(const MicroBatch& micro_batch) override {
    const auto& batch = dynamic_cast<const Batch&>(micro_batch);
    torch::Tensor sum = torch::zeros({});
    for (const std::int64_t example : batch.examples) sum = sum + example_loss(example);
    if (batch.is_bad) sum = sum * std::numeric_limits<float>::quiet_NaN();
    if (settings_.after_batch) settings_.after_batch();
    return {{.loss = sum, .num_targets = batch.num_tokens}};
  }

  Json position() const override { return Json{{"epoch", epoch_}, {"example", example_}, {"taken", taken_}}; }
  void seek(const Json& position) override {
    epoch_ = position.at("epoch").get<std::int64_t>();
    example_ = position.at("example").get<std::int64_t>();
    taken_ = position.at("taken").get<std::int64_t>();
  }
  std::int64_t epoch() const override { return epoch_; }
  std::int64_t micro_batches_per_epoch() override { return (settings_.examples + settings_.batch - 1) / settings_.batch; }

  bool can_evaluate() const override { return settings_.has_validation; }
  std::optional<Metrics> evaluate(const Sharing&) override {
    REQUIRE_FALSE(model_.is_training());
    double loss = 0;
    if (settings_.scripted.empty())
      for (std::int64_t example = 100; example < 104; ++example) loss += example_loss(example).item<double>() / 4;
    else
      loss = settings_.scripted.at(static_cast<std::size_t>(evaluations));
    ++evaluations;
    return Metrics{{"loss", loss}};
  }
  BestMetric best_metric() const override { return {}; }
  std::string validation() const override { return settings_.has_validation ? settings_.validation : ""; }

  void save(const std::filesystem::path& folder) const override {
    NamedTensors tensors;
    for (const auto& named : model_.named_parameters()) tensors[named.key()] = named.value().detach();
    write_tensors(folder / "model.safetensors", tensors);
    write_json_file(folder / "config.json", Json{{"model_type", "toy"}});
  }
  void load(const std::filesystem::path& folder) override {
    const torch::NoGradGuard no_grad;
    const NamedTensors tensors = read_tensors(folder / "model.safetensors");
    for (auto& named : model_.named_parameters()) named.value().copy_(tensors.at(named.key()));
  }

  Json settings() const override { return Json{{"train", "toy.txt"}}; }
  CardFacts card() const override { return {"A toy", "", {{"train", "toy.txt"}}, "attend toy --model {folder}"}; }

  std::vector<std::int64_t> seen;  ///< examples, in the order trained on
  std::int64_t evaluations = 0;

 private:
  torch::Tensor example_loss(std::int64_t example) {
    RandomStream random(3, "toy example", {static_cast<std::uint64_t>(example)});
    torch::Tensor x = torch::empty({4}), y = torch::empty({3});
    for (int i = 0; i < 4; ++i) x[i] = random.normal();
    for (int i = 0; i < 3; ++i) y[i] = 0.5 * x[i].item<double>() + 0.1 * i;
    return (model_.forward(x) - y).square().sum();
  }

  ToySettings settings_;
  ToyModel model_;
  std::int64_t epoch_ = 0, example_ = 0, taken_ = 0;
};

}  // namespace attend
