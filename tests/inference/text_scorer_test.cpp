#include <catch2/catch.hpp>

#include "core/error.h"
#include "inference/text_scorer.h"
#include "tests/inference/byte_tokenizer.h"
#include "tests/inference/toy_causal_model.h"

using namespace attend;
using namespace attend::test;

namespace {

constexpr std::int64_t kVocab = 257;

double log_probability_by_hand(const ContextLogits& next, const TokenIds& ids) {
  double sum = 0;
  for (std::size_t at = 1; at < ids.size(); ++at) sum += log_softmax(next({ids.begin(), ids.begin() + at}))[ids[at]];
  return sum;
}

}  // namespace

TEST_CASE("every token of a text is a target once, with at least half a window before it") {
  for (const std::size_t positions : {1, 2, 3, 4, 7, 64})
    for (std::size_t tokens = 0; tokens < 200; ++tokens) {
      std::size_t next_target = 1;
      for (const ScoreWindow& window : score_windows(tokens, positions)) {
        REQUIRE(window.first_target == next_target);
        REQUIRE(window.begin < window.first_target);
        REQUIRE(window.end - window.begin <= positions + 1);
        REQUIRE(window.end > window.first_target);
        REQUIRE(window.end <= tokens);
        if (window.begin > 0) REQUIRE(window.first_target - window.begin >= positions / 2);
        next_target = window.end;
      }
      REQUIRE(next_target == std::max<std::size_t>(tokens, 1));
    }
  const std::vector<ScoreWindow> expected{{0, 1, 5}, {2, 5, 7}, {4, 7, 9}, {6, 9, 10}};
  REQUIRE(bool(score_windows(10, 4) == expected));
}

TEST_CASE("a text's score is the sum over its tokens, the first predicted from the end of a text") {
  const auto next = random_context_logits(3, kVocab);
  const auto model = std::make_shared<ToyCausalModel>(next, kVocab, 64);
  const TextScorer scorer(model, byte_tokenizer());
  REQUIRE(scorer.counts_first_token());
  const std::vector<std::string> texts{"abc", "", "é"};
  const auto scores = scorer.score(texts);
  REQUIRE(scores[0].num_tokens == 3);
  REQUIRE(scores[0].log_probability == Approx(log_probability_by_hand(next, {kEndOfText, 'a', 'b', 'c'})).margin(1e-5));
  REQUIRE(*scores[0].perplexity() == Approx(std::exp(-scores[0].log_probability / 3)));
  REQUIRE(scores[0].token_log_probabilities.size() == 3);
  REQUIRE(scores[1].num_tokens == 0);
  REQUIRE_FALSE(scores[1].perplexity().has_value());
  REQUIRE(scores[2].num_tokens == 2);
}

TEST_CASE("ill-formed UTF-8 counts as U+FFFD, and is told") {
  const TextScorer scorer(std::make_shared<ToyCausalModel>(random_context_logits(3, kVocab), kVocab, 64), byte_tokenizer());
  const std::vector<std::string> texts{"a\xff", "a\xEF\xBF\xBD"};
  const auto scores = scorer.score(texts);
  REQUIRE(scores[0].log_probability == scores[1].log_probability);
  REQUIRE(scores[0].warnings.size() == 1);
  REQUIRE_THAT(scores[0].warnings[0], Catch::StartsWith("is not UTF-8"));
  REQUIRE(scores[1].warnings.empty());
}

TEST_CASE("without an end-of-text token the first token is not counted") {
  const auto next = random_context_logits(3, 256);
  const TextScorer scorer(std::make_shared<ToyCausalModel>(next, 256, 64), byte_tokenizer({}));
  REQUIRE_FALSE(scorer.counts_first_token());
  const std::vector<std::string> texts{"abc", "a"};
  const auto scores = scorer.score(texts);
  REQUIRE(scores[0].num_tokens == 2);
  REQUIRE(scores[0].log_probability == Approx(log_probability_by_hand(next, {'a', 'b', 'c'})).margin(1e-5));
  REQUIRE(scores[1].num_tokens == 0);
}

TEST_CASE("a long text is read in windows, and a text's score does not depend on the others") {
  const auto next = random_context_logits(5, kVocab);  // looks back two tokens: a window of eight loses nothing
  std::string text;
  TokenIds ids{kEndOfText};
  for (int i = 0; i < 500; ++i) {
    text += static_cast<char>('a' + (i * i) % 23);
    ids.push_back(text.back());
  }
  const auto model = std::make_shared<ToyCausalModel>(next, kVocab, 8);
  const TextScorer scorer(model, byte_tokenizer());
  std::vector<std::string> texts(30, text);
  texts[7] = "short";
  const auto scores = scorer.score(texts);
  REQUIRE(scores[0].num_tokens == 500);
  REQUIRE(scores[0].log_probability == Approx(log_probability_by_hand(next, ids)).epsilon(1e-5));
  REQUIRE(model->windows_a_batch.size() > 1);
  const std::vector<std::string> alone{"short"};
  REQUIRE(scores[7].log_probability == scorer.score(alone)[0].log_probability);
  REQUIRE(scores[29].log_probability == scores[0].log_probability);
  REQUIRE_THROWS_AS(TextScorer(std::make_shared<ToyCausalModel>(next, 200, 8), byte_tokenizer()), UserError);
}

TEST_CASE("continuations of one prompt are scored as they are alone, and the prompt is read once where that is cheaper") {
  const auto next = random_context_logits(9, kVocab);
  const auto model = std::make_shared<ToyCausalModel>(next, kVocab, 64);
  const TextScorer scorer(model, byte_tokenizer());
  const std::string first(40, 'p'), second(35, 'q'), full(61, 'r');
  const std::vector<PromptedText> texts{{first, "a"},   {first, "abc"}, {first, "b"},   {second, "abcde"},
                                        {second, "x"},  {second, "y"},  {full, "abcd"}, {full, "z"},
                                        {full, "long"}, {"short", "a"}, {"short", "b"}, {first, "alone"}};
  const auto scores = scorer.score_continuations(texts);
  // Three prompts are read once; the last has no room for the steps of the second. Texts of a short prompt, or alone with theirs, are
  // whole.
  const std::vector<std::vector<std::int64_t>> starts{{40, 35}, {61}};
  CHECK((model->lengths_a_start == starts));
  CHECK(model->windows_a_batch == std::vector<std::int64_t>{3});
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto alone = scorer.score_continuations({&texts[i], 1})[0];
    CHECK(scores[i].num_tokens == alone.num_tokens);
    CHECK(scores[i].log_probability == Approx(alone.log_probability).margin(1e-5));
    CHECK(scores[i].token_log_probabilities.size() == alone.token_log_probabilities.size());
  }
}

TEST_CASE("a continuation is scored after its prompt, and only it") {
  const auto next = random_context_logits(3, kVocab);
  const TextScorer scorer(std::make_shared<ToyCausalModel>(next, kVocab, 8), byte_tokenizer());
  const std::vector<PromptedText> texts{{"abc", "de"}, {"", "x"}, {"abc", "d"}};
  const auto scores = scorer.score_continuations(texts);
  REQUIRE(scores[0].num_tokens == 2);
  REQUIRE(scores[0].log_probability ==
          Approx(log_probability_by_hand(next, {'a', 'b', 'c', 'd', 'e'}) - log_probability_by_hand(next, {'a', 'b', 'c'})).margin(1e-5));
  REQUIRE(scores[1].log_probability == Approx(log_probability_by_hand(next, {kEndOfText, 'x'})).margin(1e-5));
  REQUIRE(scores[2].token_log_probabilities[0] == Approx(scores[0].token_log_probabilities[0]));
  for (const PromptedText& refused : {PromptedText{"abc", ""}, PromptedText{"12345678", "90"}})
    REQUIRE_THROWS_AS(scorer.score_continuations({&refused, 1}), UserError);
  const PromptedText full{"12345678", "9"};
  REQUIRE(scorer.score_continuations({&full, 1})[0].num_tokens == 1);
  const TextScorer without(std::make_shared<ToyCausalModel>(next, kVocab, 8), byte_tokenizer({}));
  const PromptedText nothing_before{"", "x"};
  REQUIRE_THROWS_AS(without.score_continuations({&nothing_before, 1}), UserError);
}
