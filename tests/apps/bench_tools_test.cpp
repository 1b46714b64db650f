#include "apps/commands/bench_tools.h"

#include <catch2/catch.hpp>
#include <sstream>

#include <torch/torch.h>

namespace attend {

TEST_CASE("a benchmark computes the forward pass in the precision asked for, and backward as the trainer does") {
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
    torch::nn::Linear layer(4, 3);
    BenchTrainOptions options;
    options.common.precision = precision;
    options.steps = 4;
    std::vector<torch::ScalarType> forward;
    std::vector<bool> is_on_in_backward;
    const BenchSteps<torch::Tensor> steps{.draw =
                                              [] {
                                                return torch::ones({2, 4});
                                              },
                                          .mean_loss =
                                              [&](const torch::Tensor& x) {
                                                const auto y = layer->forward(x);
                                                forward.push_back(y.scalar_type());
                                                const auto mean = y.to(torch::kFloat32).mean();
                                                mean.register_hook([&](const torch::Tensor&) {
                                                  is_on_in_backward.push_back(at::autocast::is_autocast_enabled(torch::kCPU));
                                                });
                                                return mean;
                                              }};
    std::ostringstream out;
    time_training<torch::Tensor>(options, *layer, steps, out);
    const bool is_bfloat16 = precision == Precision::kBFloat16;
    CHECK(forward == std::vector<torch::ScalarType>(4, is_bfloat16 ? torch::kBFloat16 : torch::kFloat32));
    CHECK(is_on_in_backward == std::vector<bool>(4, false));
    CHECK(out.str().find("parameters 15") != std::string::npos);
  }
}

}  // namespace attend
