#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <random>

#include "metrics/edit_distance.h"
#include "metrics/ter.h"
#include "tests/metrics/sentence_scores.h"

namespace attend {
namespace {

using Lines = std::vector<std::string>;
using Words = std::vector<char32_t>;

Words random_words(std::mt19937& random, std::size_t length, unsigned vocabulary) {
  Words words(length);
  for (char32_t& word : words) word = static_cast<char32_t>(random() % vocabulary);
  return words;
}

/// Levenshtein's distance, without a beam.
std::int64_t levenshtein(const Words& a, const Words& b) {
  std::vector<std::int64_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::int64_t diagonal = std::exchange(row[0], static_cast<std::int64_t>(i));
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::int64_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::int64_t edits(const std::string& hypothesis, const std::string& reference) {
  return sentence_ter(hypothesis, Lines{reference}).num_edits;
}

}  // namespace

TEST_CASE("TER by hand") {
  CHECK(edits("a b c", "a b c") == 0);
  CHECK(edits("a b c", "a b c d") == 1);
  CHECK(edits("a b c d", "a b d") == 1);
  CHECK(edits("a x c", "a b c") == 1);
  CHECK(edits("c a b", "a b c") == 1);  // a shift, where Levenshtein needs two
  CHECK(edits("d e f a b c", "a b c d e f") == 1);
  CHECK(edits("A B", "a b") == 0);
  const TerScore score = corpus_ter(Lines{"c a b", "x"}, Lines{"a b c", "x y"});
  CHECK(score.num_edits == 2);
  CHECK(score.score == Approx(100 * 2 / 5.0));
  CHECK(score.signature == "nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:2.6.0");
}

TEST_CASE("TER of nothing") {
  CHECK(sentence_ter("", Lines{""}).score == 0);
  CHECK(sentence_ter("one two", Lines{""}).score == 100);
  CHECK(sentence_ter("one two", Lines{""}).num_edits == 2);
  CHECK(sentence_ter("", Lines{"one two"}).score == 100);
}

TEST_CASE("the reference with the fewest edits counts, over the mean length") {
  const TerScore score = sentence_ter("a b c", Lines{"a b x y", "a b"});
  CHECK(score.num_edits == 1);
  CHECK(score.reference_length == 3);
}

TEST_CASE("references are normalized twice, as sacreBLEU does") {
  // "dog's." is "dog's ." after one pass and "dog 's ." after two
  CHECK(sentence_ter("the dog's.", Lines{"the dog's."}, {.normalized = true}).num_edits == 2);
  CHECK(sentence_ter("the dog's tail", Lines{"the dog's tail"}, {.normalized = true}).num_edits == 0);
}

TEST_CASE("edit distance is Levenshtein's where the beam covers the table") {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    const Words hypothesis = random_words(random, random() % 20, 5), reference = random_words(random, 1 + random() % 20, 5);
    BeamEditDistance edit_distance(reference);
    const Alignment alignment = edit_distance.align(hypothesis);
    CHECK(alignment.distance == levenshtein(hypothesis, reference));
    // what is wrong on either side accounts for the distance
    const auto wrong_reference = std::count(alignment.reference_is_wrong.begin(), alignment.reference_is_wrong.end(), true);
    const auto wrong_hypothesis = std::count(alignment.hypothesis_is_wrong.begin(), alignment.hypothesis_is_wrong.end(), true);
    CHECK(std::max(wrong_reference, wrong_hypothesis) <= alignment.distance);
    CHECK(wrong_reference + wrong_hypothesis >= alignment.distance);
  }
}

TEST_CASE("a distance from kept rows is the distance from scratch") {
  std::mt19937 random(4);
  for (int round = 0; round < 300; ++round) {
    Words words = random_words(random, 1 + random() % 90, 8);
    const Words reference = random_words(random, 1 + random() % 90, 8);
    BeamEditDistance kept(reference), fresh(reference);
    kept.align(words);
    const std::size_t num_shared = random() % (words.size() + 1);
    std::shuffle(words.begin() + static_cast<std::ptrdiff_t>(num_shared), words.end(), random);
    CHECK(kept.distance(words, num_shared) == fresh.align(words).distance);
  }
}

TEST_CASE("alignment by hand") {
  const Words reference{1, 2, 3, 4}, hypothesis{1, 3, 9};
  const Alignment alignment = BeamEditDistance(reference).align(hypothesis);
  CHECK(alignment.distance == 2);
  CHECK(alignment.hypothesis_position == std::vector<std::int64_t>{0, 0, 1, 2});  // the inserted 2 follows the 1
  CHECK(alignment.reference_is_wrong == std::vector<bool>{false, true, false, true});
  CHECK(alignment.hypothesis_is_wrong == std::vector<bool>{false, false, true});
}

TEST_CASE("TER's properties on random words") {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    const Words hypothesis = random_words(random, random() % 18, 4), reference = random_words(random, 1 + random() % 18, 4);
    const std::int64_t found = translation_edits(hypothesis, reference);
    const auto difference = static_cast<std::int64_t>(hypothesis.size()) - static_cast<std::int64_t>(reference.size());
    CHECK(found <= levenshtein(hypothesis, reference));  // a shift is made only where it saves
    CHECK(found >= std::abs(difference));
    CHECK(translation_edits(reference, reference) == 0);
  }
}

TEST_CASE("very different lengths stay within the beam") {
  std::mt19937 random(6);
  const Words longer = random_words(random, 400, 1000), shorter = random_words(random, 3, 1000);
  CHECK(translation_edits(shorter, longer) >= 397);
  CHECK(translation_edits(longer, shorter) >= 397);
  CHECK(translation_edits({}, longer) == 400);
}

}  // namespace attend
