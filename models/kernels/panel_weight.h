// A weight in bfloat16 or int8, for inference, and its product with rows of float32. The weight is cut into panels of 16 outputs so that
// one line of 64 bytes is what one instruction multiplies with one row's numbers (vdpbf16ps, vpdpbusd), and sixteen lines are what a tile
// holds (Intel's AMX): the same bytes serve a step of decoding, which reads them as fast as memory gives them, and many rows.
//
// int8: weights symmetric, a scale an output; rows as 0 to 255 with a scale and a zero point each, found for each row (dynamic
// quantization; Jacob et al. 2018, equation 1). Sums are exact, so a row's result does not depend on the others, on threads or on the CPU.
// bfloat16: both sides rounded to nearest, sums in float32, in an order that depends on the path.
//
// Letters: R rows, I inputs, O outputs.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <torch/types.h>

namespace attend {

enum class PanelFormat { kBFloat16, kInt8 };

/// How a product is computed. kFastest: tiles for more than 4 rows where the CPU has them, else its instructions for 16 dot products at
/// once, else what every CPU has.
enum class PanelPath { kFastest, kTiles, kDots, kPlain };
bool has_path(PanelPath path, PanelFormat format);

class PanelWeight {
 public:
  /// Of weight_OI, float32 on the CPU, with 1 to 65,536 inputs.
  PanelWeight(const torch::Tensor& weight_OI, PanelFormat format);

  /// x_RI, float32 on the CPU; bias_O may be undefined -> y_RO = x W^T + bias. A row of int8 with a NaN or an infinity gives NaN. No
  /// gradient. Throws c10::Error for sizes that do not fit.
  torch::Tensor multiply(const torch::Tensor& x_RI, const torch::Tensor& bias_O, PanelPath path = PanelPath::kFastest) const;

  /// What it stands for, in float32.
  torch::Tensor weight_OI() const;
  std::int64_t inputs() const { return inputs_; }
  std::int64_t outputs() const { return outputs_; }
  std::int64_t bytes() const;
  PanelFormat format() const { return format_; }

 private:
  PanelFormat format_;
  std::int64_t inputs_, outputs_;
  std::int64_t lines_;              // of a panel
  torch::Tensor panels_;            // bytes [panel][line][64]
  std::vector<float> scales_;       // int8: of each output, those past the last one 0
  std::vector<std::int32_t> sums_;  // int8: of each output's numbers
};

}  // namespace attend
