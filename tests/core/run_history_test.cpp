// metrics.jsonl and run.toml, read back.
#include "core/run_history.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Catch::Contains;

RunHistory history(const TempFolder& folder, const std::string& records) {
  write_text(folder / "metrics.jsonl", records);
  return read_run_history(folder.path());
}

std::string refusal(const TempFolder& folder, const std::string& records) {
  return refusal_of([&] { history(folder, records); });
}

constexpr const char* kFirst =
    R"({"step":10,"epoch":0,"loss":2.5,"learning_rate":0.1,"gradient_norm":null,"tokens_per_second":30,"seconds":1})";

}  // namespace

TEST_CASE("a run's history holds records, evaluations, averages and skipped steps in the order of their steps") {
  const TempFolder folder;
  write_text(folder / "run.toml", "seed = 3\n");
  const RunHistory run =
      history(folder, std::string(R"({"step":20,"loss":1.5,"tokens_per_second":50,"seconds":2.5})") + "\n" + kFirst + "\n\n" +
                          R"({"step":20,"evaluation":{"loss":1.25,"bleu":null},"seconds":3})" + "\n" +
                          R"({"step":15,"skipped":"the loss is nan"})" + "\n" + R"({"step":20,"average":{"loss":1},"seconds":4})" + "\n");
  REQUIRE(run.steps.size() == 2);
  CHECK(run.steps[0].step == 10);
  CHECK(run.steps[0].loss == 2.5F);
  CHECK(std::isnan(run.steps[0].gradient_norm));
  CHECK(std::isnan(run.steps[1].learning_rate));
  REQUIRE(run.evaluations.size() == 2);
  CHECK(run.evaluations[0].metrics[0] == std::pair<std::string, double>("loss", 1.25));
  CHECK(std::isnan(run.evaluations[0].metrics[1].second));
  CHECK(run.evaluations[1].is_average);
  REQUIRE(run.skipped.size() == 1);
  CHECK(run.settings.at("seed") == 3);
  CHECK(last_step(run) == 20);
  CHECK(last_second(run) == 4);
  CHECK(median_tokens_per_second(run) == 40);
  CHECK(best_evaluation(run)->value == 1.25);
}

TEST_CASE("what a model answered stands beside its evaluation") {
  const TempFolder folder;
  const std::string record = R"({"step":1,"evaluation":{"loss":1},"samples":[{"input":"ein Hund","output":"a dog","expected":"one dog"}]})";
  CHECK((history(folder, record + "\n").evaluations.at(0).samples == std::vector<Sample>{{"ein Hund", "a dog", "one dog"}}));
  CHECK_THAT(refusal(folder, R"({"step":1,"evaluation":{"loss":1},"samples":[{"input":"ein Hund"}]})"
                             "\n"),
             Contains("line 1") && Contains("no text \"output\""));
  CHECK_THAT(refusal(folder, R"({"step":1,"evaluation":{"loss":1},"samples":3})"
                             "\n"),
             Contains("must be a list"));
}

TEST_CASE("the best evaluation is by best_by, and larger where larger is better") {
  const TempFolder folder;
  const std::string records = R"({"step":1,"evaluation":{"loss":1,"bleu":20}})"
                              "\n"
                              R"({"step":2,"evaluation":{"loss":2,"bleu":30}})"
                              "\n";
  CHECK(best_evaluation(history(folder, records))->step == 1);
  write_text(folder / "run.toml", "best_by = \"bleu\"\n");
  CHECK(best_evaluation(history(folder, records))->step == 2);
  CHECK_FALSE(best_evaluation(history(folder, std::string(kFirst) + "\n")));
}

TEST_CASE("a last line that was cut short is left out, another one is refused by its number") {
  const TempFolder folder;
  const std::string first = std::string(kFirst) + "\n";
  CHECK(history(folder, first + R"({"step":20,"lo)").steps.size() == 1);
  CHECK(history(folder, first + R"({"step":20,"loss":1})").steps.size() == 2);  // whole, without a line break
  CHECK_THAT(refusal(folder, first + "{\"step\":20,\"lo\n"), Contains("metrics.jsonl line 2"));
  CHECK_THAT(refusal(folder, "{\"step\":20,\"lo\n" + first), Contains("metrics.jsonl line 1"));
  CHECK_THAT(refusal(folder, R"({"step":20,"lo)"), Contains("holds no records"));
}

TEST_CASE("what is no record of a run is refused by its line") {
  const TempFolder folder;
  const std::string first = std::string(kFirst) + "\n";
  for (const auto& [line, said] : std::vector<std::pair<std::string, std::string>>{{"[1]", "expected a JSON object"},
                                                                                   {"{}", "without \"step\""},
                                                                                   {R"({"step":-1})", "step is -1"},
                                                                                   {R"({"step":1.5})", "step"},
                                                                                   {R"({"step":9007199254740993})", "2^53"},
                                                                                   {R"({"step":1,"loss":"x"})", "loss"},
                                                                                   {R"({"step":1,"loss":NaN})", "NaN"},
                                                                                   {R"({"step":1,"evaluation":3})", "evaluation"},
                                                                                   {R"({"step":1,"evaluation":{"a":[]}})", "a is"},
                                                                                   {R"({"step":1,"skipped":3})", "skipped"}}) {
    INFO(line);
    CHECK_THAT(refusal(folder, first + line + "\n"), Contains("metrics.jsonl line 2") && Contains(said));
  }
  CHECK_THAT(refusal(folder, ""), Contains("holds no records"));
  CHECK_THAT(refusal(folder, "\n\n"), Contains("holds no records"));
  write_text(folder / "run.toml", "seed = \n");
  CHECK_THAT(refusal(folder, first), Contains("run.toml"));
}

}  // namespace attend
