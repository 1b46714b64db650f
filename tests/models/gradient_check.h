// Gradients against central differences (RELIABILITY.md R10).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include <torch/torch.h>

namespace attend {

/// Runs `value` (a scalar of float64) backward, and returns how far the gradient of every `every`-th element of the tensors lies from the
/// difference quotient, at most: |numeric - analytic| / max(1, |analytic|).
inline double worst_gradient_error(const std::function<torch::Tensor()>& value, const std::vector<torch::Tensor>& tensors,
                                   std::int64_t every) {
  value().backward();
  const torch::NoGradGuard no_gradient;
  constexpr double kStep = 1e-5;
  double worst = 0;
  for (const auto& tensor : tensors) {
    auto flat = tensor.view(-1);
    const auto gradient = tensor.grad().reshape(-1);
    for (std::int64_t i = 0; i < flat.numel(); i += every) {
      const double before = flat[i].item<double>();
      flat[i].fill_(before + kStep);
      const double above = value().item<double>();
      flat[i].fill_(before - kStep);
      const double below = value().item<double>();
      flat[i].fill_(before);
      const double numeric = (above - below) / (2 * kStep), analytic = gradient[i].item<double>();
      worst = std::max(worst, std::abs(numeric - analytic) / std::max(1.0, std::abs(analytic)));
    }
  }
  return worst;
}

}  // namespace attend
