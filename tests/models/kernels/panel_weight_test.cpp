// Weights in bfloat16 and int8: every path against the plain product, and what each may be off by.
#include "models/kernels/panel_weight.h"

#include <catch2/catch.hpp>
#include <limits>

#include <torch/torch.h>

namespace attend {
namespace {

constexpr PanelFormat kFormats[] = {PanelFormat::kBFloat16, PanelFormat::kInt8};
constexpr PanelPath kPaths[] = {PanelPath::kFastest, PanelPath::kTiles, PanelPath::kDots, PanelPath::kPlain};

/// Rows of int8 as the product takes them: 0 to 255 with a scale and a zero point each, back in float32.
torch::Tensor quantized(const torch::Tensor& x_RI) {
  const auto low = x_RI.amin(1, true).clamp_max(0), high = x_RI.amax(1, true).clamp_min(0);
  const auto scale = (high - low) / 255, zero = (-low / scale).round();
  return ((x_RI / scale + zero + 0.5).floor().clamp(0, 255) - zero) * scale;
}

double relative_error(const torch::Tensor& got, const torch::Tensor& wanted) {
  return ((got - wanted).norm() / wanted.norm()).item<double>();
}

}  // namespace

TEST_CASE("a weight in panels is the weight, rounded") {
  torch::manual_seed(1);
  for (const auto& [outputs, inputs] : {std::pair{40, 70}, std::pair{16, 64}, std::pair{1, 1}, std::pair{33, 129}}) {
    const auto weight = torch::randn({outputs, inputs});
    CHECK(torch::equal(PanelWeight(weight, PanelFormat::kBFloat16).weight_OI(), weight.to(torch::kBFloat16).to(torch::kFloat32)));
    const auto scale = weight.abs().amax(1, true) / 127;
    CHECK(torch::allclose(PanelWeight(weight, PanelFormat::kInt8).weight_OI(), (weight / scale).round() * scale, 1e-6, 1e-7));
  }
  const auto least = torch::full({1, 4}, 190 * std::numeric_limits<float>::denorm_min());
  CHECK(PanelWeight(least, PanelFormat::kInt8).weight_OI().min().item<float>() > 0);
  auto infinite = torch::ones({2, 4});
  infinite[0][1] = std::numeric_limits<float>::infinity();
  const auto of_infinite = PanelWeight(infinite, PanelFormat::kInt8).multiply(torch::ones({1, 4}), {});
  CHECK(std::isnan(of_infinite[0][0].item<float>()));
  CHECK(of_infinite[0][1].item<float>() == Approx(4));
  const auto with_zeros = torch::zeros({3, 5});
  CHECK(torch::equal(PanelWeight(with_zeros, PanelFormat::kInt8).weight_OI(), with_zeros));
}

TEST_CASE("every path gives the product of what was rounded, for any number of rows, inputs and outputs") {
  torch::manual_seed(2);
  for (const PanelFormat format : kFormats)
    for (const std::int64_t rows : {1, 2, 3, 5, 6, 7, 16, 17, 33, 300})
      for (const auto& [outputs, inputs] : {std::pair{40, 70}, std::pair{96, 256}, std::pair{1, 3}, std::pair{130, 63}}) {
        const auto weight = torch::randn({outputs, inputs}), x = torch::randn({rows, inputs}) + 0.3, bias = torch::randn({outputs});
        const PanelWeight packed(weight, format);
        const auto rounded = format == PanelFormat::kInt8 ? quantized(x) : x.to(torch::kBFloat16).to(torch::kFloat32);
        const auto wanted = torch::linear(rounded.to(torch::kFloat64), packed.weight_OI().to(torch::kFloat64), bias.to(torch::kFloat64));
        for (const PanelPath path : kPaths) {
          if (!has_path(path, format)) continue;
          const auto got = packed.multiply(x, bias, path);
          INFO("format " << static_cast<int>(format) << ", path " << static_cast<int>(path) << ", " << rows << " rows, " << outputs << " x "
                         << inputs);
          CHECK(relative_error(got.to(torch::kFloat64), wanted) < 1e-3);  // a number between two steps may fall to either
          CHECK(torch::allclose(packed.multiply(x, {}, path), got - bias, 1e-5, 1e-4));
        }
      }
}

TEST_CASE("int8: a row's result is the same to the bit whatever path, rows and threads there are") {
  torch::manual_seed(3);
  const auto x = torch::randn({50, 200}), bias = torch::randn({300});
  const PanelWeight packed(torch::randn({300, 200}), PanelFormat::kInt8);
  const auto all = packed.multiply(x, bias);
  for (const PanelPath path : kPaths)
    if (has_path(path, PanelFormat::kInt8)) CHECK(torch::equal(packed.multiply(x, bias, path), all));
  for (const std::int64_t row : {0, 7, 49}) CHECK(torch::equal(packed.multiply(x.narrow(0, row, 1), bias), all.narrow(0, row, 1)));
  const int threads = torch::get_num_threads();
  torch::set_num_threads(1);
  CHECK(torch::equal(packed.multiply(x, bias), all));
  torch::set_num_threads(threads);
}

TEST_CASE("what rounding costs is within its bounds") {
  torch::manual_seed(4);
  const auto weight = torch::randn({256, 768}), x = torch::randn({64, 768});
  const auto wanted = torch::linear(x, weight);
  CHECK(relative_error(PanelWeight(weight, PanelFormat::kBFloat16).multiply(x, {}), wanted) < 0.004);
  CHECK(relative_error(PanelWeight(weight, PanelFormat::kInt8).multiply(x, {}), wanted) < 0.015);
  CHECK(PanelWeight(weight, PanelFormat::kInt8).bytes() < 256 * 768 * 1.02 + 256 * 8);
}

TEST_CASE("rows of zeros give the bias, and rows that are not finite give no number") {
  const auto bias = torch::randn({40});
  auto x = torch::zeros({3, 20});
  x[1][4] = std::numeric_limits<float>::infinity();
  x[2][5] = std::numeric_limits<float>::quiet_NaN();
  for (const PanelFormat format : kFormats) {
    const PanelWeight packed(torch::randn({40, 20}), format);
    for (const PanelPath path : kPaths) {
      if (!has_path(path, format)) continue;
      const auto y = packed.multiply(x, bias, path);
      CHECK(torch::equal(y[0], bias));
      CHECK_FALSE(y[1].isfinite().any().item<bool>());
      CHECK(y[2].isnan().all().item<bool>());
    }
  }
}

TEST_CASE("a product of other sizes is refused") {
  const PanelWeight packed(torch::randn({4, 8}), PanelFormat::kInt8);
  CHECK_THROWS_AS(packed.multiply(torch::zeros({2, 7}), {}), c10::Error);
  CHECK_THROWS_AS(packed.multiply(torch::zeros({2, 8}, torch::kBFloat16), {}), c10::Error);
  CHECK_THROWS_AS(packed.multiply(torch::zeros({2, 8}), torch::zeros({5})), c10::Error);
  CHECK_THROWS_AS(PanelWeight(torch::zeros({4, 8}, torch::kFloat64), PanelFormat::kInt8), c10::Error);
}

}  // namespace attend
