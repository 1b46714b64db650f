// tests/fixtures/task_metrics.json: what scikit-learn, scipy and seqeval say (scripts/make_task_metric_fixtures.py).
#pragma once

#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>

#include "core/json.h"
#include "metrics/precision_recall.h"

namespace attend {

/// The worst difference measured on the fixture: 2.3e-16 for classes, tags and answers, 4.5e-16 for numbers.
inline constexpr double kTaskMetricTolerance = 1e-12;

inline const Json& task_fixture() {
  static const Json fixture = read_json_file(std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures/task_metrics.json");
  return fixture;
}

/// Equal to 1e-12, and NaN where the fixture has null.
inline void check_figure(double value, const Json& expected) {
  if (expected.is_null())
    CHECK(std::isnan(value));
  else
    CHECK(std::abs(value - expected.get<double>()) <= kTaskMetricTolerance);
}

/// [precision, recall, F1], from `first` on.
inline void check_figures(const PrecisionRecall& figures, const Json& expected, std::size_t first = 0) {
  check_figure(figures.precision, expected.at(first));
  check_figure(figures.recall, expected.at(first + 1));
  check_figure(figures.f1, expected.at(first + 2));
}

/// The three averages of anything that has `averaged`.
template <class Scores>
void check_averages(const Scores& scores, const Json& expected) {
  check_figures(scores.averaged(Average::kMacro), expected.at("macro"));
  check_figures(scores.averaged(Average::kMicro), expected.at("micro"));
  check_figures(scores.averaged(Average::kWeighted), expected.at("weighted"));
}

}  // namespace attend
