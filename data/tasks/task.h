// Tasks that `attend data make` writes: what a task is, and which there are.
//
// A task draws rules, a rule draws examples. A fixed task has one rule, which a model can learn by heart (addition). An in-context task has
// thousands, one an episode, and which one holds can be read only from the examples before the query. docs/tasks.md describes each.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields.h"
#include "core/random.h"
#include "data/task_examples.h"

namespace attend {

enum class AnswerOrder {
  kPlain,    ///< "12+9" is "21"
  kReversed  ///< "12": the last digit first, as carries go
};
template <>
struct EnumNames<AnswerOrder> {
  static constexpr std::array values{std::pair{AnswerOrder::kPlain, "plain"}, std::pair{AnswerOrder::kReversed, "reversed"}};
};

/// Both ends count.
struct NumberRange {
  std::int64_t fewest = 1, most = 1;
};

/// What some tasks can be told; a setting that the task does not have is refused.
struct TaskSettings {
  std::optional<std::int64_t> digits;       ///< of the numbers of addition and subtraction; 3 unless told otherwise
  std::optional<AnswerOrder> answer_order;  ///< of the same
  bool zero_padded = false;                 ///< of the same: "012+009", "0021", so that every digit has its place

  std::optional<NumberRange> lengths;  ///< of listops: tokens of an input; of recall: words between the fact and the question

  static constexpr std::int64_t kMostDigits = 17;  // sums fit 64 bits
};

/// What turns inputs into outputs within one episode.
struct Rule {
  std::string spelling;  ///< "affix: after, qz": two rules are the same where their spellings are
  std::function<TaskExample(RandomStream&)> draw;
};

enum class TaskKind { kFixed, kInContext };
enum class TaskInput { kNumbers, kText, kLong };

struct Task {
  const char* name;
  const char* summary;  ///< a line for the list of tasks
  TaskKind kind;
  TaskInput input;  ///< which of TaskSettings it takes: digits and their order; none; lengths
  Rule (*draw_rule)(RandomStream& random, const TaskSettings& settings);
};

/// All of them: fixed ones first.
std::span<const Task> all_tasks();

/// "addition", "cipher,affix", "mixture" (all in-context tasks). Throws UserError that lists the names, and for one named twice.
std::vector<const Task*> tasks_named(const std::string& names);

/// A line a task: its name and its summary.
std::string list_of_tasks();

/// Throws UserError where a setting has no effect on one of the tasks or is out of its range.
void check_settings(std::span<const Task* const> tasks, const TaskSettings& settings);

}  // namespace attend
