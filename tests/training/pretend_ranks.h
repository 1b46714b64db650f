// One process that takes itself for one of several, whose shares of every sum are nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "training/ranks.h"

namespace attend {

class PretendRanks final : public Ranks {
 public:
  explicit PretendRanks(ProcessRank process) : process_(process) {}
  ProcessRank process() const override { return process_; }
  void sum(std::vector<double>&) override {}
  void sum(const std::vector<torch::Tensor>&) override {}
  std::unique_ptr<GradientSums> gradient_sums(const std::vector<torch::Tensor>& parameters) override {
    return plain_gradient_sums(*this, parameters);
  }
  void share(const std::vector<torch::Tensor>&, int) override {}
  std::vector<torch::Tensor> bring_to_first(const std::vector<torch::Tensor>& tensors, int) override { return tensors; }
  void first_alone(const std::function<void()>& work) override {
    if (is_first()) work();
  }
  void wait_for_first() override {}
  void let_others_go() override {}
  using Ranks::from_first;
  std::string from_first(const std::string& text) override { return first_text.empty() ? text : first_text; }

  std::string first_text;  ///< what the first process says; empty: the same as this one

 private:
  ProcessRank process_;
};

}  // namespace attend
