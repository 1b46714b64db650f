// Letters: N tokens, I inputs, O outputs.
#include "models/layers/linear.h"

#include <cmath>

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/torch.h>

#include "models/kernels/few_rows.h"
#include "models/kernels/gelu.h"
#include "models/kernels/tile_product.h"
#include "models/kernels/transpose.h"

namespace attend {
namespace {

// Rows or columns without gaps. oneDNN multiplies other matrices in its reference code, a thousand times slower.
torch::Tensor without_gaps(const torch::Tensor& x) { return x.is_contiguous() || x.t().is_contiguous() ? x : x.contiguous(); }

// oneDNN's x W^T + b as LibTorch registers it. There is no C++ header for it.
torch::Tensor onednn_linear(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias, bool relu) {
  using Signature = torch::Tensor(const torch::Tensor&, const torch::Tensor&, const std::optional<torch::Tensor>&, c10::string_view,
                                  torch::List<std::optional<at::Scalar>>, std::optional<c10::string_view>);
  static const auto call = c10::Dispatcher::singleton().findSchemaOrThrow("mkldnn::_linear_pointwise", "").typed<Signature>();
  const at::AutoDispatchBelowAutograd below_autograd;
  const auto bias_or_none = bias.defined() ? std::optional<torch::Tensor>(bias) : std::nullopt;
  return call.call(x, without_gaps(weight), bias_or_none, relu ? "relu" : "none", torch::List<std::optional<at::Scalar>>(), "");
}

bool can_use_onednn(const torch::Tensor& x) {
  static const bool is_there = at::hasMKLDNN() && c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""}).has_value();
  return is_there && x.is_cpu() && (x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16) && x.numel() > 0;
}

torch::Tensor apply_activation(const torch::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return torch::relu(x);
    case Activation::kSilu:
      return torch::silu(x);
    case Activation::kGelu:
      return torch::gelu(x);
    case Activation::kGeluTanh:
      return gelu_tanh(x);
  }
  TORCH_CHECK(false, "an activation of no known kind");
}

bool autocasts(const torch::Tensor& x) { return at::autocast::is_autocast_enabled(x.device().type()); }

torch::Tensor to_autocast(const torch::Tensor& x) { return x.to(at::autocast::get_autocast_dtype(x.device().type())); }

// autograd::Function takes no undefined tensors.
std::optional<torch::Tensor> optional(const torch::Tensor& x) { return x.defined() ? std::optional(x) : std::nullopt; }

// activation is kNone or kRelu; relu's gradient is read off its result.
struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                               const std::optional<torch::Tensor>& bias, bool relu) {
    const bool low_precision = autocasts(x);
    const auto x_NI = low_precision ? to_autocast(x) : x;
    const auto weight_OI = low_precision ? to_autocast(weight) : weight;
    const auto bias_O = !bias ? torch::Tensor() : low_precision ? to_autocast(*bias) : *bias;
    auto y_NO = matmul::nt(x_NI, weight_OI, bias_O, relu);
    context->save_for_backward({x_NI, weight_OI, relu ? y_NO : torch::Tensor()});
    context->saved_data["has_bias"] = bias.has_value();
    return low_precision ? y_NO.to(x.scalar_type()) : y_NO;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x_NI = saved[0], &weight_OI = saved[1], &y_NO = saved[2];
    auto gradient_NO = gradients[0].contiguous();
    const auto dtype = gradient_NO.scalar_type();
    if (x_NI.scalar_type() != dtype) gradient_NO = gradient_NO.to(x_NI.scalar_type());
    if (y_NO.defined()) gradient_NO = at::threshold_backward(gradient_NO, y_NO, 0);
    const auto x_gradient = context->needs_input_grad(0) ? matmul::nn(gradient_NO, weight_OI).to(dtype) : torch::Tensor();
    const auto weight_gradient = context->needs_input_grad(1) ? matmul::tn(gradient_NO, x_NI).to(dtype) : torch::Tensor();
    const bool wants_bias = context->saved_data["has_bias"].toBool() && context->needs_input_grad(2);
    const auto bias_gradient = wants_bias ? gradient_NO.sum(0, /*keepdim=*/false, dtype) : torch::Tensor();
    return {x_gradient, weight_gradient, bias_gradient, torch::Tensor()};
  }
};

}  // namespace

namespace matmul {

torch::Tensor nt(const torch::Tensor& a_NK, const torch::Tensor& b_MK, const torch::Tensor& bias_M, bool relu) {
  if (has_tile_product(a_NK, b_MK.t())) return tile_product(a_NK, b_MK.t(), {.bias_M = bias_M, .relu = relu});
  if (can_use_onednn(a_NK)) return onednn_linear(a_NK, b_MK, bias_M, relu);
  const auto y = bias_M.defined() ? torch::addmm(bias_M, a_NK, b_MK.t()) : torch::mm(a_NK, b_MK.t());
  return relu ? torch::relu(y) : y;
}

torch::Tensor nn(const torch::Tensor& a_NK, const torch::Tensor& b_KM) {
  if (has_tile_product(a_NK, b_KM)) return tile_product(a_NK, b_KM);
  return can_use_onednn(a_NK) ? onednn_linear(a_NK, b_KM.t(), {}, false) : torch::mm(a_NK, b_KM);
}

// oneDNN wants its first operand as it lies and reads the second either way: the smaller one is transposed and goes first.
torch::Tensor tn(const torch::Tensor& a_KN, const torch::Tensor& b_KM) {
  if (has_tile_product(a_KN.t(), b_KM)) return tile_product(a_KN.t(), b_KM);
  if (!can_use_onednn(a_KN)) return torch::mm(a_KN.t(), b_KM);
  if (a_KN.size(1) <= b_KM.size(1)) return onednn_linear(transposed(a_KN), b_KM.t(), {}, false);
  return transposed(onednn_linear(transposed(b_KM), a_KN.t(), {}, false));
}

void add_tn(torch::Tensor& c_NM, const torch::Tensor& a_KN, const torch::Tensor& b_KM) {
  if (c_NM.is_contiguous() && has_tile_product(a_KN.t(), b_KM))
    tile_product(c_NM, a_KN.t(), b_KM, {.adds = true});
  else
    c_NM.addmm_(a_KN.t(), b_KM);
}

}  // namespace matmul

torch::Tensor linear(const torch::Tensor& x_NI, const torch::Tensor& weight_OI, const torch::Tensor& bias_O, Activation activation) {
  if (x_NI.scalar_type() == torch::kFloat64)  // gradient checks
    return apply_activation(torch::linear(x_NI, weight_OI, bias_O), activation);
  if (has_few_rows(x_NI, weight_OI) && !autocasts(x_NI)) return apply_activation(few_rows_linear(x_NI, weight_OI, bias_O), activation);
  const bool relu = activation == Activation::kRelu;
  if (!torch::GradMode::is_enabled() && !autocasts(x_NI))
    return relu ? matmul::nt(x_NI, weight_OI, bias_O, true) : apply_activation(matmul::nt(x_NI, weight_OI, bias_O), activation);
  const auto y_NO = LinearFunction::apply(x_NI, weight_OI, optional(bias_O), relu);
  return relu ? y_NO : apply_activation(y_NO, activation);
}

LinearImpl::LinearImpl(std::int64_t inputs, std::int64_t outputs)
    : weight(register_parameter("weight", torch::zeros({outputs, inputs}))), bias(register_parameter("bias", torch::zeros({outputs}))) {}

torch::Tensor LinearImpl::forward(const torch::Tensor& x_NI, Activation activation) const {
  return packed_ ? apply_activation(packed_->multiply(x_NI, bias), activation) : linear(x_NI, weight, bias, activation);
}

void LinearImpl::pack(PanelFormat format) {
  constexpr std::int64_t kFewOutputs = 32;  // heads: what they cost in float32 is little
  if (packed_ || weight.size(0) < kFewOutputs) return;
  packed_ = std::make_shared<const PanelWeight>(weight, format);
  const torch::NoGradGuard no_gradient;
  weight.set_data(torch::empty({0, weight.size(1)}));
}

void xavier_init(Linear& layer, std::int64_t blocks) {
  const torch::NoGradGuard no_gradient;
  for (auto& block : layer->weight.chunk(blocks)) torch::nn::init::xavier_uniform_(block);
  layer->bias.zero_();
}

}  // namespace attend
