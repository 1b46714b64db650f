// Every figure and line of tests/fixtures/metrics.json, which scripts/make_metric_fixtures.py got from sacreBLEU.
#include <catch2/catch.hpp>

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "core/field_io.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "metrics/ter.h"
#include "tests/metrics/sacrebleu_fixture.h"
#include "tests/metrics/sentence_scores.h"

namespace attend {
namespace {

/// Twice the largest difference seen (1.4e-14, in chrF), with room for another libm.
constexpr double kTolerance = 1e-12;

using Segments = std::vector<std::pair<std::string, std::vector<std::string>>>;

Segments segments_of(const std::string& text) {
  for (const Json& entry : metric_fixture().at("texts"))
    if (entry.at("name") == text) return entry.at("segments").get<Segments>();
  FAIL("the fixture has no text " << text);
  return {};
}

void check_line(const Json& expected, const MetricScore& score) {
  CHECK(std::abs(score.score - expected.at("score").get<double>()) <= kTolerance);
  if (expected.contains("line")) CHECK(score_line(score, 4) == expected.at("line").get<std::string>());
}

void check_bleu(const Json& expected, const Segments& segments) {
  Bleu bleu(bleu_options(expected.at("options")));
  for (const auto& [hypothesis, references] : segments) bleu.add(hypothesis, references);
  const BleuScore score = bleu.score();
  check_line(expected, score);
  CHECK(std::abs(score.brevity_penalty - expected.at("bp").get<double>()) <= kTolerance);
  const auto precisions = expected.at("precisions").get<std::vector<double>>();
  REQUIRE(score.precisions.size() == precisions.size());
  for (std::size_t i = 0; i < precisions.size(); ++i) CHECK(std::abs(score.precisions[i] - precisions[i]) <= kTolerance);
}

void check_chrf(const Json& expected, const Segments& segments) {
  Chrf chrf(options_from_json<ChrfOptions>(expected.at("options")));
  for (const auto& [hypothesis, references] : segments) chrf.add(hypothesis, references);
  check_line(expected, chrf.score());
}

void check_ter(const Json& expected, const Segments& segments) {
  Ter ter(options_from_json<TerOptions>(expected.at("options")));
  for (const auto& [hypothesis, references] : segments) ter.add(hypothesis, references);
  const TerScore score = ter.score();
  check_line(expected, score);
  CHECK(score.num_edits == expected.at("edits").get<std::int64_t>());
  CHECK(std::abs(score.reference_length - expected.at("reference_length").get<double>()) <= kTolerance);
}

/// Checks every record of a metric; returns how many there were.
int check_all(const std::string& metric, void (*check)(const Json&, const Segments&)) {
  int num_checked = 0;
  for (const Json& expected : metric_fixture().at("scores")) {
    if (expected.at("metric") != metric) continue;
    const std::string text = expected.at("text").get<std::string>();
    INFO(metric << " of '" << text << "' with " << expected.at("options").dump());
    check(expected, segments_of(text));
    ++num_checked;
  }
  return num_checked;
}

}  // namespace

TEST_CASE("BLEU has sacreBLEU's digits") { CHECK(check_all("bleu", check_bleu) >= 22 * 20); }

TEST_CASE("chrF has sacreBLEU's digits") { CHECK(check_all("chrf", check_chrf) >= 9 * 20); }

TEST_CASE("TER has sacreBLEU's digits") { CHECK(check_all("ter", check_ter) >= 16 * 20); }

TEST_CASE("sentence scores are sacreBLEU's lines") {
  for (const Json& expected : metric_fixture().at("sentences")) {
    const Segments segments = segments_of(expected.at("text").get<std::string>());
    const auto lines = expected.at("lines").get<std::vector<std::string>>();
    REQUIRE(lines.size() == segments.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const auto& [hypothesis, references] = segments[i];
      const std::string metric = expected.at("metric").get<std::string>();
      if (metric == "bleu") CHECK(score_line(sentence_bleu(hypothesis, references), 4) == lines[i]);
      if (metric == "chrf") CHECK(score_line(sentence_chrf(hypothesis, references), 4) == lines[i]);
      if (metric == "ter") CHECK(score_line(sentence_ter(hypothesis, references), 4) == lines[i]);
    }
  }
}

TEST_CASE("the fixture was made by the sacreBLEU that signatures name") {
  CHECK(metric_fixture().at("made_by").get<std::string>().find(std::string("sacreBLEU ") + kSacreBleuVersion) != std::string::npos);
}

}  // namespace attend
