#include <catch2/catch.hpp>

#include <cmath>
#include <random>
#include <stdexcept>

#include "metrics/bleu.h"
#include "tests/metrics/sentence_scores.h"

namespace attend {
namespace {

using Lines = std::vector<std::string>;

/// Sentences over few words, so that n-grams repeat.
Lines random_lines(std::size_t count, std::size_t num_words, unsigned seed) {
  std::mt19937 random(seed);
  Lines lines;
  for (std::size_t i = 0; i < count; ++i) {
    std::string line;
    for (std::size_t j = 0; j < num_words; ++j) line += (j > 0 ? " " : "") + std::string(1, static_cast<char>('a' + random() % 6));
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

TEST_CASE("BLEU by hand") {
  const BleuScore score = corpus_bleu(Lines{"the cat sat on mat"}, Lines{"the cat sat on the mat"});
  CHECK(score.statistics.matches == std::vector<std::int64_t>{5, 3, 2, 1});
  CHECK(score.statistics.totals == std::vector<std::int64_t>{5, 4, 3, 2});
  CHECK(score.brevity_penalty == Approx(std::exp(1 - 6.0 / 5)));
  CHECK(score.score == Approx(100 * std::exp(-0.2) * std::pow(1.0 * 3 / 4 * 2 / 3 * 1 / 2, 0.25)));
  CHECK(score_line(score) ==
        "BLEU|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0 = 57.9 100.0/75.0/66.7/50.0 "
        "(BP = 0.819 ratio = 0.833 hyp_len = 5 ref_len = 6)");
}

TEST_CASE("an n-gram counts at most as often as one reference has it") {
  // Papineni et al. 2002, section 2.1, example 2
  const Lines first{"the cat is on the mat"}, second{"there is a cat on the mat"};
  const BleuScore score = corpus_bleu(Lines{"the the the the the the the"}, std::vector<Lines>{first, second});
  CHECK(score.statistics.matches[0] == 2);
  CHECK(score.statistics.totals[0] == 7);
  CHECK(score.statistics.reference_length == 7);
  CHECK(score.signature.starts_with("nrefs:2|"));
}

TEST_CASE("of two equally near references the shorter gives the length") {
  const BleuScore score = corpus_bleu(Lines{"a b c d"}, std::vector<Lines>{{"a b c d e f"}, {"a b"}});
  CHECK(score.statistics.reference_length == 2);
}

TEST_CASE("smoothing") {
  const auto precisions = [](BleuSmoothing smooth, std::optional<double> value) {
    return corpus_bleu(Lines{"a b x c d"}, Lines{"a b y c d"}, {.smooth = smooth, .smooth_value = value}).precisions;
  };
  CHECK(precisions(BleuSmoothing::kNone, {}) == std::vector<double>{80, 50, 0, 0});
  CHECK(precisions(BleuSmoothing::kExp, {}) == std::vector<double>{80, 50, 100 / (2 * 3.0), 100 / (4 * 2.0)});
  CHECK(precisions(BleuSmoothing::kFloor, {}) == std::vector<double>{80, 50, 100 * 0.1 / 3, 100 * 0.1 / 2});
  CHECK(precisions(BleuSmoothing::kAddK, 0.5) == std::vector<double>{80, 100 * 2.5 / 4.5, 100 * 0.5 / 3.5, 100 * 0.5 / 2.5});
  CHECK(corpus_bleu(Lines{"a b x c d"}, Lines{"a b y c d"}, {.smooth = BleuSmoothing::kNone}).score == 0);
}

TEST_CASE("a short sentence is scored over the orders it has") {
  const Lines reference{"good dog"};
  CHECK(sentence_bleu("good dog", reference).score == Approx(100));
  CHECK(corpus_bleu(Lines{"good dog"}, reference).score == 0);
  CHECK(sentence_bleu("", reference).score == 0);
  CHECK(sentence_bleu("", reference).brevity_penalty == 0);
}

TEST_CASE("BLEU's properties on random text") {
  const Lines hypotheses = random_lines(40, 12, 1), references = random_lines(40, 12, 2);
  const double score = corpus_bleu(hypotheses, references).score;
  CHECK(score > 0);
  CHECK(score < 100);
  CHECK(corpus_bleu(references, references).score == Approx(100));
  // the order of segments, and references that say the same twice, change nothing
  CHECK(corpus_bleu(Lines(hypotheses.rbegin(), hypotheses.rend()), Lines(references.rbegin(), references.rend())).score == score);
  CHECK(corpus_bleu(hypotheses, std::vector<Lines>{references, references}).score == score);
  // another reference can only add matches
  const Lines more = random_lines(40, 12, 3);
  CHECK(corpus_bleu(hypotheses, std::vector<Lines>{references, more}).score >= score);
}

TEST_CASE("case is ignored only when asked") {
  const Lines hypothesis{"THE CAT SAT ON THE MAT"}, reference{"the cat sat on the mat"};
  CHECK(corpus_bleu(hypothesis, reference).score == 0);
  const BleuScore lowered = corpus_bleu(hypothesis, reference, {.lowercase = true});
  CHECK(lowered.score == Approx(100));
  CHECK(lowered.signature == "nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:2.6.0");
}

TEST_CASE("segments with different numbers of references are marked in the signature") {
  Bleu bleu;
  bleu.add("a", Lines{"a"});
  CHECK(bleu.signature().starts_with("nrefs:1|"));
  bleu.add("b", Lines{"b", "c"});
  CHECK(bleu.signature().starts_with("nrefs:var|"));
  bleu.add("b", Lines{"b"});
  CHECK(bleu.signature().starts_with("nrefs:var|"));
}

TEST_CASE("misuse of BLEU is refused") {
  CHECK_THROWS_AS(corpus_bleu(Lines{"a", "b"}, Lines{"a"}), std::invalid_argument);
  CHECK_THROWS_AS(corpus_bleu(Lines{"a"}, std::vector<Lines>{}), std::invalid_argument);
  CHECK_THROWS_AS(Bleu({.max_order = 0}), std::invalid_argument);
  CHECK_THROWS_AS(Bleu({.smooth_value = 0.5}), std::invalid_argument);
}

}  // namespace attend
