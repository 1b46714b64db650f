#include "data/label_set.h"

#include <catch2/catch.hpp>

#include "core/limits.h"
#include "tests/support/captured_stderr.h"
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

TEST_CASE("labels that training never had count as misses, and are told once") {
  const LabelSet known({"B-x", "O"}, "config.json");
  OpenLabels open(known);
  const std::string file = "open.conll";
  CHECK(open.id({"O", file, 1}) == 1);
  CHECK(open.id({"B-y", file, 2}) == 2);
  CHECK(open.id({"I-y", file, 3}) == 3);
  CHECK(open.id({"B-y", file, 4}) == 2);
  CHECK(open.id({"B-x", file, 5}) == 0);
  CHECK(open.names() == Names{"B-x", "O", "B-y", "I-y"});
  const std::string said = captured_stderr([&] {
    open.report();
    open.report();
  });
  CHECK(said ==
        "warning: open.conll: 3 of 5 labels were never seen in training and count as misses, the first in line 2; 2 labels: 'B-y', "
        "'I-y'\n");

  OpenLabels none_known(known);
  none_known.id({"NOUN", file, 7});
  none_known.id({"VERB", file, 8});
  CHECK_THAT(refusal_of([&] { none_known.report(); }), Contains("open.conll, line 7: the label 'NOUN' was never seen in training"));
  OpenLabels all_known(known);
  all_known.id({"O", file, 1});
  CHECK(captured_stderr([&] { all_known.report(); }) == "");
}

TEST_CASE("the class of F1 is the second of two, or the one asked for") {
  const LabelSet two({"hate", "normal"}, "x"), three({"a", "b", "c"}, "x"), unnamed({"LABEL_0", "LABEL_1"}, "x");
  CHECK(positive_class(two, "") == 1);
  CHECK(positive_class(two, "hate") == 0);
  CHECK_FALSE(positive_class(three, "").has_value());
  CHECK(positive_class(three, "c") == 2);
  CHECK(positive_class(unnamed, "0") == 0);
  CHECK_THAT(refusal_of([&] { positive_class(two, "hat"); }),
             Contains("--positive 'hat' is no class; known are 'hate', 'normal'") && Contains("did you mean 'hate'?"));
}

TEST_CASE("classes are told with their shares, and kept in the folder") {
  CHECK(counted_labels({"hate", "normal"}, {7, 53}) == "'hate' 7 (11.7 %), 'normal' 53 (88.3 %)");
  CHECK(counted_labels({"a"}, {0}) == "'a' 0 (0.0 %)");
  const TempFolder folder;
  CHECK(read_class_counts(folder.path()).empty());
  write_class_counts(folder.path(), {"normal", "hate"}, {53, 7});
  CHECK(read_class_counts(folder.path()) == std::map<std::string, std::int64_t>{{"hate", 7}, {"normal", 53}});
  write_text(folder / "class_counts.json", "[1]");
  CHECK_THAT(refusal_of([&] { read_class_counts(folder.path()); }), Contains("class_counts.json: expected a JSON object"));
  write_text(folder / "class_counts.json", "{\"a\": \"b\"}");
  CHECK_THAT(refusal_of([&] { read_class_counts(folder.path()); }), Contains("class_counts.json"));
}

TEST_CASE("labels that differ in case or in blanks at their ends are named") {
  CHECK(near_equal_names({"yes", "no", "maybe"}).empty());
  CHECK(near_equal_names({"Yes", "yes", "yes ", "no", "\xC3\x84", "\xC3\xA4\xE3\x80\x80"}) ==
        Names{"'Yes', 'yes' and 'yes '", "'\xC3\x84' and '\xC3\xA4\xE3\x80\x80'"});
  const std::string said = captured_stderr([] {
    LabelCollector collector;
    for (const char* label : {"good", "bad", "Bad", "good "}) collector.add({label, kFile, 1});
    CHECK(collector.labels("trail.tsv").size() == 4);
  });
  CHECK(said ==
        "warning: trail.tsv: labels that differ in case or in blanks at their ends only are classes of their own: 'Bad' and 'bad'; 'good' "
        "and 'good '\n");
}

}  // namespace attend
