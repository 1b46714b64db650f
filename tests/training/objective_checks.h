// What the tests of objectives ask of each.
#pragma once

#include <string>

#include <torch/torch.h>

#include <catch2/catch.hpp>

#include "training/objective.h"

namespace attend {

/// The next batch's mean loss, without dropout; checks that the targets were counted right.
inline double loss_of_next(Objective& objective) {
  const torch::NoGradGuard no_grad;
  objective.model().eval();
  const auto batch = objective.next();
  const SummedLoss loss = objective.loss(*batch).front();
  CHECK(loss.num_targets == batch->num_targets.front());
  return loss.loss.item<double>() / static_cast<double>(loss.num_targets);
}

inline double value(const Metrics& metrics, const std::string& name) {
  for (const auto& [candidate, number] : metrics)
    if (candidate == name) return number;
  FAIL("no metric " << name);
  return 0;
}

}  // namespace attend
