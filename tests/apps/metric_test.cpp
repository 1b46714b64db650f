// attend metric, without a process.
#include <sstream>

#include <catch2/catch.hpp>

#include "apps/commands/metric.h"
#include "core/json.h"
#include "tests/support/temp_folder.h"

using namespace attend;
using Catch::Contains;

namespace {

/// A folder with a reference of three lines, and what the command answers to a hypothesis on standard input.
struct MetricFixture {
  TempFolder folder;
  MetricOptions options;

  MetricFixture() {
    write_text(folder / "reference", "the cat sat on the mat\na dog runs in the park\nwe eat\n");
    options.references = {(folder / "reference").string()};
    options.common.device = "cpu";
  }

  std::string answer(const std::string& hypothesis) {
    std::istringstream in(hypothesis);
    std::ostringstream out;
    CHECK(run_metric(options, in, out) == 0);
    return out.str();
  }

  std::string error() {
    std::istringstream in("a\nb\nc\n");
    std::ostringstream out;
    try {
      run_metric(options, in, out);
    } catch (const UserError& error) {
      CHECK(out.str().empty());
      return error.what();
    }
    return "";
  }
};

constexpr const char* kHypothesis = "the cat sat on mat\na dog runs in the park\nwe eat\n";

}  // namespace

TEST_CASE_METHOD(MetricFixture, "metric bleu prints sacreBLEU's line") {
  CHECK(answer(kHypothesis) ==
        "BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0 = 82.1 100.0/90.0/85.7/80.0 "
        "(BP = 0.926 ratio = 0.929 hyp_len = 13 ref_len = 14)\n");
  options.width = 3;
  options.score_only = true;
  CHECK(answer(kHypothesis) == "82.071\n");
}

TEST_CASE_METHOD(MetricFixture, "metric --json gives every digit and the counts") {
  options.common.json = true;
  const Json bleu = parse_json(answer(kHypothesis), "answer");
  CHECK(bleu.at("name") == "BLEU");
  CHECK(bleu.at("score").get<double>() ==
        corpus_bleu(std::vector<std::string>{"the cat sat on mat", "a dog runs in the park", "we eat"},
                    std::vector<std::string>{"the cat sat on the mat", "a dog runs in the park", "we eat"})
            .score);
  CHECK(bleu.at("signature") == "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0");
  CHECK(bleu.at("matches") == Json({13, 9, 6, 4}));
  options.metric = MetricKind::kChrf;
  CHECK(parse_json(answer(kHypothesis), "answer").at("orders").size() == 6);
  options.metric = MetricKind::kTer;
  const Json ter = parse_json(answer(kHypothesis), "answer");
  CHECK(ter.at("edits") == 1);
  CHECK(ter.at("reference_length") == 14.0);
}

TEST_CASE_METHOD(MetricFixture, "metric --sentence gives a score for each line, over its effective orders") {
  options.sentence = true;
  options.score_only = true;
  CHECK(answer(kHypothesis) == "57.9\n100.0\n100.0\n");
  options.metric = MetricKind::kTer;
  CHECK(answer(kHypothesis) == "16.7\n0.0\n0.0\n");
}

TEST_CASE_METHOD(MetricFixture, "metric takes several references and a hypothesis from a file") {
  write_text(folder / "second", "the cat sat on mat\nno\nnothing\n");
  write_text(folder / "hypothesis", kHypothesis);
  options.references.push_back((folder / "second").string());
  options.hypothesis = (folder / "hypothesis").string();
  CHECK_THAT(answer(""), Contains("nrefs:2") && Contains(" = 100.0 "));
}

TEST_CASE_METHOD(MetricFixture, "settings of metric that make no sense are refused") {
  SECTION("a value that nothing uses") {
    options.bleu.smooth_value = 1;
    CHECK_THAT(error(), Contains("--smooth-value has no effect with --smooth exp"));
  }
  SECTION("no n-grams at all") {
    options.chrf.char_order = 0;
    CHECK_THAT(error(), Contains("--char-order and --word-order are both 0"));
  }
  SECTION("n-grams beyond reason") {
    options.bleu.max_order = 1'000'000'000'000;
    CHECK_THAT(error(), Contains("--max-order is 1000000000000; expected 1 to 100"));
  }
  SECTION("standard input twice") {
    options.references = {"-"};
    CHECK_THAT(error(), Contains("standard input is asked for 2 times"));
  }
  SECTION("a missing file") {
    options.references = {(folder / "absent").string()};
    CHECK_THAT(error(), Contains("absent: no such file"));
  }
  SECTION("unequal numbers of lines") {
    write_text(folder / "reference", "one\n");
    CHECK_THAT(error(), Contains("standard input has 3, ") && Contains("reference has 1;"));
  }
}
