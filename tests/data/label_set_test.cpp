#include "data/label_set.h"

#include <catch2/catch.hpp>

#include "core/limits.h"
#include "tests/support/refusal.h"

namespace attend {
namespace {

using Catch::Contains;
using Names = std::vector<std::string>;

const std::string kFile = "x.tsv";

Names ordered(const Names& labels) {
  LabelCollector collector;
  for (std::size_t i = 0; i < labels.size(); ++i) collector.add({labels[i], kFile, i + 1});
  return collector.labels(kFile).names();
}

}  // namespace

TEST_CASE("labels are ordered by value where all are numbers, else by name") {
  CHECK(ordered({"10", "9", "1", "9", "-2"}) == Names{"-2", "1", "9", "10"});
  CHECK(ordered({"1.5", "1e1", "0"}) == Names{"0", "1.5", "1e1"});
  CHECK(ordered({"1.0", "1"}) == Names{"1", "1.0"});  // equal values: two names, by their bytes
  CHECK(ordered({"yes", "no", "10", "9"}) == Names{"10", "9", "no", "yes"});
  CHECK(ordered({"O", "I-x", "B-x", "b"}) == Names{"B-x", "I-x", "O", "b"});
  CHECK(ordered({"\xC3\xA4", "z"}) == Names{"z", "\xC3\xA4"});
  CHECK(ordered({"only"}) == Names{"only"});
}

TEST_CASE("names and numbers of labels belong together") {
  const LabelSet labels({"no", "yes", "maybe"}, "config.json");
  CHECK(labels.size() == 3);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto id = static_cast<std::int64_t>(i);
    CHECK(labels.id({labels.name(id), kFile, 1}) == id);
    CHECK(labels.find(labels.names()[i]) == id);
  }
  CHECK_FALSE(labels.find("No").has_value());
}

TEST_CASE("a label that was never seen is answered with those that were") {
  const LabelSet labels({"entailment", "not_entailment"}, "config.json");
  CHECK_THAT(refusal_of([&] {
               labels.id({"entailmnet", kFile, 17});
             }),
             Contains("x.tsv, line 17") && Contains("'entailmnet'") && Contains("'entailment', 'not_entailment'") &&
                 Contains("did you mean 'entailment'?"));
  CHECK_THAT(refusal_of([&] { labels.id({"", kFile, 2}); }), Contains("''") && Contains("right column"));
  CHECK_THAT(refusal_of([&] { labels.id({"\x1b[31m", kFile, 2}); }), Contains("\\x1b[31m"));
  Names many;
  for (int i = 0; i < 100; ++i) many.push_back("label" + std::to_string(i));
  CHECK_THAT(refusal_of([&] { LabelSet(many, "x").id({"other", kFile, 1}); }), Contains("'label29' and 70 more") && !Contains("label30"));
}

TEST_CASE("sets of labels that cannot be are refused") {
  CHECK_THAT(refusal_of([] { LabelSet({}, "config.json"); }), Contains("config.json has no labels"));
  CHECK_THAT(refusal_of([] { LabelSet({"a", "b", "a"}, "config.json"); }), Contains("'a' stands twice"));
  CHECK_THAT(refusal_of([] { LabelSet({"a", ""}, "config.json"); }), Contains("label 1 has no name"));
  CHECK_THAT(refusal_of([] { LabelSet(Names(limits::kClassLabels + 1, "a"), "config.json"); }), Contains("10001 labels"));
  CHECK_THAT(refusal_of([] { LabelCollector().labels("x.tsv"); }), Contains("x.tsv has no labels"));
  CHECK_THAT(refusal_of([] { LabelCollector().add({"", kFile, 3}); }), Contains("x.tsv, line 3: the label is empty"));
  LabelCollector collector;
  for (std::size_t i = 0; i < limits::kClassLabels; ++i) collector.add({std::to_string(i), kFile, i + 1});
  collector.add({"0", kFile, 20'000});
  CHECK_THAT(refusal_of([&] {
               collector.add({"new", kFile, 20'001});
             }),
             Contains("line 20001: more than 10000 different labels") && Contains("regression"));
  CHECK(collector.labels(kFile).name(9'999) == "9999");
}

}  // namespace attend
