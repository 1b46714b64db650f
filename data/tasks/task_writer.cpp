#include "data/tasks/task_writer.h"

#include <ostream>
#include <unordered_set>

#include "core/error.h"
#include "tokenizers/byte_bpe_files.h"

namespace attend {
namespace {

constexpr int kMostTries = 10'000;  // for a rule of the split, and for an input that is new

/// Uniform in [0, 1), a function of the text alone, for ever: files made by different versions must split alike.
bool is_held_out(const std::string& text, double share) {
  RandomStream stream(0, "held out: " + text);
  return stream.uniform() < share;
}

bool belongs(const TaskDraw& draw, const std::string& text) {
  return draw.split == RuleSplit::kAll || is_held_out(text, draw.hold_out) == (draw.split == RuleSplit::kHeldOut);
}

Rule draw_rule(const TaskDraw& draw, const Task& task, RandomStream& random) {
  for (int tries = 0; tries < kMostTries; ++tries) {
    Rule rule = task.draw_rule(random, draw.settings);
    if (task.kind == TaskKind::kFixed || belongs(draw, rule.spelling)) return rule;
  }
  throw UserError(std::string("the task '") + task.name + "' has no rule in the split '" + std::string(enum_name(draw.split)) + "'",
                  "choose a --hold-out between 0 and 1");
}

}  // namespace

Episode draw_episode(const TaskDraw& draw, std::uint64_t index, std::size_t size, Shortage shortage) {
  RandomStream random(draw.seed, "episode", {index});
  const Task& task = *draw.tasks[random.below(draw.tasks.size())];
  const Rule rule = draw_rule(draw, task, random);
  Episode episode{.task = &task, .rule = rule.spelling, .examples = {}};
  std::unordered_set<std::string> inputs;
  for (int tries = 0; episode.examples.size() < size; ++tries) {
    if (tries == kMostTries && shortage == Shortage::kTakeAll && !inputs.empty()) break;
    if (tries == kMostTries)
      throw UserError(std::string("the task '") + task.name + "' has hardly more than the " + std::to_string(inputs.size()) +
                          " different inputs found; " + std::to_string(size) + " are asked for",
                      "ask for fewer examples");
    TaskExample example = rule.draw(random);
    if (task.kind == TaskKind::kFixed && !belongs(draw, example.input)) continue;
    if (!inputs.insert(example.input).second) continue;
    episode.examples.push_back(std::move(example));
    tries = 0;
  }
  return episode;
}

void write_task_table(const TaskDraw& draw, std::uint64_t num_rules, std::size_t examples_per_rule, Shortage shortage, std::ostream& out) {
  for (std::uint64_t rule = 0; rule < num_rules; ++rule) {
    if (rule > 0) out << '\n';
    for (const TaskExample& example : draw_episode(draw, rule, examples_per_rule, shortage).examples)
      out << example.input << '\t' << example.output << '\n';
  }
}

void write_episodes(const TaskDraw& draw, std::uint64_t num_episodes, const EpisodeSizes& sizes, std::ostream& out) {
  const PromptTemplate form;
  for (std::uint64_t index = 0; index < num_episodes; ++index) {
    RandomStream random(draw.seed, "episode size", {index});
    const std::size_t size = sizes.fewest + random.below(sizes.most - sizes.fewest + 1);
    for (const TaskExample& example : draw_episode(draw, index, size).examples) out << form.example(example);
    out << kEndOfText << '\n';
  }
}

}  // namespace attend
