// Letters: R rows, I inputs, O outputs.
#include "models/kernels/few_rows.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "core/simd.h"

namespace attend {
namespace {

using namespace simd;

constexpr std::int64_t kOutputs = 4;             // rows of W read side by side
constexpr std::int64_t kTaskFloats = 32 * 1024;  // of W: smaller products are not worth waking a thread for

struct Product {
  const float *x, *weight, *bias;  // no bias: null
  float* y;
  std::int64_t inputs, outputs;
};

// y[r, o] for kCount outputs from `output` on and all kRows rows.
template <int kRows, int kCount>
ATTEND_INLINE void few_outputs(const Product& product, std::int64_t output) {
  const float* weight = product.weight + output * product.inputs;
  Floats sums[kRows][kCount] = {};
  const std::int64_t whole = product.inputs / kWidth * kWidth;
  for (std::int64_t i = 0; i < whole; i += kWidth) {
    Floats column[kCount];
    for (int o = 0; o < kCount; ++o) column[o] = load(weight + o * product.inputs + i);
    for (int r = 0; r < kRows; ++r) {
      const Floats x = load(product.x + r * product.inputs + i);
      for (int o = 0; o < kCount; ++o) sums[r][o] += x * column[o];
    }
  }
  for (int r = 0; r < kRows; ++r)
    for (int o = 0; o < kCount; ++o) {
      float total = sum(sums[r][o]);
      for (std::int64_t i = whole; i < product.inputs; ++i) total += product.x[r * product.inputs + i] * weight[o * product.inputs + i];
      product.y[r * product.outputs + output + o] = product.bias ? total + product.bias[output + o] : total;
    }
}

template <int kRows>
ATTEND_INLINE void outputs_of(const Product& product, std::int64_t begin, std::int64_t end) {
  for (; begin + kOutputs <= end; begin += kOutputs) few_outputs<kRows, kOutputs>(product, begin);
  for (; begin < end; ++begin) few_outputs<kRows, 1>(product, begin);
}

ATTEND_SIMD void multiply(const Product& product, std::int64_t rows, std::int64_t begin, std::int64_t end) {
  switch (rows) {
    case 1:
      return outputs_of<1>(product, begin, end);
    case 2:
      return outputs_of<2>(product, begin, end);
    case 3:
      return outputs_of<3>(product, begin, end);
    default:
      return outputs_of<4>(product, begin, end);
  }
}

}  // namespace

bool has_few_rows(const torch::Tensor& x_RI, const torch::Tensor& weight_OI) {
  return x_RI.dim() == 2 && x_RI.size(0) >= 1 && x_RI.size(0) <= kFewRows && x_RI.is_cpu() && x_RI.scalar_type() == torch::kFloat32 &&
         weight_OI.scalar_type() == torch::kFloat32 && weight_OI.is_contiguous() && !torch::GradMode::is_enabled();
}

torch::Tensor few_rows_linear(const torch::Tensor& x_RI, const torch::Tensor& weight_OI, const torch::Tensor& bias_O) {
  const auto x = x_RI.contiguous();
  const std::int64_t rows = x.size(0), inputs = x.size(1), outputs = weight_OI.size(0);
  auto y_RO = torch::empty({rows, outputs}, x.options());
  const Product product{.x = x.const_data_ptr<float>(),
                        .weight = weight_OI.const_data_ptr<float>(),
                        .bias = bias_O.defined() ? bias_O.const_data_ptr<float>() : nullptr,
                        .y = y_RO.mutable_data_ptr<float>(),
                        .inputs = inputs,
                        .outputs = outputs};
  // Threads take whole groups of outputs, so that which outputs are made together does not depend on their number.
  const std::int64_t groups = (outputs + kOutputs - 1) / kOutputs, grain = std::max<std::int64_t>(1, kTaskFloats / (kOutputs * inputs));
  at::parallel_for(0, groups, grain, [&](std::int64_t begin, std::int64_t end) {
    multiply(product, rows, begin * kOutputs, std::min(end * kOutputs, outputs));
  });
  return y_RO;
}

}  // namespace attend
