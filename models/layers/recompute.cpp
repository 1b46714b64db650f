#include "models/layers/recompute.h"

#include <atomic>
#include <mutex>

#include <ATen/autocast_mode.h>
#include <torch/torch.h>

namespace attend {
namespace {

thread_local bool is_on = false;
std::atomic<std::int64_t> blocks{0};

/// The state of a device's default generator.
torch::Tensor random_state(c10::DeviceType type) {
  auto generator = at::globalContext().defaultGenerator(c10::Device(type, type == c10::kCPU ? -1 : 0));
  const std::lock_guard lock(generator.mutex());
  return generator.get_state();
}

void set_random_state(c10::DeviceType type, const torch::Tensor& state) {
  auto generator = at::globalContext().defaultGenerator(c10::Device(type, type == c10::kCPU ? -1 : 0));
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);
}

/// What a computation depends on besides its inputs: random numbers and autocast, as they are now.
class Surroundings {
 public:
  explicit Surroundings(c10::DeviceType type)
      : type_(type),
        on_host_(random_state(c10::kCPU)),
        on_device_(type == c10::kCPU ? torch::Tensor() : random_state(type)),
        casts_(at::autocast::is_autocast_enabled(type)),
        cast_type_(at::autocast::get_autocast_dtype(type)) {}

  void restore() const {
    set_random_state(c10::kCPU, on_host_);
    if (on_device_.defined()) set_random_state(type_, on_device_);
    at::autocast::set_autocast_dtype(type_, cast_type_);
    at::autocast::set_autocast_enabled(type_, casts_);
  }

 private:
  c10::DeviceType type_;
  torch::Tensor on_host_, on_device_;
  bool casts_;
  at::ScalarType cast_type_;
};

/// A cast of a weight made in one pass is not kept for the other: its graph is another.
class NoCastCache {
 public:
  NoCastCache() { at::autocast::set_autocast_cache_enabled(false); }
  ~NoCastCache() { at::autocast::set_autocast_cache_enabled(before_); }
  NoCastCache(const NoCastCache&) = delete;
  NoCastCache& operator=(const NoCastCache&) = delete;

 private:
  bool before_ = at::autocast::is_autocast_cache_enabled();
};

/// Puts surroundings back at the end of a scope.
class Detour {
 public:
  explicit Detour(c10::DeviceType type) : before_(type) {}
  ~Detour() { before_.restore(); }
  Detour(const Detour&) = delete;
  Detour& operator=(const Detour&) = delete;

 private:
  Surroundings before_;
};

struct Held final : torch::CustomClassHolder {
  Held(Block block_in, c10::DeviceType type_in) : block(std::move(block_in)), type(type_in), surroundings(type_in) {}
  Block block;
  c10::DeviceType type;
  Surroundings surroundings;
};

torch::Tensor leaf_of(const torch::Tensor& x) { return x.defined() ? x.detach().requires_grad_(x.requires_grad()) : torch::Tensor(); }

struct RecomputedFunction : torch::autograd::Function<RecomputedFunction> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                                                const std::optional<torch::Tensor>& second_or_none, const Block* block) {
    const auto second = second_or_none.value_or(torch::Tensor());
    context->saved_data["held"] = c10::IValue::make_capsule(c10::make_intrusive<Held>(*block, x.device().type()));
    context->save_for_backward({x, second});
    const NoCastCache no_cache;
    const BlockStates out = (*block)({x, second});
    if (!out.second.defined()) return {out.x};
    return {out.x, out.second};
  }

  // The block's parameters get their gradients within; what is returned is that of its inputs.
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto held = c10::static_intrusive_pointer_cast<Held>(context->saved_data["held"].toCapsule());
    const auto x = leaf_of(saved[0]), second = leaf_of(saved[1]);
    BlockStates out;
    {
      const Detour detour(held->type);
      const NoCastCache no_cache;
      const at::AutoGradMode with_gradient(true);
      held->surroundings.restore();
      out = held->block({x, second});
    }
    torch::autograd::variable_list roots, root_gradients;
    const auto add = [&](const torch::Tensor& root, std::size_t index) {
      if (!root.defined() || !root.requires_grad() || !gradients[index].defined()) return;
      roots.push_back(root);
      root_gradients.push_back(gradients[index]);
    };
    add(out.x, 0);
    if (gradients.size() > 1) add(out.second, 1);
    torch::autograd::backward(roots, root_gradients);
    return {x.grad(), second.defined() ? second.grad() : torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

Recompute::Recompute(bool is_wanted) : before_(is_on) { is_on = is_wanted; }
Recompute::~Recompute() { is_on = before_; }
std::int64_t Recompute::num_blocks() { return blocks; }

BlockStates recomputed(const Block& block, const BlockStates& states) {
  // Without a gradient at the inputs nobody would ask for those of the block's parameters.
  const bool asks = states.x.requires_grad() || (states.second.defined() && states.second.requires_grad());
  if (!is_on || !asks || !torch::GradMode::is_enabled()) return block(states);
  ++blocks;
  const auto second_or_none = states.second.defined() ? std::optional(states.second) : std::nullopt;
  const auto out = RecomputedFunction::apply(states.x, second_or_none, &block);
  return {out[0], out.size() > 1 ? out[1] : torch::Tensor()};
}

}  // namespace attend
