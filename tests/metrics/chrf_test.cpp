#include <catch2/catch.hpp>

#include <stdexcept>

#include "metrics/chrf.h"
#include "tests/metrics/sentence_scores.h"

namespace attend {
namespace {

using Lines = std::vector<std::string>;

double f_score(double precision, double recall, double beta) {
  return 100 * (1 + beta * beta) * precision * recall / (beta * beta * precision + recall);
}

}  // namespace

TEST_CASE("chrF by hand") {
  // characters: a b c against a b d e; pairs: ab bc against ab bd de
  const ChrfScore score = corpus_chrf(Lines{"ab c"}, Lines{"a bde"}, {.char_order = 2});
  REQUIRE(score.counts.size() == 2);
  CHECK(score.counts[0].hypothesis == 3);
  CHECK(score.counts[0].reference == 4);
  CHECK(score.counts[0].matches == 2);
  CHECK(score.counts[1].matches == 1);
  CHECK(score.score == Approx(f_score((2.0 / 3 + 1.0 / 2) / 2, (2.0 / 4 + 1.0 / 3) / 2, 2)));
  CHECK(score.name == "chrF2");
  CHECK(score.signature == "nrefs:1|case:mixed|eff:yes|nc:2|nw:0|space:no|version:2.6.0");
}

TEST_CASE("chrF++ counts words, with one punctuation mark taken off") {
  const ChrfScore score = corpus_chrf(Lines{"(hi) there!"}, Lines{"(hi there"}, {.char_order = 0, .word_order = 1, .beta = 1});
  CHECK(score.name == "chrF1+");
  // "(hi" ")" "there" "!" against "(" "hi" "there"
  CHECK(score.counts[0].hypothesis == 4);
  CHECK(score.counts[0].reference == 3);
  CHECK(score.counts[0].matches == 1);
  CHECK(score.score == Approx(f_score(1.0 / 4, 1.0 / 3, 1)));
}

TEST_CASE("white space counts only when asked") {
  const Lines hypothesis{"a b"}, reference{"ab"};
  CHECK(corpus_chrf(hypothesis, reference).score == Approx(100));
  CHECK(corpus_chrf(hypothesis, reference, {.whitespace = true}).score < 100);
}

TEST_CASE("the reference with the best score counts") {
  const Lines references{"completely other", "the cat sat", "the cat"};
  const double best = sentence_chrf("the cat sat", references).score;
  CHECK(best == Approx(100));
  CHECK(sentence_chrf("the cat sat", Lines{"the cat"}).score < best);
}

TEST_CASE("chrF of nothing") {
  CHECK(sentence_chrf("", Lines{"words"}).score == 0);
  CHECK(sentence_chrf("words", Lines{""}).score == 0);
  CHECK(sentence_chrf("", Lines{""}).score == 0);
  CHECK(sentence_chrf("abc", Lines{"xyz"}).score == 0);
}

TEST_CASE("characters are code points, not bytes") {
  const ChrfScore score = sentence_chrf("日本", Lines{"日木"}, {.char_order = 1});
  CHECK(score.counts[0].hypothesis == 2);
  CHECK(score.score == Approx(50));
}

TEST_CASE("misuse of chrF is refused") {
  CHECK_THROWS_AS(Chrf({.char_order = 0}), std::invalid_argument);
  CHECK_THROWS_AS(Chrf({.word_order = -1}), std::invalid_argument);
  CHECK_THROWS_AS(Chrf({.beta = -1}), std::invalid_argument);
  CHECK_THROWS_AS(Chrf().add("a", {}), std::invalid_argument);
}

}  // namespace attend
