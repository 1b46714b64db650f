#include "metrics/entities.h"

#include <sstream>
#include <stdexcept>

#include "tests/metrics/task_fixture.h"

namespace attend {
namespace {

using Tags = std::vector<std::string>;

Tags tags_of(const std::string& line) {
  std::istringstream in(line);
  Tags tags;
  for (std::string tag; in >> tag;) tags.push_back(tag);
  return tags;
}

EntityScores scored(const std::string& gold, const std::string& predicted) {
  EntityScores scores;
  scores.add(tags_of(gold), tags_of(predicted));
  return scores;
}

/// The entities of a sequence, as "type:count type:count".
std::string entities_in(const std::string& tags) {
  std::string found;
  const EntityScores scores = scored(tags, tags);
  for (const auto& [type, counts] : scores.types()) {
    CHECK(counts.gold == counts.correct);
    CHECK(counts.gold == counts.predicted);
    found += (found.empty() ? "" : " ") + type + ":" + std::to_string(counts.gold);
  }
  return found;
}

}  // namespace

TEST_CASE("entities have seqeval's figures") {
  const Json& cases = task_fixture().at("tags");
  REQUIRE(cases.size() >= 15);
  for (const Json& one : cases) {
    INFO(one.at("name").get<std::string>());
    EntityScores scores;
    const Json &gold = one.at("gold"), &predicted = one.at("predicted");
    for (std::size_t i = 0; i < gold.size(); ++i) scores.add(tags_of(gold[i].get<std::string>()), tags_of(predicted[i].get<std::string>()));
    check_figure(scores.accuracy(), one.at("accuracy"));
    check_averages(scores, one);
    const Json& types = one.at("types");
    REQUIRE(types.size() == scores.types().size());
    for (const Json& row : types) {
      const auto type = row.at(0).get<std::string>();
      INFO(type);
      REQUIRE(scores.types().contains(type));
      const MatchCounts& counts = scores.types().find(type)->second;
      check_figures(precision_recall(counts), row, 1);
      CHECK(counts.gold == row.at(4).get<std::int64_t>());
    }
  }
}

TEST_CASE("entities of well-formed and ill-formed tags") {
  CHECK(entities_in("O O") == "");
  CHECK(entities_in("B-x I-x I-x") == "x:1");
  CHECK(entities_in("B-x B-x I-x O B-x") == "x:3");
  CHECK(entities_in("I-x I-x O I-x") == "x:2");        // IOB1, or I after O
  CHECK(entities_in("B-x I-y I-y") == "x:1 y:1");      // the type changes
  CHECK(entities_in("B-x I-x E-x S-x S-x") == "x:3");  // IOBES
  CHECK(entities_in("E-x E-x I-x") == "x:3");          // what follows an E begins anew
  CHECK(entities_in("B I O B") == "_:2");              // no type
  CHECK(entities_in("B-creative-work I-creative-work") == "creative-work:1");
  CHECK(entities_in("B-a,B-b I-a,I-b") == "a,B-b:1 a,I-b:1");
  CHECK(entities_in("person person O") == "erson:1");  // seqeval's reading of a tag without hyphen
}

TEST_CASE("an entity is right where its type and both of its ends are") {
  const auto correct = [](const std::string& gold, const std::string& predicted) {
    std::int64_t sum = 0;
    const EntityScores scores = scored(gold, predicted);
    for (const auto& [type, counts] : scores.types()) sum += counts.correct;
    return sum;
  };
  CHECK(correct("O B-x I-x O", "O B-x I-x O") == 1);
  CHECK(correct("O B-x I-x O", "O I-x I-x O") == 1);
  CHECK(correct("O B-x I-x O", "O B-x O O") == 0);
  CHECK(correct("O B-x I-x O", "O O B-x O") == 0);
  CHECK(correct("O B-x I-x O", "B-x I-x I-x O") == 0);
  CHECK(correct("O B-x I-x O", "O B-y I-y O") == 0);
  CHECK(correct("B-x B-y", "B-x B-y") == 2);
}

TEST_CASE("figures by hand, and an entity ends with its sentence") {
  EntityScores scores;
  scores.add(Tags{"B-x", "I-x"}, Tags{"B-x", "I-x"});
  scores.add(Tags{"I-x", "O", "B-y"}, Tags{"I-x", "B-y", "I-y"});
  const PrecisionRecall overall = scores.averaged(Average::kMicro);
  CHECK(overall.precision == Approx(2.0 / 3));
  CHECK(overall.recall == Approx(2.0 / 3));
  CHECK(scores.accuracy() == Approx(3.0 / 5));
  CHECK(scores.types().at("x").correct == 2);
  CHECK(scores.types().at("y").correct == 0);
  CHECK(scores.averaged(Average::kMacro).f1 == Approx(0.5));
}

TEST_CASE("nothing to score is zero, and what cannot be scored is refused") {
  EntityScores scores;
  CHECK(scores.accuracy() == 0);
  CHECK(scores.averaged(Average::kMicro).f1 == 0);
  scores.add(Tags{}, Tags{});
  scores.add(Tags{"O"}, Tags{"O"});
  CHECK(scores.averaged(Average::kMacro).f1 == 0);
  CHECK(scores.accuracy() == 1);
  CHECK_THROWS_AS(scores.add(Tags{"O"}, Tags{}), std::invalid_argument);
  CHECK_THROWS_AS(scores.add(Tags{""}, Tags{"O"}), std::invalid_argument);
  CHECK_THROWS_AS(scores.add(Tags{"O"}, Tags{""}), std::invalid_argument);
}

TEST_CASE("tags that speak of entities are told from others") {
  for (const char* tag : {"O", "B", "I", "E", "S", "B-x", "I-creative-work", "S-", "L-x", "U-x", "M-x", "W-x"}) CHECK(is_entity_tag(tag));
  for (const char* tag : {"", "NOUN", "OTHER", "O-x", "b-x", "X-x", "Bx", "-", "\xC3\xB6"}) CHECK_FALSE(is_entity_tag(tag));
}

TEST_CASE("every scheme has the figures of seqeval's strict mode where its tags are well formed") {
  const Json& cases = task_fixture().at("schemes");
  REQUIRE(cases.size() >= 4);
  for (const Json& one : cases) {
    INFO(one.at("name").get<std::string>());
    EntityScores scores;
    const auto iobes = [](const Json& line) {
      Tags tags = tags_of(line.get<std::string>());
      CHECK_FALSE(first_other_tag(tags).has_value());
      for (std::string& tag : tags) tag = as_iobes(tag);
      return tags;
    };
    const Json &gold = one.at("gold"), &predicted = one.at("predicted");
    for (std::size_t i = 0; i < gold.size(); ++i) scores.add(iobes(gold[i]), iobes(predicted[i]));
    check_figures(scores.averaged(Average::kMicro), one.at("micro"));
    check_figures(scores.averaged(Average::kMacro), one.at("macro"));
  }
}

TEST_CASE("other schemes are read in IOBES' letters") {
  const auto entities = [](const std::string& line) {
    std::string mapped;
    for (const std::string& tag : tags_of(line)) mapped += as_iobes(tag) + " ";
    return entities_in(mapped);
  };
  CHECK(entities("U-x U-x B-x L-x B-x I-x L-x") == "x:4");  // BILOU: without the letters they would be one
  CHECK(entities("W-x B-x M-x E-x") == "x:2");              // BMEWO
  CHECK(entities("B M E S S") == "_:3");                    // words of Chinese
  CHECK(as_iobes("L-") == "E-");
  CHECK(as_iobes("Under") == "Under");
  CHECK(as_iobes("B-L-x") == "B-L-x");
}

TEST_CASE("the first tag that is none of an entity is why there is no F1") {
  CHECK_FALSE(first_other_tag(Tags{"B-x", "I-x", "O"}).has_value());
  CHECK(first_other_tag(Tags{"O", "PER", "LOC"}) == "PER");  // a type alone: seqeval reads ORG as O
  CHECK(first_other_tag(Tags{"B-x", "NOUN"}) == "NOUN");
}

}  // namespace attend
