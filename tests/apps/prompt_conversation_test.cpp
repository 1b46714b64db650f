// Sessions with tests/fixtures/gpt_text, a tiny GPT-2 of transformers that continues `the cat -> sings` by the verb of the lines before.
#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

#include "apps/commands/prompt_conversation.h"
#include "core/log.h"
#include "inference/folders.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"

using namespace attend;
using Catch::Contains;

namespace {

const TextGenerator& generator() {
  static const CausalFolder folder = load_causal_folder(std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures/gpt_text");
  static const TextGenerator made(folder.model, folder.tokenizer, folder.generation);
  return made;
}

std::vector<TaskExample> examples(const std::string& verb) {
  return {{.input = "the dog", .output = verb}, {.input = "the hen", .output = verb}, {.input = "the fox", .output = verb}};
}

PromptSession make_session(const std::string& verb, std::size_t shots, const std::string& instruction = "") {
  PromptSettings settings{.format = {.instruction = instruction, .form = PromptTemplate()}, .shots = shots, .seed = 1};
  settings.generate.temperature = 0.0;
  settings.generate.max_new_tokens = 12;
  settings.generate.context = ContextPolicy::kRefuse;
  settings.generate.stop = {settings.format.form.stop()};
  return {generator(), ExamplePool(examples(verb)), std::move(settings)};
}

struct Talk {
  std::string out, err;
};

Talk talk(PromptSession& session, const std::string& typed) {
  std::istringstream in(typed);
  LineReader lines(in, "the terminal");
  std::ostringstream out;
  Talk said;
  said.err = captured_stderr([&] { converse(session, lines, out); });
  said.out = out.str();
  return said;
}

}  // namespace

TEST_CASE("the answer follows the examples") {
  for (const std::string verb : {"eats", "läuft", "sings"}) {
    const auto session = make_session(verb, 2);
    const std::vector<AskedQuery> queries{{"the cat", 1}, {"the bär", 2}};
    const auto answers = session.answer(queries);
    REQUIRE(answers.size() == 2);
    for (const auto& answer : answers) {
      CHECK(answer.text == verb);
      CHECK(answer.end == ContinuationEnd::kStop);
    }
  }
}

TEST_CASE("a prompt is instruction, examples and query, and the query is none of its examples") {
  const auto session = make_session("eats", 2, "What do they do?");
  const std::string prompt = session.prompt_for("the cat");
  CHECK(prompt.starts_with("What do they do?\nthe "));
  CHECK(prompt.ends_with("\nthe cat ->"));
  CHECK(std::count(prompt.begin(), prompt.end(), '\n') == 3);
  for (const char* query : {"the dog", "the hen", "the fox"}) {
    const std::string own = session.prompt_for(query);
    CHECK(own.find(query) == own.rfind(query));
  }
  CHECK_THAT(refusal_of([] { make_session("eats", 3).prompt_for("the hen"); }), Contains("the hen") && Contains("2 examples of the 3"));
  CHECK_THAT(refusal_of([] { make_session("eats", 4); }), Contains("--shots 4") && Contains("3 examples"));
}

TEST_CASE("examples that do not fit are refused with how many do") {
  PromptSettings settings{.format = {.instruction = "", .form = PromptTemplate()}, .shots = 3, .seed = 1};
  settings.generate.max_new_tokens = 32;  // of 64 positions; the last is written and never read
  const PromptSession session(generator(), ExamplePool(examples("dances")), settings);
  CHECK_THAT(refusal_of([&] { session.prompt_for("the cat"); }), Contains("3 examples") && Contains("33 tokens") && Contains("fit"));
}

TEST_CASE("a session shows, adds, removes and counts examples, and asks again with them") {
  auto session = make_session("eats", 2);
  const Talk said = talk(session,
                         "the cat\n/shots 0\n/add the dog -> läuft\n/add the hen\tläuft\n/examples\nthe cat\n/remove 1\n/examples\n/show "
                         "the cat\n/quit\nthe cat\n");
  CAPTURE(said.out);
  CHECK(said.err.empty());
  CHECK(said.out ==
        "eats\n"
        "0 examples of 3 in the prompt\n"
        "example 1: the dog -> läuft\n"
        "example 2: the hen -> läuft\n"
        "1: the dog -> läuft\n2: the hen -> läuft\n2 examples of 5 in the prompt\n"
        "läuft\n"
        "1 example of 4 in the prompt\n"
        "1: the hen -> läuft\n1 example of 4 in the prompt\n"
        "the hen -> läuft\nthe cat ->\n");
}

TEST_CASE("mistakes in a session are told and it goes on") {
  auto session = make_session("eats", 2);
  const Talk said = talk(session,
                         "/shot 3\n/shots many\n/shots 9\n/remove 3\n/remove 0\n/add the cat\n/add -> eats\n/add \xff -> a\n\xff\n\n   "
                         "\n/shots 0\n/remove 1\n/shots 2\nthe cat\n");
  CAPTURE(said.err);
  CHECK_THAT(said.err, Contains("did you mean '/shots'?") && Contains("'many'") && Contains("0 to 3") && Contains("1 to 2") &&
                           Contains("'the cat'") && Contains("not UTF-8") && Contains("no example in the prompt"));
  CHECK(said.out == "0 examples of 3 in the prompt\n2 examples of 3 in the prompt\neats\n");
  CHECK_THAT(talk(session, "/help\n").out, Contains("/shots N") && Contains("/add") && Contains("/remove") && Contains("/show"));
  CHECK_THAT(talk(session, "the cat\n/show\n").out, Contains("the cat ->"));  // the last query
}
