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

// Whatever is asked, writes this and a line break.
CausalFolder writer(const std::string& answer) {
  const ContextLogits script = [text = " " + answer + "\n"](const TokenIds& ids) {
    const auto written = static_cast<std::size_t>(std::find(ids.rbegin(), ids.rend(), '>') - ids.rbegin());
    std::vector<float> logits(257, 0.0f);
    logits[static_cast<unsigned char>(text[std::min(written, text.size() - 1)])] = 20.0f;
    return logits;
  };
  return {.model = std::make_shared<ToyCausalModel>(script, 257, 400), .tokenizer = byte_tokenizer(), .generation = {}, .warnings = {}};
}

// Four examples, two of each output.
std::vector<TaskExample> choice_between(const std::string& one, const std::string& other) {
  return {{.input = "a", .output = one}, {.input = "b", .output = other}, {.input = "c", .output = one}, {.input = "d", .output = other}};
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

TEST_CASE("an answer may take what the longest output takes, unless it is said how much") {
  const std::string output(40, 'x');
  const CausalFolder model = writer(output);
  const std::vector<TaskExample> examples = choice_between(output, output);
  FewShotSettings plain = settings({1});
  plain.max_new_tokens = {};
  CHECK(check_few_shot(model, examples, plain).max_new_tokens == 42);  // a blank, the output, a line break
  CHECK(check_few_shot(model, examples, plain).warnings.empty());
  CHECK(accuracy(evaluate_few_shot(model, "x", examples, plain), 0) == 1);
  CHECK(check_few_shot(model, choice_between("y", "z"), plain).max_new_tokens == kUsualNewTokens);
  plain.max_new_tokens = 41;  // the line break need not be written
  CHECK(check_few_shot(model, examples, plain).warnings.empty());
  CHECK(accuracy(evaluate_few_shot(model, "x", examples, plain), 0) == 1);
  plain.max_new_tokens = 40;
  CHECK_THAT(check_few_shot(model, examples, plain).warnings.at(0), Contains("is 40") && Contains("the longest output takes 41"));
  CHECK(accuracy(evaluate_few_shot(model, "x", examples, plain), 0) == 0);
}

TEST_CASE("outputs that hold what ends an answer are told of before they are asked") {
  FewShotSettings full_stop = settings({1});
  full_stop.format.form = PromptTemplate("{input}> {output}.");
  const std::vector<TaskExample> examples = choice_between("3.14", "2");
  CHECK_THAT(check_few_shot(writer("3.14."), examples, full_stop).warnings.at(0), Contains("2 of 4 outputs"));
  full_stop.format.form = PromptTemplate("{input}> {output}.\n");
  CHECK(check_few_shot(writer("3.14."), examples, full_stop).warnings.empty());
  const TaskResult result = evaluate_few_shot(writer("3.14."), "x", examples, full_stop);
  CHECK(result.samples.at(0).answer == "3.14");
  full_stop.format.form = PromptTemplate("{input}> {output} ");  // an answer begins with a blank and does not end there
  CHECK(evaluate_few_shot(writer("3.14"), "x", examples, full_stop).samples.at(0).answer == "3.14");
}

TEST_CASE("likelihoods are compared as they are, a token, or a byte") {
  const auto answer = [](const CausalFolder& model, const std::vector<TaskExample>& examples, LikelihoodNorm norm) {
    FewShotSettings by_likelihood = settings({1});
    by_likelihood.by = JudgeBy::kLikelihood;
    by_likelihood.normalize = norm;
    return evaluate_few_shot(model, "x", examples, by_likelihood).samples.at(0).answer;
  };
  // Each letter of the longer one is likelier, and there are more of them.
  const ContextLogits letters = [](const TokenIds&) {
    std::vector<float> logits(257, 0.0f);
    logits['a'] = 0.5f, logits['b'] = 1.0f;
    return logits;
  };
  const CausalFolder plain{
      .model = std::make_shared<ToyCausalModel>(letters, 257, 400), .tokenizer = byte_tokenizer(), .generation = {}, .warnings = {}};
  const auto lengths = choice_between("a", "bbbb");
  CHECK(answer(plain, lengths, LikelihoodNorm::kNone) == "a");
  CHECK(answer(plain, lengths, LikelihoodNorm::kTokens) == "bbbb");
  CHECK(answer(plain, lengths, LikelihoodNorm::kBytes) == "bbbb");

  // " oo\n" is 3 tokens of 4 bytes and e^-12, " abc\n" 5 tokens of 5 bytes and e^-17.
  constexpr int kTwoLetters = 257;
  const auto tokenizer = byte_tokenizer({"<|endoftext|>", "oo"});
  REQUIRE(tokenizer->encode(" oo\n").size() == 3);
  const ContextLogits pairs = [](const TokenIds&) {
    std::vector<double> probabilities(258, 0.0);
    probabilities[' '] = probabilities['\n'] = std::exp(-2.0);
    probabilities[kTwoLetters] = std::exp(-8.0);
    for (const char letter : {'a', 'b', 'c'}) probabilities[letter] = std::exp(-13.0 / 3);
    double rest = 1;
    for (const double probability : probabilities) rest -= probability;
    probabilities['#'] = rest;
    return logits_of(probabilities);
  };
  const CausalFolder two{
      .model = std::make_shared<ToyCausalModel>(pairs, 258, 400), .tokenizer = tokenizer, .generation = {}, .warnings = {}};
  const auto spellings = choice_between("oo", "abc");
  CHECK(answer(two, spellings, LikelihoodNorm::kNone) == "oo");
  CHECK(answer(two, spellings, LikelihoodNorm::kTokens) == "abc");  // -4 and -3.4 a token
  CHECK(answer(two, spellings, LikelihoodNorm::kBytes) == "oo");    // -3 and -3.4 a byte
}
