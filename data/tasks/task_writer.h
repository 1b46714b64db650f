// Files of tasks: task.tsv, and episodes to pretrain on.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <vector>

#include "core/fields.h"
#include "data/few_shot.h"
#include "data/tasks/task.h"

namespace attend {

/// Which rules are drawn. Whether a rule is held out is a function of its spelling alone, not of any seed: what one split shows, the
/// other never does. Where a task has one rule, it is inputs that are split so.
enum class RuleSplit { kAll, kTrain, kHeldOut };
template <>
struct EnumNames<RuleSplit> {
  static constexpr std::array values{std::pair{RuleSplit::kAll, "all"}, std::pair{RuleSplit::kTrain, "train"},
                                     std::pair{RuleSplit::kHeldOut, "held-out"}};
};

struct TaskDraw {
  std::vector<const Task*> tasks;
  TaskSettings settings;
  std::uint64_t seed = 1;
  RuleSplit split = RuleSplit::kAll;
  double hold_out = 0.1;  ///< share of the rules, or of the inputs, that is held out
};

/// Examples of one rule, all inputs different.
struct Episode {
  const Task* task;
  std::string rule;  ///< its spelling
  std::vector<TaskExample> examples;
};

/// Episode `index`: a task and a rule by chance, and so many examples. A function of (draw, index, size); fewer examples are the first ones
/// of more. Where the task has not as many different inputs, throws UserError, or takes those that there are.
enum class Shortage { kRefuse, kTakeAll };
Episode draw_episode(const TaskDraw& draw, std::uint64_t index, std::size_t size, Shortage shortage = Shortage::kRefuse);

/// Lines of `input<TAB>output`: `num_rules` blocks of `examples_per_rule` lines, a blank line between blocks.
void write_task_table(const TaskDraw& draw, std::uint64_t num_rules, std::size_t examples_per_rule, Shortage shortage, std::ostream& out);

struct EpisodeSizes {
  std::size_t fewest = 8, most = 16;  ///< examples, both included, each number as likely
};

/// Documents to pretrain on: the examples of one rule, each as the default template of few-shot prompts writes it, and kEndOfText on a line
/// of its own: what separates documents for `pretrain gpt`.
void write_episodes(const TaskDraw& draw, std::uint64_t num_episodes, const EpisodeSizes& sizes, std::ostream& out);

}  // namespace attend
