#include "data/squad.h"

#include <catch2/catch.hpp>

#include "core/json.h"
#include "core/log.h"
#include "core/random.h"
#include "core/text.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"
#include "tests/support/standard_input.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Catch::Contains;

Json answer(const std::string& text, std::int64_t start) { return {{"text", text}, {"answer_start", start}}; }

Json question(const std::string& id, const Json& answers) { return {{"id", id}, {"question", "What?"}, {"answers", answers}}; }

Json file_of(const std::string& context, const Json& questions) {
  return {{"version", "1.1"}, {"data", {{{"title", "t"}, {"paragraphs", {{{"context", context}, {"qas", questions}}}}}}}};
}

SquadData parsed(const Json& file) {
  set_log_level(LogLevel::kQuiet);
  return parse_squad(file.dump(), "x.json");
}

}  // namespace

TEST_CASE("offsets in characters become offsets in bytes") {
  // Two, three and four bytes, and a mark that is a character of its own.
  const std::string context = "Z\u00FCrich \u4E2D\u6587 \U0001F600 e\u0301 end";
  const Json answers = Json::array(
      {answer("Z\u00FCrich", 0), answer("\u4E2D\u6587", 7), answer("\U0001F600", 10), answer("e\u0301", 12), answer("end", 15)});
  const SquadData data = parsed(file_of(context, Json::array({question("q", answers)})));
  REQUIRE(data.questions.size() == 1);
  CHECK(data.contexts == std::vector<std::string>{context});
  CHECK(data.num_misplaced == 0);
  CHECK(data.version == SquadVersion::k1);
  const std::vector<std::size_t> expected{0, 8, 15, 20, 24};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const SquadAnswer& one = data.questions[0].answers[i];
    REQUIRE(one.begin.has_value());
    CHECK(*one.begin == expected[i]);
    CHECK(context.substr(*one.begin, one.text.size()) == one.text);
  }
}

TEST_CASE("offsets hold for every character of long contexts") {
  RandomStream random(5, "squad_test");
  std::string context;
  std::vector<std::size_t> begins;
  Json answers = Json::array();
  constexpr char32_t kCharacters[]{U'a', U'\u00E9', U'\u4E2D', U'\U0001F600'};
  for (std::int64_t i = 0; i < 1500; ++i) {
    begins.push_back(context.size());
    std::string character;
    append_utf8(character, kCharacters[random.below(4)]);
    context += character;
    answers.push_back(answer(character, i));
  }
  answers.push_back(answer("a", 1500));  // one past the end
  SquadData data;
  CHECK_THAT(captured_stderr([&] { data = parsed(file_of(context, Json::array({question("q", answers)}))); }),
             Contains("1 of 1501 answers"));
  CHECK(data.num_misplaced == 1);
  for (std::size_t i = 0; i < begins.size(); ++i) CHECK(data.questions[0].answers[i].begin == begins[i]);
  CHECK_FALSE(data.questions[0].answers.back().begin.has_value());
}

TEST_CASE("an answer that does not stand at its offset keeps its text and is warned of") {
  const Json answers = Json::array({answer("cat", 4), answer("cat", 5), answer("sat down", 8), answer("cat", 1'000'000'000'000)});
  SquadData data;
  const std::string said = captured_stderr([&] {
    set_log_level(LogLevel::kNormal);
    data = parse_squad(file_of("The cat sat", Json::array({question("q", answers)})).dump(), "x.json");
    set_log_level(LogLevel::kQuiet);
  });
  CHECK(data.num_misplaced == 3);
  REQUIRE(data.questions[0].answers.size() == 4);
  CHECK(data.questions[0].answers[0].begin == 4u);
  for (std::size_t i = 1; i < 4; ++i) CHECK_FALSE(data.questions[0].answers[i].begin.has_value());
  CHECK(data.questions[0].answers[2].text == "sat down");
  CHECK_THAT(said, Contains("3 of 4 answers") && Contains("data[0].paragraphs[0].qas[0].answers[1]"));
  // All of them: the offsets count something else.
  const Json file = file_of("\u00FC cat", Json::array({question("q", Json::array({answer("cat", 3)}))}));
  CHECK_THAT(refusal_of([&] { parsed(file); }), Contains("none of its 1 answers") && Contains("not bytes"));
}

TEST_CASE("version 2.0 has questions without answer") {
  Json impossible = question("q1", Json::array());
  impossible["is_impossible"] = true;
  impossible["plausible_answers"] = Json::array({answer("cat", 4)});
  Json possible = question("q2", Json::array({answer("cat", 4)}));
  possible["is_impossible"] = false;
  const SquadData data = parsed(file_of("The cat sat", Json::array({impossible, possible})));
  CHECK(data.version == SquadVersion::k2);
  CHECK(data.questions[0].is_impossible);
  CHECK(data.questions[0].answers.empty());
  CHECK_FALSE(data.questions[1].is_impossible);
  CHECK(data.questions[1].id == "q2");
  CHECK(data.questions[1].text == "What?");
}

TEST_CASE("questions know their context") {
  const TempFolder folder;
  const Json one = {{"context", "The cat"}, {"qas", Json::array({question("a", Json::array({answer("cat", 4)}))})}};
  const Json none = {{"context", "Nobody asks"}, {"qas", Json::array()}};
  const Json two = {{"context", "A dog"},
                    {"qas", Json::array({question("b", Json::array({answer("dog", 2)})), question("c", Json::array({answer("A", 0)}))})}};
  Json article = {{"paragraphs", Json::array({none, two})}};
  write_text(folder / "x.json", Json{{"data", Json::array({Json{{"paragraphs", Json::array({one})}}, article})}}.dump());
  const SquadData data = read_squad(folder / "x.json");
  REQUIRE(data.questions.size() == 3);
  CHECK(data.contexts.size() == 3);
  CHECK(data.contexts[data.questions[0].context] == "The cat");
  CHECK(data.contexts[data.questions[1].context] == "A dog");
  CHECK(data.contexts[data.questions[2].context] == "A dog");
  const StandardInput in(read_text(folder / "x.json"));
  CHECK(read_squad("-").questions.size() == 3);
  CHECK_THAT(refusal_of([&] { read_squad("-"); }), Contains("standard input: empty"));
  CHECK_THAT(refusal_of([&] { read_squad(folder / "absent.json"); }), Contains("no such file"));
}

TEST_CASE("ids may be numbers, and stay apart") {
  Json first = question("7", Json::array({answer("cat", 4)})), second = first;
  first["id"] = 101;
  second["id"] = -3;
  const SquadData data = parsed(file_of("The cat sat", Json::array({first, second})));
  CHECK(data.questions[0].id == "101");
  CHECK(data.questions[1].id == "-3");
  second["id"] = "101";
  CHECK_THAT(refusal_of([&] { parsed(file_of("The cat sat", Json::array({first, second}))); }), Contains("the id '101' stands twice"));
}

TEST_CASE("an empty answer at -1 is no answer") {
  const Json none = Json::array({answer("", -1)});
  Json said = question("a", none), unsaid = question("b", none), both = question("c", Json::array({answer("", -1), answer("cat", 4)}));
  said["is_impossible"] = true;
  const SquadData data = parsed(file_of("The cat sat", Json::array({said, unsaid, both})));
  CHECK(data.version == SquadVersion::k2);
  for (const std::size_t i : {0u, 1u}) {
    CHECK(data.questions[i].is_impossible);
    CHECK(data.questions[i].answers.empty());
  }
  CHECK_FALSE(data.questions[2].is_impossible);
  REQUIRE(data.questions[2].answers.size() == 1);
  CHECK(data.questions[2].answers[0].begin == 4u);
}

TEST_CASE("flat questions are read as nested ones, from a list, from data and from lines") {
  using Texts = std::vector<std::string>;
  const auto flat = [](const char* id, const char* context, const Texts& texts, const std::vector<int>& starts) {
    const Json answers{{"text", texts}, {"answer_start", starts}};
    return Json{{"id", id}, {"title", "t"}, {"context", context}, {"question", "What?"}, {"answers", answers}};
  };
  const std::vector<Json> rows{flat("a", "The cat sat", {"cat", "The cat"}, {4, 0}), flat("b", "The cat sat", {}, {}),
                               flat("c", "A dog", {"dog"}, {2})};
  std::string lines = "\xEF\xBB\xBF";
  for (const Json& row : rows) lines += row.dump() + "\r\n\n";
  for (const std::string& file : {Json(rows).dump(), Json(rows).dump(2), Json{{"version", "2"}, {"data", rows}}.dump(), lines}) {
    INFO(file);
    const SquadData data = parse_squad(file, "x.json");
    REQUIRE(data.questions.size() == 3);
    CHECK(data.contexts == std::vector<std::string>{"The cat sat", "A dog"});
    CHECK(data.version == SquadVersion::k2);
    CHECK(data.questions[0].answers.size() == 2);
    CHECK(data.questions[0].answers[0].begin == 4u);
    CHECK(data.questions[1].is_impossible);  // the datasets library has no other sign of it
    CHECK(data.questions[2].context == 1);
    CHECK(data.questions[2].answers[0].begin == 2u);
  }
  CHECK(parse_squad(rows[0].dump() + "\n", "x.jsonl").version == SquadVersion::k1);
  const auto refusal = [](const std::string& file) { return refusal_of([&] { parse_squad(file, "x.jsonl"); }); };
  CHECK_THAT(refusal(rows[0].dump() + "\n" + rows[0].dump()), Contains("x.jsonl, line 2: the id 'a' stands twice"));
  CHECK_THAT(refusal(rows[1].dump() + "\n"), Contains("none of its 1 questions has an answer"));
  CHECK_THAT(refusal(rows[0].dump() + "\n{}"), Contains("line 2: has no 'context'"));
}

}  // namespace attend
