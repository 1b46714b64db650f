#include "training/optimizer.h"

#include <cmath>

#include "core/error.h"
#include "core/safetensors.h"
#include "models/tensor_io.h"

namespace attend {
namespace {

bool is_finite(const torch::Tensor& tensor) { return torch::isfinite(tensor).all().item<bool>(); }

}  // namespace

Optimizer::Optimizer(const torch::nn::Module& model, const OptimizerOptions& options) : options_(options), groups_(2) {
  groups_[0].weight_decay = options.weight_decay;
  for (const auto& named : model.named_parameters()) {
    const torch::Tensor& parameter = named.value();
    if (!parameter.requires_grad()) continue;
    TORCH_CHECK(parameter.scalar_type() == torch::kFloat32, named.key(), " is trained in float32 only");
    Group& group = groups_[parameter.dim() >= 2 ? 0 : 1];
    group.names.push_back(named.key());
    group.parameters.push_back(parameter);
    group.exp_avg.push_back(torch::zeros_like(parameter, torch::MemoryFormat::Contiguous));
    group.exp_avg_sq.push_back(torch::zeros_like(parameter, torch::MemoryFormat::Contiguous));
  }
  TORCH_CHECK(!groups_[0].names.empty() || !groups_[1].names.empty(), "the model has no parameter to train");
  const Group& first = groups_[groups_[0].names.empty() ? 1 : 0];
  step_ = torch::zeros({}, first.parameters.front().options().requires_grad(false));
}

torch::Tensor Optimizer::gradient_norm() {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> gradients;
  for (const Group& group : groups_)
    for (const torch::Tensor& parameter : group.parameters)
      if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  TORCH_CHECK(!gradients.empty(), "no parameter got a gradient");
  return torch::stack(at::_foreach_norm(gradients)).norm();
}

void Optimizer::step(double learning_rate, double norm) {
  const torch::NoGradGuard no_grad;
  TORCH_CHECK(std::isfinite(norm), "a step was asked for with a gradient that is not finite");
  // The fused kernels divide each gradient by a scalar as they read it: clipping costs no pass of its own.
  std::optional<torch::Tensor> gradient_divisor;
  if (options_.clip > 0 && norm > options_.clip) gradient_divisor = torch::full_like(step_, norm / options_.clip);
  step_ += 1;
  for (const Group& group : groups_) step_group(group, learning_rate, gradient_divisor);
}

void Optimizer::step_group(const Group& group, double learning_rate, const std::optional<torch::Tensor>& gradient_divisor) {
  std::vector<torch::Tensor> parameters, gradients, exp_avg, exp_avg_sq;
  for (std::size_t i = 0; i < group.parameters.size(); ++i) {
    if (!group.parameters[i].grad().defined()) continue;
    parameters.push_back(group.parameters[i]);
    gradients.push_back(group.parameters[i].grad());
    exp_avg.push_back(group.exp_avg[i]);
    exp_avg_sq.push_back(group.exp_avg_sq[i]);
  }
  if (parameters.empty()) return;
  const std::vector<torch::Tensor> steps(parameters.size(), step_);
  auto* const update = options_.kind == OptimizerKind::kAdam ? &at::_ops::_fused_adam_::call : &at::_ops::_fused_adamw_::call;
  update(parameters, gradients, exp_avg, exp_avg_sq, /*max_exp_avg_sqs=*/{}, steps, learning_rate, options_.beta1, options_.beta2,
         group.weight_decay, options_.epsilon, /*amsgrad=*/false, /*maximize=*/false, gradient_divisor, /*found_inf=*/{});
}

void Optimizer::clear_gradients() {
  for (const Group& group : groups_)
    for (const torch::Tensor& parameter : group.parameters) parameter.mutable_grad() = torch::Tensor();
}

std::string Optimizer::first_bad_gradient() const {
  for (const Group& group : groups_)
    for (std::size_t i = 0; i < group.names.size(); ++i)
      if (const torch::Tensor& gradient = group.parameters[i].grad(); gradient.defined() && !is_finite(gradient)) return group.names[i];
  return {};
}

std::string Optimizer::first_bad_parameter() const {
  for (const Group& group : groups_)
    for (std::size_t i = 0; i < group.names.size(); ++i)
      if (!is_finite(group.parameters[i])) return group.names[i];
  return {};
}

void Optimizer::save(const std::filesystem::path& file) const {
  NamedTensors tensors{{"step", step_}};
  for (const Group& group : groups_) {
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      tensors["exp_avg." + group.names[i]] = group.exp_avg[i];
      tensors["exp_avg_sq." + group.names[i]] = group.exp_avg_sq[i];
    }
  }
  write_tensors(file, tensors);
}

void Optimizer::load(const std::filesystem::path& file) {
  const torch::NoGradGuard no_grad;
  const SafetensorsReader reader(file);
  std::size_t used = 0;
  const auto take = [&](const std::string& name, torch::Tensor& tensor) {
    const auto found = reader.tensors().find(name);
    if (found == reader.tensors().end()) throw UserError(reader.name() + ": no tensor '" + name + "'; it is of another model");
    if (found->second.dtype != DType::kF32 || torch::IntArrayRef(found->second.shape) != tensor.sizes())
      throw UserError(reader.name() + ": tensor '" + name + "' does not have the shape of this model's");
    copy_from_file(found->second, name, tensor);
    ++used;
  };
  for (Group& group : groups_) {
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      take("exp_avg." + group.names[i], group.exp_avg[i]);
      take("exp_avg_sq." + group.names[i], group.exp_avg_sq[i]);
    }
  }
  take("step", step_);
  if (used != reader.tensors().size()) throw UserError(reader.name() + ": holds tensors that this model does not have");
}

std::int64_t Optimizer::num_parameters() const {
  std::int64_t count = 0;
  for (const Group& group : groups_)
    for (const torch::Tensor& parameter : group.parameters) count += parameter.numel();
  return count;
}

}  // namespace attend
