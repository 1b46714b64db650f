// sacreBLEU's figures for real text: Multi30k's test set, damaged by a rule that the fixture's script follows too.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/text.h"
#include "metrics/chrf.h"
#include "metrics/ter.h"
#include "tests/metrics/sacrebleu_fixture.h"

namespace attend {
namespace {

std::filesystem::path test_set(const std::string& language) {
  return std::filesystem::path(ATTEND_SOURCE_DIR) / "../shared/data/multi30k" / ("test_2016_flickr." + language);
}

std::vector<std::string> split_at_spaces(const std::string& line) {
  std::vector<std::string> words;
  std::size_t start = 0;
  while ((start = line.find_first_not_of(' ', start)) != std::string::npos) {
    const std::size_t end = std::min(line.find(' ', start), line.size());
    words.push_back(line.substr(start, end - start));
    start = end;
  }
  return words;
}

/// scripts/make_metric_fixtures.py's `damaged`: words dropped, the first third moved to the end, some lines wrong or empty.
std::string damaged(const std::vector<std::string>& lines, std::size_t index) {
  if (index % 50 == 7) return "";
  const std::vector<std::string> all = split_at_spaces(lines[index % 10 != 9 ? index : (index + 1) % lines.size()]);
  std::vector<std::string> words;
  for (std::size_t j = 0; j < all.size(); ++j)
    if ((j + index) % 7 != 3) words.push_back(all[j]);
  if (index % 3 == 0) std::rotate(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(words.size() / 3), words.end());
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

MetricScore score_corpus(const std::string& metric, const Json& options, const std::vector<std::string>& hypotheses,
                         const std::vector<std::vector<std::string>>& references) {
  if (metric == "bleu") return corpus_bleu(hypotheses, references, bleu_options(options));
  if (metric == "chrf") return corpus_chrf(hypotheses, references, options_from_json<ChrfOptions>(options));
  return corpus_ter(hypotheses, references, options_from_json<TerOptions>(options));
}

}  // namespace

TEST_CASE("scores of Multi30k have sacreBLEU's digits") {
  for (const char* language : {"en", "de", "fr"}) {
    if (!std::filesystem::exists(test_set(language))) {
      WARN("skipped: " << test_set(language).string() << " is not there");
      return;
    }
  }
  const Json& runs = metric_fixture().at("multi30k");
  REQUIRE(runs.size() >= 12);
  for (const Json& run : runs) {
    const std::vector<std::string> lines = read_lines(test_set(run.at("hypothesis").get<std::string>()));
    std::vector<std::string> hypotheses;
    for (std::size_t i = 0; i < lines.size(); ++i) hypotheses.push_back(damaged(lines, i));
    std::vector<std::vector<std::string>> references;
    for (const Json& language : run.at("references")) references.push_back(read_lines(test_set(language.get<std::string>())));
    const MetricScore score = score_corpus(run.at("metric").get<std::string>(), run.at("options"), hypotheses, references);
    INFO(run.dump());
    CHECK(std::abs(score.score - run.at("score").get<double>()) <= 1e-12);
    CHECK(score_line(score, 4) == run.at("line").get<std::string>());
  }
}

}  // namespace attend
