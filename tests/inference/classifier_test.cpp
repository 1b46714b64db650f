// Single texts or pairs: what a classifier was trained on, and what it is given.
#include "inference/classifier.h"

#include <catch2/catch.hpp>

#include "core/log.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"
#include "tests/training/tiny_bert.h"

namespace attend {
namespace {

using Catch::Contains;

struct World {
  TempFolder folder;

  World() {
    set_log_level(LogLevel::kQuiet);
    write_tiny_bert({.pieces = kFewWords}, folder.path());
    load_sequence_classifier(folder.path(), {}, NewHead{.labels = {.names = {"no", "yes"}}})->save(folder.path());
  }
  std::vector<double> probabilities(const std::string& text, Pairs pairs = Pairs::kAuto) const {
    const std::vector<std::string> texts{text};
    return load_classifier(folder.path(), {}, {.pairs = pairs}).classify(texts)[0].probabilities;
  }
  std::string refusal(const std::string& text, Pairs pairs = Pairs::kAuto) const {
    return refusal_of([&] { probabilities(text, pairs); });
  }
};

}  // namespace

TEST_CASE("a folder keeps whether its model reads pairs") {
  const TempFolder folder;
  CHECK(read_pairs(folder.path()) == Pairs::kAuto);
  for (const Pairs pairs : {Pairs::kNo, Pairs::kYes}) {
    write_pairs(pairs, folder.path());
    CHECK(read_pairs(folder.path()) == pairs);
  }
  write_text(folder / "classifying.json", R"({"pairs": "both"})");
  CHECK_THAT(refusal_of([&] { read_pairs(folder.path()); }), Contains("classifying.json: pairs is 'both'"));
  write_text(folder / "classifying.json", R"({"pears": "no"})");
  CHECK_THAT(refusal_of([&] { read_pairs(folder.path()); }), Contains("pears"));
}

TEST_CASE("a TAB is refused where the model was trained on single texts") {
  const World w;
  write_pairs(Pairs::kNo, w.folder.path());
  CHECK_THAT(w.refusal("the cat\tthe dog"), Contains("trained on single texts") && Contains("--pairs yes"));
  CHECK(w.refusal("the cat").empty());
  CHECK(w.probabilities("the cat\tthe dog", Pairs::kYes).size() == 2);  // the flag wins
}

TEST_CASE("a text without a TAB is refused where the model was trained on pairs") {
  const World w;
  write_pairs(Pairs::kYes, w.folder.path());
  CHECK_THAT(w.refusal("the cat"), Contains("trained on pairs") && Contains("text<TAB>text"));
  CHECK(w.refusal("the cat\tthe dog").empty());
  CHECK_THAT(w.refusal("the cat\tthe dog\tthe film"), Contains("second TAB"));
}

TEST_CASE("where the folder does not say, a TAB makes a pair") {
  const World w;
  CHECK(load_classifier(w.folder.path()).pairs() == Pairs::kAuto);
  CHECK(w.probabilities("the cat\tthe dog") == w.probabilities("the cat\tthe dog", Pairs::kYes));
  CHECK(w.probabilities("the cat\tthe dog") != w.probabilities("the cat the dog"));
}

}  // namespace attend
