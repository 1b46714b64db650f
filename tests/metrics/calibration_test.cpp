#include "metrics/calibration.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace attend {
namespace {

using Inputs = std::vector<std::vector<double>>;

std::vector<double> logs(std::vector<double> values) {
  for (double& value : values) value = std::log(value);
  return values;
}

void check_equal(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]).epsilon(1e-12));
}

}  // namespace

TEST_CASE("log-probabilities of choices become shares of one") {
  check_equal(normalized_probabilities(logs({0.02, 0.06})), {0.25, 0.75});
  check_equal(normalized_probabilities(std::vector<double>{-1000, -1000 + std::log(3.0)}), {0.25, 0.75});
  check_equal(normalized_probabilities(std::vector<double>{0, -std::numeric_limits<double>::infinity()}), {1, 0});
  CHECK_THROWS_AS(normalized_probabilities({}), std::invalid_argument);
  CHECK_THROWS_AS(normalized_probabilities(std::vector<double>{-std::numeric_limits<double>::infinity()}), std::invalid_argument);
}

TEST_CASE("a choice that the prompt favours loses what it is favoured by") {
  // By hand: 0.6 / 0.8 = 0.75 and 0.4 / 0.2 = 2, normalised 3/11 and 8/11. The choice turns.
  const auto calibrated = calibrated_probabilities(logs({0.6, 0.4}), Inputs{logs({0.8, 0.2})});
  check_equal(calibrated, {3.0 / 11, 8.0 / 11});
  CHECK(most_probable(logs({0.6, 0.4})) == 0);
  CHECK(most_probable(calibrated) == 1);
}

TEST_CASE("content-free inputs are averaged as probabilities, each normalised first") {
  // (0.9, 0.1), from 0.09 and 0.01, and (0.5, 0.5): on average (0.7, 0.3). 0.5 / 0.7 and 0.5 / 0.3 are as 3 to 7.
  check_equal(calibrated_probabilities(logs({0.5, 0.5}), Inputs{logs({0.09, 0.01}), logs({0.5, 0.5})}), {0.3, 0.7});
}

TEST_CASE("calibration by an even prompt changes nothing, and a common factor neither") {
  const auto even = Inputs{logs({0.1, 0.1, 0.1})};
  check_equal(calibrated_probabilities(logs({0.5, 0.3, 0.2}), even), {0.5, 0.3, 0.2});
  check_equal(calibrated_probabilities(logs({0.005, 0.003, 0.002}), even), {0.5, 0.3, 0.2});
}

TEST_CASE("choices of probabilities too small for a number are compared all the same") {
  // exp(-2000) / exp(-3000) is far above exp(-1) / exp(-1).
  check_equal(calibrated_probabilities(std::vector<double>{-2000, -1}, Inputs{{-3000, -1}}), {1, std::exp(-1000)});
}

TEST_CASE("choices and content-free inputs have to fit each other") {
  CHECK_THROWS_AS(calibrated_probabilities(logs({0.5, 0.5}), {}), std::invalid_argument);  // no content-free input
  CHECK_THROWS_AS(calibrated_probabilities(logs({0.5, 0.5}), Inputs{logs({0.5, 0.3, 0.2})}), std::invalid_argument);
  CHECK_THROWS_AS(most_probable({}), std::invalid_argument);
  CHECK(most_probable(std::vector<double>{0.2, 0.4, 0.4}) == 1);
}

}  // namespace attend
