#include "metrics/answers.h"

#include <stdexcept>

#include "metrics/unicode_text.h"
#include "tests/metrics/task_fixture.h"

namespace attend {
namespace {

using Answers = std::vector<std::string>;

void check_score(const AnswerScore& score, const Json& expected) {
  CHECK(score.exact == expected.at(0).get<double>());
  check_figure(score.f1, expected.at(1));
}

void check_summary(const AnswerSummary& summary, const Json& expected) {
  CHECK(summary.exact == Approx(expected.at(0).get<double>()).epsilon(kTaskMetricTolerance));
  CHECK(summary.f1 == Approx(expected.at(1).get<double>()).epsilon(kTaskMetricTolerance));
  CHECK(summary.total == expected.at(2).get<std::int64_t>());
}

}  // namespace

TEST_CASE("answers score as by SQuAD's rules, one by one and in all") {
  const Json& cases = task_fixture().at("answers");
  REQUIRE(cases.size() >= 200);
  AnswerScores one(SquadVersion::k1), two(SquadVersion::k2);
  for (const Json& example : cases) {
    INFO(example.dump());
    const auto gold = example.at("gold").get<Answers>();
    const auto prediction = example.at("prediction").get<std::string>();
    CHECK(normalized_answer(prediction) == example.at("words").get<std::string>());
    check_score(score_answer(gold, prediction, SquadVersion::k2), example.at("two"));
    two.add(gold, prediction);
    if (gold.empty()) continue;
    check_score(score_answer(gold, prediction, SquadVersion::k1), example.at("one"));
    one.add(gold, prediction);
  }
  const Json& totals = task_fixture().at("answer_totals");
  check_summary(one.all(), totals.at("one"));
  check_summary(two.all(), totals.at("two"));
  check_summary(two.has_answer(), totals.at("has_answer"));
  check_summary(two.no_answer(), totals.at("no_answer"));
}

TEST_CASE("every code point is a word character where Python's re says so") {
  std::uint64_t fingerprint = 0xCBF29CE484222325u;  // 64-bit FNV-1a
  for (char32_t c = 0; c < 0x110000; ++c)
    if (c < 0xD800 || c > 0xDFFF) fingerprint = (fingerprint ^ (is_word(c) ? 1u : 0u)) * 0x100000001B3u;
  CHECK(fingerprint == std::stoull(task_fixture().at("word_characters").get<std::string>(), nullptr, 16));
}

TEST_CASE("answers are compared without case, punctuation, articles and spare spaces") {
  CHECK(normalized_answer("  The  King's\tNew\nClothes! ") == "kings new clothes");
  CHECK(normalized_answer("an-a the") == "ana");  // punctuation goes first, so nothing is left of the hyphen
  CHECK(normalized_answer("a an the A An THE") == "");
  CHECK(normalized_answer("another bathe") == "another bathe");
  CHECK(normalized_answer("\xC3\x84pfel\xE2\x80\x94\x61") == "\xC3\xA4pfel\xE2\x80\x94");  // the em dash is not ASCII and stays
  CHECK(normalized_answer("") == "");
}

TEST_CASE("F1 by hand, and the best over several answers") {
  // 2 words in common of 3 said and 4 asked for.
  const AnswerScore score = score_answer(Answers{"red green blue white"}, "green blue black", SquadVersion::k1);
  CHECK(score.exact == 0);
  CHECK(score.f1 == Approx(2 * (2.0 / 3) * (2.0 / 4) / (2.0 / 3 + 2.0 / 4)));
  // A word counts as often as it stands on both sides.
  CHECK(score_answer(Answers{"no no yes"}, "no no no", SquadVersion::k1).f1 == Approx(2.0 / 3));
  const AnswerScore best = score_answer(Answers{"x", "green", "green blue"}, "green blue", SquadVersion::k2);
  CHECK(best.exact == 1);
  CHECK(best.f1 == 1);
}

TEST_CASE("the two versions differ where there are no words") {
  CHECK(score_answer(Answers{"the"}, "a", SquadVersion::k1).exact == 1);
  CHECK(score_answer(Answers{"the"}, "a", SquadVersion::k1).f1 == 0);
  CHECK(score_answer(Answers{"the"}, "a", SquadVersion::k2).f1 == 1);
  CHECK(score_answer(Answers{"!", "yes"}, "", SquadVersion::k2).exact == 0);  // "!" does not count
  CHECK(score_answer({}, "", SquadVersion::k2).exact == 1);
  CHECK(score_answer({}, "yes", SquadVersion::k2).f1 == 0);
  CHECK_THROWS_AS(score_answer({}, "", SquadVersion::k1), std::invalid_argument);
}

TEST_CASE("questions with and without answer are counted apart") {
  AnswerScores scores(SquadVersion::k2);
  CHECK(scores.all().total == 0);
  CHECK(scores.all().f1 == 0);
  scores.add(Answers{"Rome"}, "Rome");
  scores.add(Answers{"Rome"}, "");
  scores.add({}, "");
  scores.add({}, "Paris");
  scores.add({}, "");
  CHECK(scores.all().exact == Approx(60));
  CHECK(scores.has_answer().exact == Approx(50));
  CHECK(scores.has_answer().total == 2);
  CHECK(scores.no_answer().f1 == Approx(200.0 / 3));
  CHECK(scores.no_answer().total == 3);
}

}  // namespace attend
