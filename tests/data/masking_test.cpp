#include "data/masking.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <numeric>

#include "core/error.h"
#include "tests/data/toy_corpus.h"

namespace attend {
namespace {

using Ids = std::vector<std::int64_t>;

constexpr std::int64_t kVocabulary = 305;

/// [CLS] pieces [SEP] pieces [SEP], the pieces random or of whole words of three.
Ids sequence_of(std::size_t a, std::size_t b, RandomStream& random) {
  Ids ids{kToyCls};
  for (const std::size_t length : {a, b}) {
    for (std::size_t i = 0; i < length; ++i) ids.push_back(kToySpecial + static_cast<std::int64_t>(random.below(300)));
    ids.push_back(kToySep);
  }
  return ids;
}

TEST_CASE("what is masked is labelled, and all else stays") {
  const Masker masker(toy_vocabulary(kVocabulary), {});
  RandomStream random(1, "masking");
  for (int i = 0; i < 2000; ++i) {
    Ids ids = sequence_of(random.below(60), random.below(60), random);
    const Ids before = ids;
    const MaskedPieces masked = masker.mask(ids, random);
    REQUIRE(masked.positions.size() == masked.labels.size());
    CHECK(std::is_sorted(masked.positions.begin(), masked.positions.end()));
    CHECK(std::adjacent_find(masked.positions.begin(), masked.positions.end()) == masked.positions.end());
    Ids restored = ids;
    for (std::size_t j = 0; j < masked.positions.size(); ++j) restored.at(static_cast<std::size_t>(masked.positions[j])) = masked.labels[j];
    REQUIRE(restored == before);
    for (const std::int64_t label : masked.labels) REQUIRE(label >= kToySpecial);  // no special piece is masked
    for (const std::int64_t position : masked.positions) {
      const std::int64_t id = ids[static_cast<std::size_t>(position)];
      REQUIRE((id == kToyMask || id >= kToySpecial));  // nor drawn
    }
  }
}

TEST_CASE("a share of the ordinary pieces is masked, rounded, at least one, at most as many as allowed") {
  const auto count = [](const MaskingOptions& options, std::size_t pieces) {
    RandomStream random(1, "masking");
    Ids ids = sequence_of(pieces, 0, random);
    return Masker(toy_vocabulary(kVocabulary), options).mask(ids, random).positions.size();
  };
  CHECK(count({}, 0) == 0);
  CHECK(count({}, 1) == 1);
  CHECK(count({}, 9) == 1);
  CHECK(count({}, 10) == 2);  // 1.5
  CHECK(count({}, 100) == 15);
  CHECK(count({.max_predictions = 20}, 100) == 15);
  CHECK(count({.max_predictions = 4}, 100) == 4);
  CHECK(count({.max_predictions = 1}, 100) == 1);
  CHECK(count({.probability = 0.4}, 100) == 40);
  CHECK(count({.probability = 1}, 100) == 100);
  CHECK(count({.probability = 1e-9}, 100) == 1);
}

TEST_CASE("80 % become [MASK], 10 % a random ordinary piece, 10 % stay; every place and piece is as likely") {
  const Masker masker(toy_vocabulary(kVocabulary), {});
  RandomStream random(2, "masking");
  constexpr int kSequences = 20'000;
  std::map<std::int64_t, int> of_position, of_drawn;
  double masked = 0, replaced = 0, kept = 0;
  for (int i = 0; i < kSequences; ++i) {
    Ids ids(42, kToySpecial);  // a piece drawn at random shows, unless it is this one: 1 of 300
    ids[0] = kToyCls, ids[41] = kToySep;
    for (const std::int64_t position : masker.mask(ids, random).positions) {
      ++of_position[position];
      const std::int64_t id = ids[static_cast<std::size_t>(position)];
      id == kToyMask ? ++masked : id == kToySpecial ? ++kept : ++replaced;
      if (id > kToySpecial) ++of_drawn[id];
    }
  }
  const double chosen = 6.0 * kSequences;
  CHECK(masked + replaced + kept == chosen);
  CHECK(is_likely(masked, chosen, 0.8));
  CHECK(is_likely(replaced, chosen, 0.1 * 299 / 300));
  CHECK(is_likely(kept, chosen, 0.1 + 0.1 / 300));
  REQUIRE(of_position.size() == 40);
  for (const auto& [position, times] : of_position) CHECK(is_likely(times, kSequences, 6.0 / 40));
  REQUIRE(of_drawn.size() == 299);
  for (const auto& [id, times] : of_drawn) CHECK(is_likely(times, chosen, 0.1 / 300));
}

TEST_CASE("other special pieces of the text are left alone too") {
  auto vocabulary = toy_vocabulary(kVocabulary);
  for (std::size_t id = 10; id < 305; id += 2) vocabulary.is_special[id] = true;
  const Masker masker(vocabulary, {.probability = 0.5});
  RandomStream random(3, "masking");
  for (int i = 0; i < 500; ++i) {
    Ids ids = sequence_of(40, 40, random);
    const auto is_special = [&](std::int64_t id) { return vocabulary.is_special[static_cast<std::size_t>(id)]; };
    const auto ordinary = std::count_if(ids.begin(), ids.end(), [&](std::int64_t id) { return !is_special(id); });
    const MaskedPieces masked = masker.mask(ids, random);
    REQUIRE(masked.positions.size() == static_cast<std::size_t>(std::llround(0.5 * static_cast<double>(ordinary))));
    for (const std::int64_t label : masked.labels) REQUIRE_FALSE(is_special(label));
    for (const std::int64_t position : masked.positions) {
      const std::int64_t id = ids[static_cast<std::size_t>(position)];
      REQUIRE((id == kToyMask || !is_special(id)));
    }
  }
}

TEST_CASE("whole words are masked whole") {
  const MaskingVocabulary vocabulary = toy_vocabulary(kVocabulary);
  const Masker masker(vocabulary, {.unit = MaskUnit::kWord});
  RandomStream random(4, "masking");
  double pieces = 0, masked_pieces = 0;
  for (int i = 0; i < 5000; ++i) {
    Ids ids = sequence_of(50, 50, random);
    const Ids before = ids;
    const MaskedPieces masked = masker.mask(ids, random);
    pieces += 100;
    masked_pieces += static_cast<double>(masked.positions.size());
    CHECK(masked.positions.size() <= 15);
    std::vector<bool> is_masked(ids.size());
    for (const std::int64_t position : masked.positions) is_masked[static_cast<std::size_t>(position)] = true;
    for (std::size_t j = 1; j < ids.size(); ++j) {
      const bool goes_on = vocabulary.is_continuation[static_cast<std::size_t>(before[j])] && before[j - 1] >= kToySpecial;
      if (goes_on) REQUIRE(is_masked[j] == is_masked[j - 1]);
    }
  }
  CHECK(masked_pieces / pieces > 0.145);  // a word that would exceed the share is passed over
  CHECK(masked_pieces / pieces <= 0.15);
}

TEST_CASE("where no word fits, the shortest is masked; a word ends at a special token") {
  const std::int64_t begin = kToySpecial, more = kToySpecial + 1;
  const auto masked = [&](Ids ids, std::int64_t most) {
    RandomStream random(5, "masking");
    return Masker(toy_vocabulary(kVocabulary), {.max_predictions = most, .unit = MaskUnit::kWord}).mask(ids, random).positions;
  };
  CHECK(masked({kToyCls, begin, more, more, begin, more, kToySep}, 0) == Ids{4, 5});  // 15 % of 5 is 1
  CHECK(masked({kToyCls, begin, more, more, begin, more, kToySep}, 1) == Ids{4});
  CHECK(masked({kToyCls, begin, more, more, kToySep, more, kToySep}, 0) == Ids{5});  // begins with the rest of a word
  CHECK(masked({kToyCls, kToySep, kToySep}, 0).empty());
}

TEST_CASE("a vocabulary or an option that cannot be masked with is refused") {
  auto without_mask = toy_vocabulary(10);
  without_mask.mask.reset();
  CHECK_THROWS_WITH(Masker(without_mask, {}), Catch::Contains("no [MASK]"));
  auto all_special = toy_vocabulary(10);
  all_special.is_special.assign(10, true);
  CHECK_THROWS_AS(Masker(all_special, {}), UserError);
  const auto vocabulary = toy_vocabulary(10);
  for (const double probability : {0.0, -0.1, 1.1, std::nan("")})
    CHECK_THROWS_AS(Masker(vocabulary, {.probability = probability}), UserError);
  CHECK_THROWS_AS(Masker(vocabulary, {.max_predictions = -1}), UserError);
  auto without_words = vocabulary;
  without_words.is_continuation.clear();
  CHECK_NOTHROW(Masker(without_words, {}));
  CHECK_THROWS_AS(Masker(without_words, {.unit = MaskUnit::kWord}), std::invalid_argument);
  auto outside = vocabulary;
  outside.mask = 10;
  CHECK_THROWS_AS(Masker(outside, {}), std::invalid_argument);
}

}  // namespace
}  // namespace attend
