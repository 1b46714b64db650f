#include "data/tasks/task_writer.h"

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <sstream>

#include "tests/support/refusal.h"
#include "tokenizers/byte_bpe_files.h"

namespace attend {
namespace {

using Catch::Contains;

TaskDraw draw_of(const std::string& tasks, std::uint64_t seed = 1, RuleSplit split = RuleSplit::kAll) {
  return {.tasks = tasks_named(tasks), .settings = {}, .seed = seed, .split = split};
}

std::string table_of(const TaskDraw& draw, std::uint64_t num_rules, std::size_t examples_per_rule) {
  std::ostringstream out;
  write_task_table(draw, num_rules, examples_per_rule, Shortage::kRefuse, out);
  return out.str();
}

std::string episodes_of(const TaskDraw& draw, std::uint64_t count, const EpisodeSizes& sizes = {}) {
  std::ostringstream out;
  write_episodes(draw, count, sizes, out);
  return out.str();
}

}  // namespace

TEST_CASE("the same seed gives the same bytes, another seed others") {
  for (const Task& task : all_tasks()) {
    INFO(task.name);
    CHECK(table_of(draw_of(task.name), 1, 30) == table_of(draw_of(task.name), 1, 30));
    CHECK(table_of(draw_of(task.name, 1), 1, 30) != table_of(draw_of(task.name, 2), 1, 30));
    CHECK(episodes_of(draw_of(task.name, 1), 5) != episodes_of(draw_of(task.name, 2), 5));
  }
  CHECK(episodes_of(draw_of("mixture"), 20) == episodes_of(draw_of("mixture"), 20));
}

TEST_CASE("a longer file begins with the shorter one") {
  for (const char* task : {"addition", "cipher"}) {
    CHECK(table_of(draw_of(task), 1, 50).starts_with(table_of(draw_of(task), 1, 20)));
    CHECK(episodes_of(draw_of(task), 9).starts_with(episodes_of(draw_of(task), 4)));
  }
  CHECK(table_of(draw_of("cipher"), 9, 7).starts_with(table_of(draw_of("cipher"), 4, 7)));
}

TEST_CASE("a table is read as it was written, a block a rule") {
  for (const Task& task : all_tasks()) {
    const std::uint64_t num_rules = task.kind == TaskKind::kInContext ? 6 : 1;
    std::istringstream in(table_of(draw_of(task.name), num_rules, 10));
    const std::vector<TaskExample> examples = read_task_examples(in, "made");
    INFO(task.name);
    REQUIRE(examples.size() == 10 * num_rules);
    for (std::uint64_t rule = 0; rule < num_rules; ++rule) {
      const Episode episode = draw_episode(draw_of(task.name), rule, 10);
      for (std::size_t i = 0; i < 10; ++i) {
        const TaskExample& read = examples[rule * 10 + i];
        CHECK(read.block == rule);
        CHECK(read.input == episode.examples[i].input);
        CHECK(read.output == episode.examples[i].output);
      }
    }
  }
}

TEST_CASE("an episode is written as a prompt shows it, and ends in the token that separates documents") {
  const TaskDraw draw = draw_of("affix");
  const Episode first = draw_episode(draw, 0, 2), second = draw_episode(draw, 1, 2);
  const auto lines = [](const Episode& episode) {
    std::string text;
    for (const TaskExample& example : episode.examples) text += example.input + " -> " + example.output + "\n";
    return text;
  };
  CHECK(episodes_of(draw, 2, {.fewest = 2, .most = 2}) == lines(first) + "<|endoftext|>\n" + lines(second) + "<|endoftext|>\n");
}

TEST_CASE("episodes have every number of examples from the fewest to the most") {
  std::istringstream in(episodes_of(draw_of("mixture"), 400, {.fewest = 3, .most = 6}));
  std::map<std::size_t, int> sizes;
  std::size_t size = 0;
  for (std::string line; std::getline(in, line);) {
    if (line != kEndOfText) {
      ++size;
      continue;
    }
    ++sizes[size];
    size = 0;
  }
  REQUIRE(sizes.size() == 4);
  CHECK(sizes.begin()->first == 3);
  CHECK(sizes.rbegin()->first == 6);
  for (const auto& [count, episodes] : sizes) CHECK(episodes > 60);
}

TEST_CASE("what a fixed task holds out is inputs") {
  std::set<std::string> train;
  for (const TaskExample& example : draw_episode(draw_of("addition", 1, RuleSplit::kTrain), 0, 5000).examples) train.insert(example.input);
  for (const TaskExample& example : draw_episode(draw_of("addition", 2, RuleSplit::kHeldOut), 0, 1000).examples)
    CHECK(train.count(example.input) == 0);
}

TEST_CASE("tasks are found by name, several and all of them") {
  CHECK(tasks_named("cipher").size() == 1);
  CHECK(tasks_named("cipher,addition").size() == 2);
  CHECK(std::string(tasks_named("cipher,addition")[1]->name) == "addition");
  for (const Task* task : tasks_named("mixture")) CHECK(task->kind == TaskKind::kInContext);
  CHECK_THAT(refusal_of([] { tasks_named("adition"); }),
             Contains("there is no task 'adition'; did you mean 'addition'?") && Contains("tasks: addition, subtraction, spelling,"));
  CHECK_THAT(refusal_of([] { tasks_named("cipher,"); }), Contains("there is no task ''"));
  CHECK_THAT(refusal_of([] { tasks_named("cipher,affix,cipher"); }), Contains("'cipher' is asked for twice"));
  for (const Task& task : all_tasks()) CHECK_THAT(list_of_tasks(), Contains(std::string("  ") + task.name + " "));
}

TEST_CASE("settings that a task does not have are refused") {
  const auto refusal = [](const std::string& tasks, const TaskSettings& settings) {
    return refusal_of([&] { check_settings(tasks_named(tasks), settings); });
  };
  CHECK(refusal("addition,subtraction", {.digits = 5, .answer_order = AnswerOrder::kReversed, .zero_padded = true}).empty());
  CHECK_THAT(refusal("addition,copy", {.digits = 5, .answer_order = {}}), Contains("--digits has no effect on the task 'copy'"));
  CHECK_THAT(refusal("cipher", {.digits = {}, .answer_order = AnswerOrder::kPlain}), Contains("--answer-order has no effect"));
  CHECK_THAT(refusal("sort", {.digits = {}, .answer_order = {}, .zero_padded = true}), Contains("--zero-padded has no effect"));
  CHECK_THAT(refusal("addition", {.digits = 0, .answer_order = {}}), Contains("--digits is 0; expected 1 to 17"));
  CHECK_THAT(refusal("addition", {.digits = 18, .answer_order = {}}), Contains("--digits is 18"));
  CHECK(refusal("listops,recall", {.lengths = NumberRange{1, 3}}).empty());
  CHECK_THAT(refusal("listops", {.lengths = NumberRange{2, 3}}), Contains("expressions of 2 or 3 tokens; there are none"));
  CHECK_THAT(refusal("copy", {.lengths = NumberRange{2, 3}}), Contains("--lengths has no effect on the task 'copy'"));
}

}  // namespace attend
