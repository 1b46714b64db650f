#include "metrics/few_shot_accuracy.h"

#include <catch2/catch.hpp>

#include <filesystem>

#include "core/json.h"
#include "core/random.h"

namespace attend {
namespace {

constexpr double kTolerance = 1e-12;  // the worst difference from statsmodels is 1.1e-16

AccuracyEstimate estimate_of(const std::vector<std::vector<bool>>& clusters) {
  ClusteredAccuracy accuracy;
  for (std::size_t cluster = 0; cluster < clusters.size(); ++cluster)
    for (const bool is_right : clusters[cluster]) accuracy.add(cluster, is_right);
  return accuracy.estimate();
}

}  // namespace

TEST_CASE("Wilson's interval is statsmodels'") {
  const Json fixture = read_json_file(std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures/wilson.json");
  CHECK(fixture.size() > 20);
  for (const Json& row : fixture) {
    const double examples = row.at("examples");
    const Interval interval = wilson_interval(row.at("right").get<double>() / examples, examples);
    INFO(row.dump());
    CHECK(std::abs(interval.low - row.at("low").get<double>()) <= kTolerance);
    CHECK(std::abs(interval.high - row.at("high").get<double>()) <= kTolerance);
  }
}

TEST_CASE("Wilson's interval by hand") {
  // 5 of 10, z^2 = 3.8415: half width z sqrt(0.25/10 + 3.8415/400) / (1 + 0.38415) = 1.95996 * 0.186015 / 1.38415.
  const Interval half = wilson_interval(0.5, 10);
  CHECK(half.low == Approx(0.2366).margin(5e-5));
  CHECK(half.high == Approx(0.7634).margin(5e-5));
  // None of n: the upper end is z^2 / (n + z^2).
  CHECK(wilson_interval(0, 10).low == 0);
  CHECK(wilson_interval(0, 10).high == Approx(3.841458820694124 / 13.841458820694124));
  CHECK(wilson_interval(1, 10).high == 1);
  CHECK(wilson_interval(0.3, 0).low == 0);
  CHECK(wilson_interval(0.3, 0).high == 1);
}

TEST_CASE("answers that do not belong together give Wilson's own interval") {
  const AccuracyEstimate estimate = estimate_of({{true}, {true}, {false}, {true}, {false}});
  CHECK(estimate.accuracy == Approx(0.6));
  CHECK(estimate.examples == 5);
  CHECK(estimate.effective_examples == Approx(5));
  CHECK(estimate.interval.low == Approx(wilson_interval(0.6, 5).low));
}

TEST_CASE("the same answer in every trial says no more than one answer") {
  // Ten queries, four trials each, all trials alike: nearly ten answers are worth as much, not forty.
  std::vector<std::vector<bool>> clusters;
  for (int query = 0; query < 10; ++query) clusters.emplace_back(4, query < 7);
  const AccuracyEstimate estimate = estimate_of(clusters);
  CHECK(estimate.examples == 40);
  CHECK(estimate.accuracy == Approx(0.7));
  // By hand: variance between is 10/9 * (7 (1.2)^2 + 3 (2.8)^2) / 40^2 = 0.02333, of 40 independent answers 0.21/39 = 0.0053846.
  CHECK(estimate.effective_examples == Approx(40 * (0.21 / 39) / (10.0 / 9 * (7 * 1.44 + 3 * 7.84) / 1600)));
  CHECK(estimate.effective_examples == Approx(9.2308).margin(1e-4));
}

TEST_CASE("trials that differ as by chance count in full, never more") {
  const AccuracyEstimate estimate = estimate_of({{true, false}, {false, true}, {true, false}, {true, false}});
  CHECK(estimate.accuracy == Approx(0.5));
  CHECK(estimate.effective_examples == Approx(8));
}

TEST_CASE("clusters of one kind of answer only count as one answer each") {
  const AccuracyEstimate right = estimate_of({{true, true}, {true, true}, {true, true}});
  CHECK(right.accuracy == 1);
  CHECK(right.effective_examples == Approx(3));
  CHECK(right.interval.high == 1);
  CHECK(right.interval.low == Approx(3 / (3 + 3.841458820694124)));
  CHECK(estimate_of({{false}, {false}}).interval.low == 0);
  const AccuracyEstimate one = estimate_of({{true, false, true}});  // nothing is known of other clusters
  CHECK(one.effective_examples == Approx(1));
}

TEST_CASE("nothing judged is an interval from 0 to 1") {
  const AccuracyEstimate nothing = ClusteredAccuracy().estimate();
  CHECK(nothing.examples == 0);
  CHECK(nothing.interval.low == 0);
  CHECK(nothing.interval.high == 1);
}

TEST_CASE("intervals over rules hold the true accuracy as often as they say, where plain ones do not") {
  // 60 rules of 8 queries; a rule is learnt with probability 0.6, and then 95 % of its queries are right, else 10 %: 0.61 in all.
  constexpr int kRuns = 1000, kRules = 60, kQueries = 8;
  constexpr double kTruth = 0.6 * 0.95 + 0.4 * 0.10;
  int covered = 0, covered_plainly = 0;
  for (int run = 0; run < kRuns; ++run) {
    RandomStream random(7, "coverage", {static_cast<std::uint64_t>(run)});
    ClusteredAccuracy accuracy;
    for (std::uint64_t rule = 0; rule < kRules; ++rule) {
      const double ability = random.uniform() < 0.6 ? 0.95 : 0.10;
      for (int query = 0; query < kQueries; ++query) accuracy.add(rule, random.uniform() < ability);
    }
    const AccuracyEstimate estimate = accuracy.estimate();
    const auto holds = [&](const Interval& interval) { return interval.low <= kTruth && kTruth <= interval.high; };
    covered += holds(estimate.interval) ? 1 : 0;
    covered_plainly += holds(wilson_interval(estimate.accuracy, static_cast<double>(estimate.examples))) ? 1 : 0;
  }
  CHECK(covered > 0.93 * kRuns);
  CHECK(covered < 0.975 * kRuns);
  CHECK(covered_plainly < 0.75 * kRuns);
}

TEST_CASE("answers are compared without white space around them") {
  CHECK(is_exact_match(" Hund\n", "Hund"));
  CHECK(is_exact_match("Hund", "\tHund "));
  CHECK(is_exact_match("\xE3\x80\x80Hund\xC2\xA0", "Hund"));
  CHECK(is_exact_match("der  Hund", "der  Hund"));
  CHECK_FALSE(is_exact_match("der Hund", "der  Hund"));
  CHECK_FALSE(is_exact_match("hund", "Hund"));
  CHECK_FALSE(is_exact_match("", "Hund"));
  CHECK(is_exact_match(" \n", ""));
}

}  // namespace attend
