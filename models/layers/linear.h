// y = x W^T + b through one function with its own backward pass. Large float32 products go to a CPU's bfloat16 tiles where it has them
// (tile_product.h); of the two libraries LibTorch carries the others take oneDNN, which reaches its AVX-512 kernels on every x86 CPU,
// MKL on Intel's alone (docs/decisions.md has the figures).
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include "models/kernels/panel_weight.h"
#include "models/layers/activation.h"

namespace attend {

/// x_NI, weight_OI, bias_O (may be undefined) -> activation(x W^T + b)_NO. Under CPU autocast the products run in bfloat16
/// and the result is float32.
torch::Tensor linear(const torch::Tensor& x_NI, const torch::Tensor& weight_OI, const torch::Tensor& bias_O,
                     Activation activation = Activation::kNone);

/// A linear layer with bias: parameters weight [outputs, inputs] and bias [outputs].
class LinearImpl : public torch::nn::Module {
 public:
  LinearImpl(std::int64_t inputs, std::int64_t outputs);
  torch::Tensor forward(const torch::Tensor& x_NI, Activation activation = Activation::kNone) const;
  /// From here on the product is computed in `format`, without gradients, and `weight` is empty. A weight of few outputs stays as it is.
  void pack(PanelFormat format);
  bool is_packed() const { return packed_ != nullptr; }
  torch::Tensor weight, bias;

 private:
  std::shared_ptr<const PanelWeight> packed_;
};
TORCH_MODULE(Linear);

/// Glorot and Bengio 2010: uniform in +-sqrt(6 / (inputs + outputs)), for each of `blocks` equal groups of rows on its own
/// (a fused query-key-value projection is three matrices). Biases zero.
void xavier_init(Linear& layer, std::int64_t blocks = 1);

namespace matmul {  // float32 or bfloat16, CPU or not
torch::Tensor nt(const torch::Tensor& a_NK, const torch::Tensor& b_MK, const torch::Tensor& bias_M = {},
                 bool relu = false);                                                     ///< A B^T + bias
torch::Tensor nn(const torch::Tensor& a_NK, const torch::Tensor& b_KM);                  ///< A B
torch::Tensor tn(const torch::Tensor& a_KN, const torch::Tensor& b_KM);                  ///< A^T B
void add_tn(torch::Tensor& c_NM, const torch::Tensor& a_KN, const torch::Tensor& b_KM);  ///< C += A^T B
}  // namespace matmul

}  // namespace attend
