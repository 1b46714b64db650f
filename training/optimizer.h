// Adam and AdamW over all parameters at once, with the gradient's norm, clipping and the search for NaN.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "training/training_options.h"

namespace attend {

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kAdam;
  double beta1 = 0.9;
  double beta2 = 0.98;
  double epsilon = 1e-9;
  double weight_decay = 0;  ///< of parameters with two dimensions or more: not of biases and layer norms
  double clip = 0;          ///< largest norm of all gradients together; 0: no clipping
};

/// Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019, algorithm 2), by LibTorch's fused
/// kernels: one pass over weights, gradients and state, clipping included.
class Optimizer {
 public:
  /// Takes every parameter of `model` that requires a gradient.
  Optimizer(const torch::nn::Module& model, const OptimizerOptions& options);

  /// Euclidean norm of all gradients together: a scalar tensor, so that the caller reads it with the loss, in one
  /// transfer. step() clips by it, so it comes first in every step.
  torch::Tensor gradient_norm();
  /// Updates every parameter that has a gradient. `norm` is gradient_norm()'s value, finite.
  void step(double learning_rate, double norm);
  /// Forgets the gradients: backward then writes new ones instead of adding to zeros.
  void clear_gradients();

  /// After a norm that is not finite: the first gradient that holds NaN or infinity, "" where each is finite by itself.
  std::string first_bad_gradient() const;
  /// The first parameter that holds NaN or infinity, "" where there is none.
  std::string first_bad_parameter() const;

  /// Running means and step count, as safetensors: "exp_avg.<parameter>", "exp_avg_sq.<parameter>", "step".
  /// Throws StorageError.
  void save(const std::filesystem::path& file) const;
  /// Throws UserError where names or shapes are not this model's.
  void load(const std::filesystem::path& file);

  std::int64_t num_parameters() const;  ///< numbers, not tensors

 private:
  struct Group {  // parameters with one weight decay, in the module's order
    double weight_decay = 0;
    std::vector<std::string> names;
    std::vector<torch::Tensor> parameters, exp_avg, exp_avg_sq;
  };
  void step_group(const Group& group, double learning_rate, const std::optional<torch::Tensor>& gradient_divisor);

  OptimizerOptions options_;
  std::vector<Group> groups_;
  torch::Tensor step_;  // float32 scalar: how many updates there were
};

}  // namespace attend
