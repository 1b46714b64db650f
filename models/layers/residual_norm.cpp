// Letters: N tokens, E width.
#include "models/layers/residual_norm.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "models/kernels/norm_rows.h"

namespace attend {
namespace {

using namespace kernels;

constexpr std::int64_t kRowBlock = 32;  // rows a task takes; also the grain of the weight gradient's partial sums

// work(block, rows) for blocks of kRowBlock rows.
template <class Work>
void for_each_block(const torch::Tensor& x_NE, const Work& work) {
  const std::int64_t tokens = x_NE.size(0), width = x_NE.size(1);
  at::parallel_for(0, (tokens + kRowBlock - 1) / kRowBlock, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block)
      work(block, RowRange{block * kRowBlock, std::min((block + 1) * kRowBlock, tokens), width});
  });
}

torch::Tensor apply_mask(const torch::Tensor& x_NE, const DropoutMask& mask) {
  auto y_NE = torch::empty_like(x_NE);
  for_each_block(x_NE, [&](std::int64_t, const RowRange& rows) {
    dropout_rows(rows, x_NE.const_data_ptr<float>(), mask, y_NE.mutable_data_ptr<float>());
  });
  return y_NE;
}

struct DropoutFunction : torch::autograd::Function<DropoutFunction> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x_NE, double probability) {
    const auto seed = draw_dropout_seed();
    context->saved_data["seed"] = seed;
    context->saved_data["probability"] = probability;
    return apply_mask(x_NE.contiguous(), *dropout_mask(seed, probability));
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto mask = dropout_mask(context->saved_data["seed"].toInt(), context->saved_data["probability"].toDouble());
    return {apply_mask(gradients[0].contiguous(), *mask), torch::Tensor()};
  }
};

struct NormSettings {
  double epsilon, dropout_probability;
  enum class Result { kNormed, kBoth } result;  // the normalised sum, or the sum with it
};

// Without a sublayer, LayerNorm(x) alone.
struct ResidualNormFunction : torch::autograd::Function<ResidualNormFunction> {
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                                                const std::optional<torch::Tensor>& sublayer, const torch::Tensor& weight,
                                                const torch::Tensor& bias, const NormSettings& settings) {
    const auto x_NE = x.contiguous(), sublayer_NE = sublayer ? sublayer->contiguous() : torch::Tensor();
    const auto seed = settings.dropout_probability > 0 ? draw_dropout_seed() : 0;
    const auto mask = dropout_mask(seed, settings.dropout_probability);
    auto sum_NE = sublayer ? torch::empty_like(x_NE) : x_NE;
    auto y_NE = torch::empty_like(x_NE), statistics_N2 = torch::empty({x_NE.size(0), 2}, x_NE.options());
    const NormForward io{.x = x_NE.const_data_ptr<float>(),
                         .sublayer = sublayer ? sublayer_NE.const_data_ptr<float>() : nullptr,
                         .weight = weight.const_data_ptr<float>(),
                         .bias = bias.const_data_ptr<float>(),
                         .sum = sublayer ? sum_NE.mutable_data_ptr<float>() : nullptr,
                         .y = y_NE.mutable_data_ptr<float>(),
                         .statistics = statistics_N2.mutable_data_ptr<float>(),
                         .epsilon = static_cast<float>(settings.epsilon)};
    for_each_block(x_NE, [&](std::int64_t, const RowRange& rows) { norm_rows(rows, io, mask ? &*mask : nullptr); });
    context->save_for_backward({sum_NE, statistics_N2, weight});
    context->set_materialize_grads(false);
    context->saved_data["has_sublayer"] = sublayer.has_value();
    context->saved_data["seed"] = seed;
    context->saved_data["probability"] = settings.dropout_probability;
    if (settings.result == NormSettings::Result::kNormed) return {y_NE};
    return {y_NE, sum_NE};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &sum_NE = saved[0], &statistics_N2 = saved[1], &weight = saved[2];
    const auto gradient_NE = gradients[0].defined() ? gradients[0].contiguous() : torch::zeros_like(sum_NE);
    const auto sum_gradient_NE = gradients.size() > 1 && gradients[1].defined() ? gradients[1].contiguous() : torch::Tensor();
    const auto mask = dropout_mask(context->saved_data["seed"].toInt(), context->saved_data["probability"].toDouble());
    const std::int64_t blocks = (sum_NE.size(0) + kRowBlock - 1) / kRowBlock, width = sum_NE.size(1);
    auto x_gradient = torch::empty_like(sum_NE), sublayer_gradient = mask ? torch::empty_like(sum_NE) : x_gradient;
    auto partial_K2E = torch::zeros({blocks, 2, width}, sum_NE.options());  // K blocks: summed in a fixed order
    for_each_block(sum_NE, [&](std::int64_t block, const RowRange& rows) {
      float* partial = partial_K2E.mutable_data_ptr<float>() + block * 2 * width;
      norm_rows_backward(rows,
                         {.sum = sum_NE.const_data_ptr<float>(),
                          .statistics = statistics_N2.const_data_ptr<float>(),
                          .weight = weight.const_data_ptr<float>(),
                          .gradient = gradient_NE.const_data_ptr<float>(),
                          .sum_gradient = sum_gradient_NE.defined() ? sum_gradient_NE.const_data_ptr<float>() : nullptr,
                          .x_gradient = x_gradient.mutable_data_ptr<float>(),
                          .sublayer_gradient = sublayer_gradient.mutable_data_ptr<float>(),
                          .weight_gradient = partial,
                          .bias_gradient = partial + width},
                         mask ? &*mask : nullptr);
    });
    const auto totals = partial_K2E.sum(0).unbind(0);
    if (!context->saved_data["has_sublayer"].toBool()) sublayer_gradient = torch::Tensor();
    return {x_gradient, sublayer_gradient, totals[0], totals[1], torch::Tensor()};
  }
};

bool has_cpu_kernel(const torch::Tensor& x) { return x.is_cpu() && x.scalar_type() == torch::kFloat32; }

}  // namespace

torch::Tensor dropout(const torch::Tensor& x_NE, double probability) {
  if (probability <= 0) return x_NE;
  return has_cpu_kernel(x_NE) ? DropoutFunction::apply(x_NE, probability) : torch::dropout(x_NE, probability, /*train=*/true);
}

ResidualNormImpl::ResidualNormImpl(const ResidualNormConfig& config)
    : weight(register_parameter("weight", torch::ones({config.width}))),
      bias(register_parameter("bias", torch::zeros({config.width}))),
      config_(config) {}

torch::Tensor ResidualNormImpl::forward(const torch::Tensor& x_NE, const torch::Tensor& sublayer_NE) const {
  if (has_cpu_kernel(x_NE))
    return ResidualNormFunction::apply(x_NE, std::optional(sublayer_NE), weight, bias,
                                       NormSettings{config_.epsilon, dropout_probability(), NormSettings::Result::kNormed})[0];
  return torch::layer_norm(x_NE + dropout(sublayer_NE, dropout_probability()), {x_NE.size(1)}, weight, bias, config_.epsilon);
}

torch::Tensor ResidualNormImpl::forward(const torch::Tensor& x_NE) const {
  if (has_cpu_kernel(x_NE))
    return ResidualNormFunction::apply(x_NE, std::optional<torch::Tensor>(), weight, bias,
                                       NormSettings{config_.epsilon, 0, NormSettings::Result::kNormed})[0];
  return torch::layer_norm(x_NE, {x_NE.size(1)}, weight, bias, config_.epsilon);
}

ResidualNormImpl::Sum ResidualNormImpl::add(const torch::Tensor& x_NE, const torch::Tensor& sublayer_NE) const {
  if (has_cpu_kernel(x_NE)) {
    auto results = ResidualNormFunction::apply(x_NE, std::optional(sublayer_NE), weight, bias,
                                               NormSettings{config_.epsilon, dropout_probability(), NormSettings::Result::kBoth});
    return {.sum_NE = results[1], .normed_NE = results[0]};
  }
  const auto sum_NE = x_NE + dropout(sublayer_NE, dropout_probability());
  return {.sum_NE = sum_NE, .normed_NE = torch::layer_norm(sum_NE, {x_NE.size(1)}, weight, bias, config_.epsilon)};
}

torch::Tensor ResidualStream::normed(const ResidualNorm& norm) {
  if (!waiting_NE_.defined()) return norm->forward(x_NE_);
  auto result = norm->add(x_NE_, waiting_NE_);
  x_NE_ = result.sum_NE;
  waiting_NE_ = torch::Tensor();
  return result.normed_NE;
}

void ResidualStream::add(torch::Tensor sublayer_NE) {
  TORCH_CHECK(!waiting_NE_.defined(), "a norm stands between two additions");
  waiting_NE_ = std::move(sublayer_NE);
}

}  // namespace attend
