#include "metrics/classification.h"

#include <stdexcept>

#include "core/random.h"
#include "tests/metrics/task_fixture.h"

namespace attend {
namespace {

using Classes = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("classes have scikit-learn's figures") {
  const Json& cases = task_fixture().at("classes");
  REQUIRE(cases.size() >= 18);
  for (const Json& one : cases) {
    INFO(one.at("name").get<std::string>());
    const ClassificationScores scores(one.at("gold").get<Classes>(), one.at("predicted").get<Classes>());
    check_figure(scores.accuracy(), one.at("accuracy"));
    check_figure(scores.matthews(), one.at("matthews"));
    check_averages(scores, one);
    const Json& classes = one.at("classes");
    REQUIRE(classes.size() == scores.classes().size());
    for (const Json& row : classes) {
      const auto label = row.at(0).get<std::int64_t>();
      check_figures(scores.of_class(label), row, 1);
      CHECK(scores.classes().at(label).gold == row.at(4).get<std::int64_t>());
    }
  }
}

TEST_CASE("figures of two classes by hand") {
  // Of class 1: 3 in gold, 4 predicted, 2 of them right. In the table of four, tp 2, fp 2, fn 1, tn 3.
  const ClassificationScores scores(Classes{1, 1, 1, 0, 0, 0, 0, 0}, Classes{1, 1, 0, 1, 1, 0, 0, 0});
  CHECK(scores.accuracy() == Approx(5.0 / 8));
  CHECK(scores.of_class(1).precision == Approx(2.0 / 4));
  CHECK(scores.of_class(1).recall == Approx(2.0 / 3));
  CHECK(scores.of_class(1).f1 == Approx(4.0 / 7));
  CHECK(scores.of_class(0).f1 == Approx(6.0 / 9));
  CHECK(scores.matthews() == Approx((2.0 * 3 - 2 * 1) / std::sqrt(4.0 * 3 * 5 * 4)));
  CHECK(scores.averaged(Average::kMacro).f1 == Approx((4.0 / 7 + 6.0 / 9) / 2));
  CHECK(scores.averaged(Average::kWeighted).f1 == Approx((3 * 4.0 / 7 + 5 * 6.0 / 9) / 8));
}

TEST_CASE("what would divide by zero is zero") {
  const ClassificationScores scores(Classes{0, 0, 0}, Classes{1, 1, 1});
  CHECK(scores.of_class(0).precision == 0);  // never predicted
  CHECK(scores.of_class(1).recall == 0);     // never there
  CHECK(scores.of_class(1).f1 == 0);
  CHECK(scores.of_class(7).f1 == 0);
  CHECK(scores.matthews() == 0);
  CHECK(ClassificationScores(Classes{5, 5}, Classes{5, 5}).matthews() == 0);
  CHECK(averaged({}, Average::kMacro).f1 == 0);
  CHECK(averaged({}, Average::kMicro).f1 == 0);
  CHECK(averaged({}, Average::kWeighted).f1 == 0);
}

TEST_CASE("nothing, and unequal lengths, are refused") {
  CHECK_THROWS_AS(ClassificationScores(Classes{}, Classes{}), std::invalid_argument);
  CHECK_THROWS_AS(ClassificationScores(Classes{1}, Classes{1, 2}), std::invalid_argument);
}

TEST_CASE("figures do not depend on the order of examples or the names of classes") {
  RandomStream random(1, "classification_test");
  for (int round = 0; round < 50; ++round) {
    std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
    for (std::uint64_t i = 0, count = 1 + random.below(80); i < count; ++i)
      pairs.emplace_back(static_cast<std::int64_t>(random.below(4)), static_cast<std::int64_t>(random.below(4)));
    const auto scores_of = [&](std::int64_t factor) {
      Classes gold, predicted;
      for (const auto& [a, b] : pairs) gold.push_back(factor * a + 3), predicted.push_back(factor * b + 3);
      return ClassificationScores(gold, predicted);
    };
    const ClassificationScores before = scores_of(1);
    random.shuffle(pairs);
    const ClassificationScores after = scores_of(-11);
    CHECK(after.accuracy() == before.accuracy());
    CHECK(after.matthews() == Approx(before.matthews()).margin(1e-14));
    CHECK(after.averaged(Average::kMacro).f1 == Approx(before.averaged(Average::kMacro).f1));
    // Each example has one gold and one predicted class, so micro F1 is the accuracy.
    CHECK(after.averaged(Average::kMicro).f1 == Approx(after.accuracy()));
    CHECK(after.averaged(Average::kWeighted).recall == Approx(after.accuracy()));
  }
}

}  // namespace attend
