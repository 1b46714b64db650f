// What the benchmarks share: clocks, medians, printing.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "apps/commands/bench.h"
#include "core/error.h"
#include "core/json.h"
#include "training/autocast.h"
#include "training/optimizer.h"

namespace attend {

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

inline double peak_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

inline void print_record(const Json& record, bool as_json, std::ostream& out) {
  if (as_json) {
    out << one_line(record) << '\n';
    return;
  }
  for (const auto& [name, value] : record.items()) out << name << ' ' << value.dump() << '\n';
}

/// Throws UserError for random sequences that are longer than the model's positions.
inline void require_positions(std::int64_t length, std::int64_t positions, const std::string& hint = "") {
  if (length > positions)
    throw UserError("--length is " + std::to_string(length) + "; the model has " + std::to_string(positions) + " positions", hint);
}

/// Products of `model`'s forward pass in the precision asked for, as the trainer makes them.
inline Autocast forward_precision(const CommonOptions& options, const torch::nn::Module& model) {
  const bool is_bfloat16 = options.precision == Precision::kBFloat16;
  return Autocast(is_bfloat16 ? TrainingPrecision::kBfloat16 : TrainingPrecision::kFloat32, model.parameters().front().device());
}

/// What a step of random sequences is made of.
template <class Batch>
struct BenchSteps {
  std::function<Batch()> draw;                           ///< not timed
  std::function<torch::Tensor(const Batch&)> mean_loss;  ///< what goes backward
};

/// Training steps (forward, backward, clipping, AdamW) of options.batch_size sequences of options.length tokens: prints tokens a second,
/// milliseconds a step and peak memory, the first quarter of the steps left out as warm-up.
template <class Batch>
void time_training(const BenchTrainOptions& options, const torch::nn::Module& model, const BenchSteps<Batch>& steps, std::ostream& out) {
  Optimizer optimizer(model, {.kind = OptimizerKind::kAdamW, .weight_decay = 0.01, .clip = 1.0});
  std::vector<double> seconds;
  double loss = 0;
  for (std::int64_t step = 0; step < options.steps; ++step) {
    const Batch batch = steps.draw();
    const auto start = std::chrono::steady_clock::now();
    const torch::Tensor mean = [&] {
      const Autocast autocast = forward_precision(options.common, model);
      return steps.mean_loss(batch);
    }();
    mean.backward();
    optimizer.step(1e-4, optimizer.gradient_norm().item<double>());
    optimizer.clear_gradients();
    loss = mean.item<double>();
    if (step >= options.steps / 4) seconds.push_back(seconds_since(start));
  }
  print_record({{"tokens_per_second", std::round(static_cast<double>(options.batch_size * options.length) / median(seconds))},
                {"milliseconds_per_step", std::round(median(seconds) * 1e4) / 10},
                {"parameters", optimizer.num_parameters()},
                {"loss", loss},
                {"peak_memory_mib", std::round(peak_memory_mib())}},
               options.common.json, out);
}

}  // namespace attend
