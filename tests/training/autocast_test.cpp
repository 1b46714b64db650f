#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "training/autocast.h"

namespace attend {

TEST_CASE("products are in bfloat16 while it lives, on the device it was made for") {
  const auto a = torch::ones({4, 4});
  {
    const Autocast autocast(TrainingPrecision::kBfloat16, torch::kCPU);
    CHECK(at::autocast::is_autocast_enabled(torch::kCPU));
    CHECK_FALSE(at::autocast::is_autocast_enabled(torch::kCUDA));
    CHECK(torch::mm(a, a).scalar_type() == torch::kBFloat16);
  }
  CHECK_FALSE(at::autocast::is_autocast_enabled(torch::kCPU));
  CHECK(torch::mm(a, a).scalar_type() == torch::kFloat32);
  {
    const Autocast autocast(TrainingPrecision::kBfloat16, torch::kCUDA);  // the switch needs no such device
    CHECK(at::autocast::is_autocast_enabled(torch::kCUDA));
    CHECK_FALSE(at::autocast::is_autocast_enabled(torch::kCPU));
  }
  CHECK_FALSE(at::autocast::is_autocast_enabled(torch::kCUDA));
  {
    const Autocast autocast(TrainingPrecision::kFloat32, torch::kCPU);
    CHECK_FALSE(at::autocast::is_autocast_enabled(torch::kCPU));
  }
}

}  // namespace attend
