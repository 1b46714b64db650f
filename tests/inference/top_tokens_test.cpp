#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include <torch/torch.h>

#include "core/error.h"
#include "inference/top_tokens.h"

using namespace attend;

namespace {

// The same answer by plain torch expressions, in double.
void check_against_torch(const torch::Tensor& logits_RV, std::int64_t num_wanted) {
  const TopTokens top = top_tokens(logits_RV, num_wanted);
  const auto expected_R = logits_RV.to(torch::kFloat64).logsumexp(1);
  const auto log_softmax_RV = logits_RV.to(torch::kFloat64).log_softmax(1);
  const auto [values_RK, ids_RK] = log_softmax_RV.topk(top.num_kept, 1);
  for (std::int64_t r = 0; r < logits_RV.size(0); ++r) {
    REQUIRE(top.log_normaliser_R[r] == Approx(expected_R[r].item<double>()).margin(2e-6).epsilon(1e-6));
    for (std::int64_t k = 0; k < top.num_kept; ++k) {
      REQUIRE(top.ids_RK[r * top.num_kept + k] == ids_RK[r][k].item<std::int64_t>());
      REQUIRE(top.log_probability_RK[r * top.num_kept + k] == Approx(values_RK[r][k].item<double>()).margin(4e-6).epsilon(1e-6));
    }
  }
}

}  // namespace

TEST_CASE("top tokens equal topk of log_softmax for every vocabulary size around the block") {
  torch::manual_seed(3);
  for (const std::int64_t vocab_size : {1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 1000, 4097, 8000, 32001})
    for (const std::int64_t num_wanted : {1, 2, 10})
      for (const double spread : {0.01, 3.0, 30.0}) check_against_torch(torch::randn({5, vocab_size}) * spread - 4.0, num_wanted);
}

TEST_CASE("top tokens of large and small logits keep their digits") {
  torch::manual_seed(4);
  check_against_torch(torch::randn({3, 500}) + 1000.0, 4);
  check_against_torch(torch::randn({3, 500}) - 1000.0, 4);
  check_against_torch(torch::randn({3, 500}) * 200.0, 4);  // all but a few underflow
}

TEST_CASE("equal logits come in the order of their ids") {
  const TopTokens top = top_tokens(torch::zeros({2, 200}), 3);
  REQUIRE(top.ids_RK == std::vector<std::int64_t>{0, 1, 2, 0, 1, 2});
  REQUIRE(top.log_probability_RK[5] == Approx(-std::log(200.0)).epsilon(1e-6));
}

TEST_CASE("tokens at minus infinity are never returned") {
  auto logits = torch::full({1, 100}, -std::numeric_limits<float>::infinity());
  logits[0][70] = 2.0;
  logits[0][99] = 1.0;
  const TopTokens top = top_tokens(logits, 4);
  REQUIRE(top.ids_RK == std::vector<std::int64_t>{70, 99, -1, -1});
  REQUIRE(top.log_normaliser_R[0] == Approx(std::log(std::exp(2.0) + std::exp(1.0))));
}

TEST_CASE("rows of a view that is not contiguous are read right") {
  torch::manual_seed(5);
  check_against_torch(torch::randn({300, 7}).t(), 5);
}

TEST_CASE("a row that is not a number is the model's fault and is said so") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
    for (const std::int64_t place : {0, 77, 199}) {
      auto logits = torch::zeros({3, 200});
      logits[1][place] = bad;
      REQUIRE_THROWS_AS(top_tokens(logits, 2), UserError);
    }
  REQUIRE_THROWS_AS(top_tokens(torch::full({1, 40}, -std::numeric_limits<float>::infinity()), 2), UserError);
}
