#include "data/few_shot.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Catch::Contains;

/// Two blocks: "a0" to "a9", then "b0" to "b4". Outputs are the inputs in capitals.
ExamplePool two_blocks() {
  std::vector<TaskExample> examples;
  for (int i = 0; i < 10; ++i) examples.push_back({"a" + std::to_string(i), "A" + std::to_string(i), 0});
  for (int i = 0; i < 5; ++i) examples.push_back({"b" + std::to_string(i), "B" + std::to_string(i), 1});
  return ExamplePool(examples);
}

std::string template_refusal(const std::string& text) {
  return refusal_of([&] { PromptTemplate(text, "the template"); });
}

const std::vector<TaskExample> kExamples{{"dog", "Hund", 0}, {"cat", "Katze", 0}, {"owl", "Eule", 0}};

std::size_t count_bytes(std::string_view text) { return text.size(); }

}  // namespace

TEST_CASE("a prompt is the instruction, the examples and the query up to its answer") {
  const PromptFormat format;
  CHECK(few_shot_prompt(format, kExamples, "cow") == "dog -> Hund\ncat -> Katze\nowl -> Eule\ncow ->");
  CHECK(few_shot_prompt({.instruction = "English to German.", .form = {}}, std::span(kExamples).first(1), "cow") ==
        "English to German.\ndog -> Hund\ncow ->");
  CHECK(few_shot_prompt(format, {}, "cow") == "cow ->");
  CHECK(format.form.answer_prefix() == " ");
  CHECK(format.form.stop() == "\n");
}

TEST_CASE("templates say what stands around input and output") {
  const PromptTemplate questions("Q: {input}\nA: {output}\n\n");
  CHECK(questions.example(kExamples[0]) == "Q: dog\nA: Hund\n\n");
  CHECK(questions.query("cow") == "Q: cow\nA:");
  CHECK(questions.answer_prefix() == " ");
  CHECK(questions.stop() == "\n");

  const PromptTemplate quoted("'{input}' is '{output}'\n");
  CHECK(quoted.query("cow") == "'cow' is '");
  CHECK(quoted.answer_prefix().empty());
  CHECK(quoted.stop() == "'\n");

  CHECK(PromptTemplate("{input}={output}; ").stop() == "; ");
  CHECK(PromptTemplate("{input}: {output}").example(kExamples[0]) == "dog: Hund\n");  // else the examples would run together
  CHECK(PromptTemplate("{input}: {output} \t").example(kExamples[0]) == "dog: Hund\n");
  CHECK(PromptTemplate("{input}\n{output}\n").query("cow") == "cow\n");  // a line break is no blank: it belongs to the prompt
  CHECK(PromptTemplate("{input} {output}\n").query("cow") == "cow");
}

TEST_CASE("an answer ends where the whole text behind it stands, or at a line break where that is blank") {
  const auto stop = [](const char* text) { return PromptTemplate(text).stop(); };
  const auto ending = [](const char* text) { return PromptTemplate(text).ending(); };
  CHECK(stop("{input} {output} ") == "\n");  // a blank would end every answer in front of its first letter
  CHECK(stop("{input} {output} \n\n") == "\n");
  CHECK(ending("{input} {output} \n\n") == " \n");  // what stands there is what is likely there
  CHECK(stop("{input} {output}.\n") == ".\n");
  CHECK(stop("{input}\n{output}\n###\n") == "\n###\n");
  CHECK(ending("{input}\n{output}\n###\n") == "\n###\n");
}

TEST_CASE("outputs that hold what ends them are told") {
  const std::vector<TaskExample> numbers{{"pi", "3.14", 0}, {"two", "2", 0}, {"e", "2.72", 0}};
  const std::string told = PromptTemplate("{input} is {output}.").ambiguity(numbers);
  CHECK_THAT(told, Contains("'.'") && Contains("2 of 3 outputs") && Contains("'3.14'"));
  CHECK(PromptTemplate("{input} is {output}.\n").ambiguity(numbers).empty());
  CHECK(PromptTemplate("{input} is {output} .").ambiguity(numbers).empty());
  CHECK(PromptTemplate().ambiguity(numbers).empty());
  CHECK_FALSE(PromptTemplate("{input}={output}..").ambiguity(std::vector<TaskExample>{{"a", "b.", 0}}).empty());  // "b..." ends early
}

TEST_CASE("inputs that look like marks stay as they are") {
  CHECK(PromptTemplate().example({"{output}", "{input}", 0}) == "{output} -> {input}\n");
}

TEST_CASE("templates that cannot be filled are refused") {
  CHECK_THAT(template_refusal("Q: A: {output}"), Contains("the template has no {input}"));
  CHECK_THAT(template_refusal("{input}"), Contains("the template has no {output}"));
  CHECK_THAT(template_refusal(""), Contains("has no {input}"));
  CHECK_THAT(template_refusal("{input} {input} {output}"), Contains("has more than one {input}"));
  CHECK_THAT(template_refusal("{output} {input}"), Contains("{output} before {input}"));
  CHECK_THAT(template_refusal("{input}\xFF{output}"), Contains("not valid UTF-8"));
  const TempFolder folder;
  write_text(folder / "t.txt", "{input}?\n{output}!\n");
  CHECK(read_prompt_template(folder / "t.txt").example(kExamples[1]) == "cat?\nKatze!\n");
  CHECK_THAT(refusal_of([&] { read_prompt_template(folder / "absent"); }), Contains("absent: no such file"));
  write_text(folder / "t.txt", "nothing\n");
  CHECK_THAT(refusal_of([&] { read_prompt_template(folder / "t.txt"); }), Contains("t.txt has no {input}"));
}

TEST_CASE("examples come from the query's block and are never the query") {
  const ExamplePool pool = two_blocks();
  CHECK(pool.num_blocks() == 2);
  for (std::size_t query = 0; query < pool.examples().size(); ++query) {
    const TaskExample& asked = pool.examples()[query];
    const std::size_t others = asked.block == 0 ? 9 : 4;
    const auto drawn = pool.draw(query, {.shots = others});
    std::set<std::string> inputs;
    for (const TaskExample& example : drawn) {
      CHECK(example.block == asked.block);
      CHECK(example.input != asked.input);
      inputs.insert(example.input);
    }
    CHECK(inputs.size() == others);  // so all the others are there, once each
  }
}

TEST_CASE("an example with the query's input is no example for it, whatever its output") {
  const ExamplePool pool({{"a", "1", 0}, {"a", "1", 0}, {"a", "2", 0}, {"b", "3", 0}});
  CHECK(pool.draw(0, {.shots = 1}) == std::vector<TaskExample>{{"b", "3", 0}});
  CHECK_THAT(refusal_of([&] { pool.draw(0, {.shots = 2}); }), Contains("2 examples are asked for and 1 can be shown;"));
  CHECK(pool.draw_for("b", {.shots = 3}).size() == 3);
  CHECK_THAT(refusal_of([&] { pool.draw_for("b", {.shots = 4}); }), Contains("4 examples are asked for and 3 can be shown"));
}

TEST_CASE("a twin that differs in blanks at its ends is no example") {
  const ExamplePool pool({{"a", "1", 0},
                          {"a ", "1", 0},
                          {"\xC2\xA0"
                           "a",
                           "1", 0},
                          {"b", "2", 0}});
  for (const std::size_t query : {0u, 1u, 2u}) CHECK(pool.draw(query, {.shots = 1}) == std::vector<TaskExample>{{"b", "2", 0}});
  CHECK_THAT(refusal_of([&] { pool.draw(1, {.shots = 2}); }), Contains("2 examples are asked for and 1 can be shown;"));
  CHECK(pool.draw_for(" a\t", {.shots = 1}) == std::vector<TaskExample>{{"b", "2", 0}});
}

TEST_CASE("too few examples in a block are told with the block") {
  const ExamplePool pool = two_blocks();
  CHECK_THAT(refusal_of([&] { pool.draw(12, {.shots = 5}); }),
             Contains("5 examples are asked for and 4 can be shown from block 2 of 2") && Contains("fewer --shots"));
}

TEST_CASE("draws are a function of seed, trial and query, and fewer shots are the first ones of more") {
  const ExamplePool pool = two_blocks();
  const auto eight = pool.draw(3, {.shots = 8, .seed = 5, .trial = 2});
  CHECK(pool.draw(3, {.shots = 8, .seed = 5, .trial = 2}) == eight);
  const auto four = pool.draw(3, {.shots = 4, .seed = 5, .trial = 2});
  CHECK(std::equal(four.begin(), four.end(), eight.begin()));
  CHECK(pool.draw(3, {.shots = 8, .seed = 6, .trial = 2}) != eight);
  CHECK(pool.draw(3, {.shots = 8, .seed = 5, .trial = 3}) != eight);
  CHECK(pool.draw(3, {.shots = 0}).empty());

  const auto elsewhere = pool.draw_for("cow", {.shots = 6, .seed = 5});
  CHECK(pool.draw_for("horse", {.shots = 6, .seed = 5}) == elsewhere);  // the same for every query, so that a prompt can be kept
}

TEST_CASE("a template of a Windows editor is read as its text") {
  const TempFolder folder;
  write_text(folder / "form.txt", "\xEF\xBB\xBFQ: {input}\r\nA: {output}\r\n\r\n");
  const PromptTemplate form = read_prompt_template(folder / "form.txt");
  CHECK(form.example({.input = "x", .output = "y"}) == "Q: x\nA: y\n\n");
  CHECK(form.stop() == "\n");
}

TEST_CASE("every example is drawn as often as any other") {
  const ExamplePool pool = two_blocks();
  std::map<std::string, int> counts;
  constexpr int kTrials = 3000;
  for (int trial = 0; trial < kTrials; ++trial)
    for (const TaskExample& example : pool.draw(0, {.shots = 3, .seed = 1, .trial = static_cast<std::uint64_t>(trial)}))
      ++counts[example.input];
  CHECK(counts.size() == 9);
  double chi_squared = 0;
  for (const auto& [input, count] : counts) chi_squared += (count - kTrials / 3.0) * (count - kTrials / 3.0) / (kTrials / 3.0);
  CHECK(chi_squared < 26.1);  // of 8 degrees of freedom: exceeded once in a thousand times
}

TEST_CASE("a prompt that does not fit says how many examples do") {
  const PromptFormat format;
  // "dog -> Hund\n" is 12 bytes, "cat -> Katze\n" 13, "owl -> Eule\n" 12, "cow ->" 6.
  const auto fitting = [&](std::size_t tokens) { return examples_that_fit(format, kExamples, "cow", {count_bytes, tokens}); };
  CHECK(fitting(43) == 3);
  CHECK(fitting(42) == 2);
  CHECK(fitting(31) == 2);
  CHECK(fitting(30) == 1);
  CHECK(fitting(6) == 0);
  CHECK(fitting(5) == std::nullopt);
  CHECK(fitted_prompt(format, kExamples, "cow", {count_bytes, 43}) == few_shot_prompt(format, kExamples, "cow"));
  CHECK_THAT(
      refusal_of([&] {
        fitted_prompt(format, kExamples, "cow", {count_bytes, 40});
      }),
      Contains("3 examples and the query 'cow' are longer than the 40 tokens") && Contains("2 examples fit") && Contains("--shots 2"));
  CHECK_THAT(refusal_of([&] { fitted_prompt(format, kExamples, "cow", {count_bytes, 5}); }), Contains("'cow' alone is longer"));
}

}  // namespace attend
