#include "models/kernels/gelu.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "models/kernels/pieces.h"

namespace attend {
namespace {

using namespace simd;

constexpr std::int64_t kGrain = 8192;  // numbers that are worth waking a thread for; a multiple of kWidth
constexpr float kCubic = 0.044715f;
constexpr float kTwice = 1.5957691216057308f;  // 2 sqrt(2 / pi)

// e^-2u, u = sqrt(2 / pi) (x + 0.044715 x^3). The gate of x is (1 + tanh(u)) / 2 = 1 / (1 + e^-2u).
ATTEND_INLINE Floats decay(const Floats& x) { return exp(-kTwice * (x + kCubic * x * x * x)); }

ATTEND_SIMD void gelu_forward(const float* x, float* y, std::int64_t begin, std::int64_t end) {
  for_each_piece(
      begin, end, [&](std::int64_t i, std::int64_t count) __attribute__((always_inline)) {
        const Floats value = load_piece(x + i, count);
        store_piece(y + i, value / (1.0f + decay(value)), count);
      });
}

// dy/dx = s + x s (1 - s) 2 u', s the gate, u' = sqrt(2 / pi) (1 + 3 0.044715 x^2). Where s is near 1, 1 - s would be mostly rounding: it
// is e^-2u s too.
ATTEND_SIMD void gelu_backward(const float* x, const float* gradient, float* x_gradient, std::int64_t begin, std::int64_t end) {
  for_each_piece(
      begin, end, [&](std::int64_t i, std::int64_t count) __attribute__((always_inline)) {
        const Floats value = load_piece(x + i, count), falling = decay(value), open = 1.0f / (1.0f + falling);
        const Floats closed = open > 0.5f ? falling * open : 1.0f - open;
        const Floats slope = open + value * open * closed * kTwice * (1.0f + 3.0f * kCubic * value * value);
        store_piece(x_gradient + i, load_piece(gradient + i, count) * slope, count);
      });
}

torch::Tensor apply_forward(const torch::Tensor& x) {
  auto y = torch::empty_like(x);
  const float* from = x.const_data_ptr<float>();
  float* to = y.mutable_data_ptr<float>();
  at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) { gelu_forward(from, to, begin, end); });
  return y;
}

struct GeluTanhFunction : torch::autograd::Function<GeluTanhFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x) {
    context->save_for_backward({x});
    return apply_forward(x);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto x = context->get_saved_variables()[0], gradient = gradients[0].contiguous();
    auto x_gradient = torch::empty_like(x);
    float* to = x_gradient.mutable_data_ptr<float>();
    at::parallel_for(0, x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      gelu_backward(x.const_data_ptr<float>(), gradient.const_data_ptr<float>(), to, begin, end);
    });
    return {x_gradient};
  }
};

}  // namespace

torch::Tensor gelu_tanh(const torch::Tensor& x) {
  if (!x.is_cpu() || x.scalar_type() != torch::kFloat32) return torch::gelu(x, "tanh");
  const auto contiguous = x.contiguous();
  return torch::GradMode::is_enabled() && x.requires_grad() ? GeluTanhFunction::apply(contiguous) : apply_forward(contiguous);
}

}  // namespace attend
