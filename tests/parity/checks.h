// What every family's parity test checks of a fixture: logits, loss, every gradient, the first optimizer steps, and the folder written
// back. A family says how its model computes them; here stand the comparisons and how far two sides may differ.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>

#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "models/model.h"
#include "models/tensor_io.h"
#include "tests/parity/fixture.h"
#include "tests/support/temp_folder.h"

namespace attend::parity {

/// The batch of that number in the fixture, to its loss: a mean, as transformers' is.
using LossOf = std::function<torch::Tensor(int batch)>;

inline void check_logits(const torch::Tensor& found, const torch::Tensor& expected, double tolerance = 1e-5) {
  REQUIRE(found.sizes() == expected.sizes());
  CHECK(difference(found, expected) < tolerance);
}

/// Of batch 0, with gradients and without: two paths of most kernels.
inline void check_loss(const LossOf& loss, const torch::Tensor& expected, double tolerance = 2e-6) {
  const double value = expected.item<double>();
  CHECK(std::abs(loss(0).item<double>() - value) < tolerance);
  const torch::NoGradGuard no_gradient;
  CHECK(std::abs(loss(0).item<double>() - value) < tolerance);
}

/// The gradients as a folder in transformers' names: the model saved with its parameters replaced by them.
inline NamedTensors gradients_by_their_names(Model& model) {
  const torch::NoGradGuard no_gradient;
  for (auto& parameter : model.parameters())
    if (parameter.requires_grad()) parameter.copy_(parameter.grad());  // one that is kept for the folder alone has none
  const TempFolder folder;
  model.save(folder.path());
  return read_tensors(folder / "model.safetensors");
}

/// Which names of a file are no parameters: computed, or a constant.
using IsConstant = std::function<bool(const std::string& name)>;
inline bool no_constant(const std::string&) { return false; }

/// Each "gradient.NAME" of the fixture against batch 0's; every parameter has one. The model's weights are lost.
inline void check_gradients(Model& model, const LossOf& loss, const NamedTensors& expected, const IsConstant& is_constant = no_constant) {
  loss(0).backward();
  const auto gradients = gradients_by_their_names(model);
  std::size_t compared = 0;
  for (const auto& [name, gradient] : gradients) {
    if (is_constant(name)) continue;
    INFO(name);
    REQUIRE(expected.contains("gradient." + name));
    const auto& theirs = expected.at("gradient." + name);
    REQUIRE(gradient.sizes() == theirs.sizes());
    CHECK(difference(gradient, theirs) < 2e-6 + 2e-5 * theirs.abs().max().item<double>());
    ++compared;
  }
  const auto is_gradient = [](const auto& item) { return item.first.starts_with("gradient."); };
  CHECK(compared == static_cast<std::size_t>(std::count_if(expected.begin(), expected.end(), is_gradient)));
}

/// Batches 0 and 1 in turn: the loss before each step is transformers'.
inline void check_steps(torch::optim::Optimizer& optimizer, const LossOf& loss, const torch::Tensor& expected, double tolerance) {
  for (std::int64_t step = 0; step < expected.numel(); ++step) {
    INFO("step " << step);
    optimizer.zero_grad();
    const auto found = loss(static_cast<int>(step % 2));
    CHECK(std::abs(found.item<double>() - expected[step].item<double>()) < tolerance);
    found.backward();
    optimizer.step();
  }
}

/// Every tensor of transformers' file is, bit for bit, in the one that the model writes, and no other.
inline void check_bytes(const Model& model, const std::filesystem::path& theirs, const std::filesystem::path& folder,
                        const IsConstant& is_left_out = no_constant) {
  model.save(folder);
  const auto expected = read_tensors(theirs / "model.safetensors"), found = read_tensors(folder / "model.safetensors");
  std::size_t compared = 0;
  for (const auto& [name, tensor] : expected) {
    if (is_left_out(name)) continue;
    INFO(name);
    REQUIRE(found.contains(name));
    CHECK(torch::equal(found.at(name), tensor));
    ++compared;
  }
  CHECK(compared == found.size());
}

}  // namespace attend::parity
