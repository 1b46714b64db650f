#include <catch2/catch.hpp>

#include "inference/few_shot.h"
#include "tests/inference/byte_tokenizer.h"
#include "tests/inference/toy_causal_model.h"
#include "tests/support/refusal.h"

using namespace attend;
using namespace attend::test;
using Catch::Contains;

namespace {

// A tiny GPT-2 that continues `the cat -> ` by the verb of the lines before, and by anything where there are none.
const CausalFolder& verbs_model() {
  static const CausalFolder folder = load_causal_folder(std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures/gpt_text");
  return folder;
}

std::vector<TaskExample> verbs() {
  std::vector<TaskExample> examples;
  for (const char* verb : {"eats", "sings"})
    for (const char* who : {"the dog", "the hen", "the fox", "the cat"})
      examples.push_back({.input = who, .output = verb, .block = examples.size() / 4});
  return examples;
}

FewShotSettings settings(std::vector<std::int64_t> shots) {
  FewShotSettings made;
  made.shots = std::move(shots);
  made.max_new_tokens = 12;
  return made;
}

double accuracy(const TaskResult& result, std::size_t row) { return result.results.at(row).estimate.accuracy; }

// Finds "evil" likelier than "good" whatever is asked, a little less so where the query has a plus, a little more where it has an equals
// sign.
std::vector<float> prejudiced(const TokenIds& ids) {
  std::vector<float> logits(257, 0.0f);
  const auto line = std::find(ids.rbegin(), ids.rend(), '\n').base();
  const bool has_plus = std::find(line, ids.end(), '+') != ids.end(), has_equals = std::find(line, ids.end(), '=') != ids.end();
  logits['g'] = has_plus ? 1.5f : 0.0f;
  logits['e'] = has_equals ? 2.5f : 2.0f;
  return logits;
}

CausalFolder prejudiced_model(std::int64_t positions = 400) {
  return {.model = std::make_shared<ToyCausalModel>(prejudiced, 257, positions), .tokenizer = byte_tokenizer(), .generation = {}};
}

std::vector<TaskExample> signs() {
  std::vector<TaskExample> examples;
  for (int i = 0; i < 8; ++i) examples.push_back({.input = std::to_string(i) + (i % 2 ? "+" : "="), .output = i % 2 ? "good" : "evil"});
  return examples;
}

}  // namespace

TEST_CASE("a model that follows its examples is right once it has some") {
  const TaskResult result = evaluate_few_shot(verbs_model(), "verbs", verbs(), settings({0, 1, 3}));
  REQUIRE(result.results.size() == 3);
  CHECK(result.results[0].shots == 0);
  CHECK(accuracy(result, 0) < 0.75);  // one verb cannot be right for both rules
  CHECK(accuracy(result, 1) == 1);
  CHECK(accuracy(result, 2) == 1);
  CHECK(result.results[1].estimate.examples == 8);
  CHECK(result.results[1].estimate.interval.low < 1);
  CHECK_FALSE(result.chance);
}

TEST_CASE("trials add answers, and prompts are kept where asked for") {
  FewShotSettings three = settings({2});
  three.trials = 3;
  three.queries = 4;
  three.samples = 2;
  const TaskResult result = evaluate_few_shot(verbs_model(), "verbs", verbs(), three);
  CHECK(result.results[0].estimate.examples == 12);
  REQUIRE(result.samples.size() == 2);
  for (const PromptSample& sample : result.samples) {
    CHECK(sample.answer == sample.expected);
    CHECK(std::count(sample.prompt.begin(), sample.prompt.end(), '\n') == 2);
    const std::string query = sample.prompt.substr(sample.prompt.rfind('\n') + 1);
    CHECK(sample.prompt.find(query) == sample.prompt.size() - query.size());  // never among its own examples
  }
}

TEST_CASE("by likelihood a prejudice decides, and calibration takes it away") {
  FewShotSettings by_likelihood = settings({0, 2});
  by_likelihood.by = JudgeBy::kLikelihood;
  const CausalFolder model = prejudiced_model();
  const TaskResult plain = evaluate_few_shot(model, "signs", signs(), by_likelihood);
  CHECK(accuracy(plain, 0) == 0.5);  // always "evil"
  CHECK(plain.chance == 0.5);
  by_likelihood.calibrate = true;
  const TaskResult calibrated = evaluate_few_shot(model, "signs", signs(), by_likelihood);
  CHECK(accuracy(calibrated, 0) == 1);
  CHECK(accuracy(calibrated, 1) == 1);
}

TEST_CASE("more shots than examples, and prompts that do not fit, are refused") {
  CHECK_THAT(refusal_of([] { evaluate_few_shot(verbs_model(), "verbs", verbs(), settings({4})); }), Contains("4") && Contains("3"));
  CHECK_THAT(refusal_of([] { evaluate_few_shot(prejudiced_model(50), "signs", signs(), settings({7})); }), Contains("fit"));
  // By likelihood the room is what the longest output leaves, and the number that is told fits every query.
  FewShotSettings by_likelihood = settings({7});
  by_likelihood.by = JudgeBy::kLikelihood;
  for (const std::int64_t positions : {40, 50, 60}) {
    const CausalFolder model = prejudiced_model(positions);
    const std::string refusal = refusal_of([&] { check_few_shot(model, signs(), by_likelihood); });
    const std::size_t at = refusal.rfind("--shots ");
    REQUIRE(at != std::string::npos);
    by_likelihood.shots = {std::stoi(refusal.substr(at + 8))};
    CHECK_NOTHROW(evaluate_few_shot(model, "signs", signs(), by_likelihood));
    ++by_likelihood.shots.front();
    CHECK_THAT(refusal_of([&] { check_few_shot(model, signs(), by_likelihood); }), Contains("examples fit"));
    by_likelihood.shots = {7};
  }
  CHECK_THAT(refusal_of([] { evaluate_few_shot(prejudiced_model(10), "signs", signs(), settings({0})); }), Contains("--max-new-tokens"));
}
