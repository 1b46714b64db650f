#include "training/optimizer.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/safetensors.h"
#include "models/tensor_io.h"

namespace attend {
namespace {

bool is_finite(const torch::Tensor& tensor) { return torch::isfinite(tensor).all().item<bool>(); }

}  // namespace

Optimizer::Optimizer(const torch::nn::Module& model, const OptimizerOptions& options, std::shared_ptr<Ranks> ranks)
    : options_(options), ranks_(std::move(ranks)), groups_(2) {
  groups_[0].weight_decay = options.weight_decay;
  for (const auto& named : model.named_parameters()) {
    const torch::Tensor& parameter = named.value();
    if (!parameter.requires_grad()) continue;
    TORCH_CHECK(parameter.scalar_type() == torch::kFloat32, named.key(), " is trained in float32 only");
    Group& group = groups_[parameter.dim() >= 2 ? 0 : 1];
    group.names.push_back(named.key());
    group.parameters.push_back(parameter);
  }
  share_out();
  for (Group& group : groups_) {
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      const auto zeros = [&] {
        // An expanded number has the shape and no memory.
        return owns(group, i) ? torch::zeros_like(group.parameters[i], torch::MemoryFormat::Contiguous)
                              : torch::zeros({}, group.parameters[i].options().requires_grad(false)).expand_as(group.parameters[i]);
      };
      group.exp_avg.push_back(zeros());
      group.exp_avg_sq.push_back(zeros());
    }
  }
  TORCH_CHECK(!groups_[0].names.empty() || !groups_[1].names.empty(), "the model has no parameter to train");
  const Group& first = groups_[groups_[0].names.empty() ? 1 : 0];
  step_ = torch::zeros({}, first.parameters.front().options().requires_grad(false));
}

/// The largest first, each to who has least. Without shards all belong to the first.
void Optimizer::share_out() {
  struct Item {
    Group* group;
    std::size_t index;
  };
  std::vector<Item> items;
  for (Group& group : groups_) {
    group.owners.assign(group.parameters.size(), 0);
    for (std::size_t i = 0; i < group.parameters.size(); ++i) items.push_back({&group, i});
  }
  if (!options_.is_sharded) return;
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return a.group->parameters[a.index].numel() > b.group->parameters[b.index].numel();
  });
  std::vector<std::int64_t> load(static_cast<std::size_t>(ranks_->process().world), 0);
  for (const Item& item : items) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += item.group->parameters[item.index].numel();
    item.group->owners[item.index] = static_cast<int>(least - load.begin());
  }
}

std::vector<torch::Tensor> Optimizer::parameters() const {
  std::vector<torch::Tensor> all;
  for (const Group& group : groups_) all.insert(all.end(), group.parameters.begin(), group.parameters.end());
  return all;
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
  gathered_.clear();
  step_ += 1;
  for (const Group& group : groups_) step_group(group, learning_rate, gradient_divisor);
  if (!options_.is_sharded) return;
  for (int owner = 0; owner < ranks_->process().world; ++owner) {
    std::vector<torch::Tensor> updated;
    for (const Group& group : groups_)
      for (std::size_t i = 0; i < group.parameters.size(); ++i)
        if (group.owners[i] == owner && group.parameters[i].grad().defined()) updated.push_back(group.parameters[i]);
    ranks_->share(updated, owner);
  }
}

void Optimizer::step_group(const Group& group, double learning_rate, const std::optional<torch::Tensor>& gradient_divisor) {
  std::vector<torch::Tensor> parameters, gradients, exp_avg, exp_avg_sq;
  for (std::size_t i = 0; i < group.parameters.size(); ++i) {
    if (!group.parameters[i].grad().defined() || !owns(group, i)) continue;
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

void Optimizer::gather() {
  if (!options_.is_sharded || ranks_->is_alone()) return;
  for (const Group& group : groups_) {
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      const auto brought = ranks_->bring_to_first({group.exp_avg[i], group.exp_avg_sq[i]}, group.owners[i]);
      if (brought.empty() || group.owners[i] == 0) continue;
      gathered_["exp_avg." + group.names[i]] = brought[0];
      gathered_["exp_avg_sq." + group.names[i]] = brought[1];
    }
  }
}

void Optimizer::save(const std::filesystem::path& file) const {
  NamedTensors tensors{{"step", step_}};
  for (const Group& group : groups_) {
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      if (!owns(group, i)) continue;
      tensors["exp_avg." + group.names[i]] = group.exp_avg[i];
      tensors["exp_avg_sq." + group.names[i]] = group.exp_avg_sq[i];
    }
  }
  tensors.insert(gathered_.begin(), gathered_.end());
  write_tensors(file, tensors);
}

void Optimizer::load(const std::filesystem::path& file) {
  const torch::NoGradGuard no_grad;
  const SafetensorsReader reader(file);
  std::size_t used = 0;
  const auto take = [&](const std::string& name, torch::Tensor& tensor, bool is_ours) {
    const auto found = reader.tensors().find(name);
    if (found == reader.tensors().end()) throw UserError(reader.name() + ": no tensor '" + name + "'; it is of another model");
    if (found->second.dtype != DType::kF32 || torch::IntArrayRef(found->second.shape) != tensor.sizes())
      throw UserError(reader.name() + ": tensor '" + name + "' does not have the shape of this model's");
    if (is_ours) copy_from_file(found->second, name, tensor);
    ++used;
  };
  for (Group& group : groups_) {
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      take("exp_avg." + group.names[i], group.exp_avg[i], owns(group, i));
      take("exp_avg_sq." + group.names[i], group.exp_avg_sq[i], owns(group, i));
    }
  }
  take("step", step_, true);
  if (used != reader.tensors().size()) throw UserError(reader.name() + ": holds tensors that this model does not have");
}

std::int64_t Optimizer::num_parameters() const {
  std::int64_t count = 0;
  for (const Group& group : groups_)
    for (const torch::Tensor& parameter : group.parameters) count += parameter.numel();
  return count;
}

}  // namespace attend
