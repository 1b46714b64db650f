#include "metrics/correlation.h"

#include <limits>
#include <stdexcept>

#include "core/random.h"
#include "tests/metrics/task_fixture.h"

namespace attend {
namespace {

using Numbers = std::vector<double>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("correlations have scipy's figures, squared errors scikit-learn's") {
  const Json& cases = task_fixture().at("numbers");
  REQUIRE(cases.size() >= 19);
  for (const Json& one : cases) {
    INFO(one.at("name").get<std::string>());
    const auto x = one.at("x").get<Numbers>(), y = one.at("y").get<Numbers>();
    check_figure(pearson(x, y), one.at("pearson"));
    check_figure(pearson(y, x), one.at("pearson"));
    check_figure(spearman(x, y), one.at("spearman"));
    const Json& error = one.at("squared_error");
    if (error.is_null())
      CHECK(mean_squared_error(x, y) == kInfinity);
    else
      CHECK(mean_squared_error(x, y) == Approx(error.get<double>()).epsilon(kTaskMetricTolerance));
  }
}

TEST_CASE("correlations by hand") {
  CHECK(pearson(Numbers{1, 2, 3}, Numbers{1, 3, 2}) == Approx(0.5));
  CHECK(spearman(Numbers{1, 20, 300}, Numbers{10, 30, 20}) == Approx(0.5));
  CHECK(spearman(Numbers{1, 2, 3, 4}, Numbers{1, 8, 27, 64}) == Approx(1));
  CHECK(mean_squared_error(Numbers{1, 2}, Numbers{2, 4}) == 2.5);
  CHECK(average_ranks(Numbers{30, 10, 30, 20, 30}) == Numbers{4, 1, 4, 2, 4});
  CHECK(average_ranks(Numbers{}).empty());
}

TEST_CASE("an undefined correlation is NaN") {
  for (const auto& correlation : {pearson, spearman}) {
    CHECK(std::isnan(correlation(Numbers{}, Numbers{})));
    CHECK(std::isnan(correlation(Numbers{1}, Numbers{2})));
    CHECK(std::isnan(correlation(Numbers{3, 3}, Numbers{1, 2})));
    CHECK(std::isnan(correlation(Numbers{1, 2}, Numbers{0.1, 0.1})));
    CHECK(std::isnan(correlation(Numbers{1, kNan, 2}, Numbers{1, 2, 3})));
    CHECK(std::isnan(correlation(Numbers{1, 2, 3}, Numbers{1, kNan, 2})));
  }
  CHECK(std::isnan(pearson(Numbers{1, kInfinity, 2}, Numbers{1, 2, 3})));
  CHECK(spearman(Numbers{1, kInfinity, 2}, Numbers{1, 2, 3}) == Approx(0.5));
  CHECK(std::isnan(mean_squared_error(Numbers{}, Numbers{})));
  CHECK(std::isnan(mean_squared_error(Numbers{kNan}, Numbers{1})));
  CHECK_THROWS_AS(pearson(Numbers{1}, Numbers{}), std::invalid_argument);
  CHECK_THROWS_AS(spearman(Numbers{1}, Numbers{}), std::invalid_argument);
  CHECK_THROWS_AS(mean_squared_error(Numbers{1}, Numbers{}), std::invalid_argument);
}

TEST_CASE("scaling and shifting leave a correlation, order alone a rank correlation") {
  RandomStream random(2, "correlation_test");
  for (int round = 0; round < 50; ++round) {
    Numbers x, y, scaled, cubed;
    for (std::uint64_t i = 0, count = 3 + random.below(60); i < count; ++i) {
      x.push_back(random.normal());
      y.push_back(x.back() + random.normal());
      scaled.push_back(-3 * x.back() + 7);
      cubed.push_back(x.back() * x.back() * x.back());
    }
    const double r = pearson(x, y);
    CHECK(std::abs(r) <= 1);
    CHECK(pearson(scaled, y) == Approx(-r).margin(1e-12));
    CHECK(spearman(cubed, y) == spearman(x, y));
    CHECK(pearson(x, x) == Approx(1));
  }
}

}  // namespace attend
