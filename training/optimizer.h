// Adam and AdamW over all parameters at once, with the gradient's norm, clipping and the search for NaN.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "training/ranks.h"
#include "training/training_options.h"

namespace attend {

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kAdam;
  double beta1 = 0.9;
  double beta2 = 0.98;
  double epsilon = 1e-9;
  double weight_decay = 0;  ///< of parameters with two dimensions or more: not of biases and layer norms
  double clip = 0;          ///< largest norm of all gradients together; 0: no clipping
  bool is_sharded = false;  ///< each process keeps the running means of its share of the parameters, and updates those
};

/// Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019, algorithm 2), by LibTorch's fused
/// kernels: one pass over weights, gradients and state, clipping included. Sharded, it is the first stage of ZeRO (Rajbhandari et al. 2020,
/// section 5.1), of the same bits: who owns a parameter updates it, and shares it with the others.
class Optimizer {
 public:
  /// Takes every parameter of `model` that requires a gradient.
  Optimizer(const torch::nn::Module& model, const OptimizerOptions& options, std::shared_ptr<Ranks> ranks = alone());

  /// Those that are trained.
  std::vector<torch::Tensor> parameters() const;

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

  /// All processes together, in front of a save(): brings the others' shares to the first, where they stay until the next step.
  void gather();
  /// Running means and step count, as safetensors: "exp_avg.<parameter>", "exp_avg_sq.<parameter>", "step".
  /// Throws StorageError.
  void save(const std::filesystem::path& file) const;
  /// Takes its share of a file of all. Throws UserError where names or shapes are not this model's.
  void load(const std::filesystem::path& file);

  std::int64_t num_parameters() const;  ///< numbers, not tensors

 private:
  struct Group {  // parameters with one weight decay, in the module's order
    double weight_decay = 0;
    std::vector<std::string> names;
    std::vector<torch::Tensor> parameters, exp_avg, exp_avg_sq;  // of another process's parameter: empty but for the shape
    std::vector<int> owners;
  };
  bool owns(const Group& group, std::size_t i) const { return !options_.is_sharded || group.owners[i] == ranks_->process().rank; }
  void share_out();
  void step_group(const Group& group, double learning_rate, const std::optional<torch::Tensor>& gradient_divisor);

  OptimizerOptions options_;
  std::shared_ptr<Ranks> ranks_;
  std::vector<Group> groups_;
  torch::Tensor step_;  // float32 scalar: how many updates there were
  std::map<std::string, torch::Tensor> gathered_;
};

}  // namespace attend
