#include "data/tasks/task.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"
#include "data/tasks/rules.h"

namespace attend {
namespace {

constexpr const char* kMixture = "mixture";

constexpr Task kTasks[] = {
    {"addition", "12+9: numbers of --digits digits", TaskKind::kFixed, TaskInput::kNumbers, rules::addition},
    {"subtraction", "12-9: the same, no answer below zero", TaskKind::kFixed, TaskInput::kNumbers, rules::subtraction},
    {"spelling", "an English word with a typing mistake, put right", TaskKind::kFixed, TaskInput::kText, rules::spelling},
    {"translation", "an English word in German", TaskKind::kFixed, TaskInput::kText, rules::translation},
    {"copy", "a word, the same again", TaskKind::kFixed, TaskInput::kText, rules::copy},
    {"reverse", "a word, backwards", TaskKind::kFixed, TaskInput::kText, rules::reverse},
    {"count", "how often a letter stands in a word", TaskKind::kFixed, TaskInput::kText, rules::count},
    {"sort", "the letters of a word in alphabetical order", TaskKind::kFixed, TaskInput::kText, rules::sort},
    {"listops", "nested operations on digits, long (Long Range Arena's)", TaskKind::kFixed, TaskInput::kLong, rules::listops},
    {"recall", "a question whose answer stands many words back", TaskKind::kFixed, TaskInput::kLong, rules::recall},
    {"cipher", "letters that stand for others", TaskKind::kInContext, TaskInput::kText, rules::cipher},
    {"arrange", "letters put in another order", TaskKind::kInContext, TaskInput::kText, rules::arrange},
    {"affix", "letters put before or after a word", TaskKind::kInContext, TaskInput::kText, rules::affix},
    {"replace", "two letters that become two others", TaskKind::kInContext, TaskInput::kText, rules::replace},
    {"stamp", "two places of a word that get letters of their own", TaskKind::kInContext, TaskInput::kText, rules::stamp},
    {"shift", "numbers added to the digits, without carrying", TaskKind::kInContext, TaskInput::kText, rules::shift},
    {"label", "two classes with made-up names", TaskKind::kInContext, TaskInput::kText, rules::label},
};

const Task& task_named(const std::string& name) {
  const auto found = std::find_if(std::begin(kTasks), std::end(kTasks), [&](const Task& task) { return task.name == name; });
  if (found != std::end(kTasks)) return *found;
  std::vector<std::string> names{kMixture};
  std::string listed;
  for (const Task& task : kTasks) listed += std::string(task.name) + ", ", names.emplace_back(task.name);
  if (name == kMixture) throw UserError("mixture is all of the tasks with a rule an episode, and stands alone", "name mixture, or tasks");
  const std::string near = nearest(name, names);
  throw UserError("there is no task '" + excerpt(name) + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?"),
                  "tasks: " + listed + kMixture + "; attend data make --list describes them");
}

}  // namespace

std::span<const Task> all_tasks() { return kTasks; }

std::vector<const Task*> tasks_named(const std::string& names) {
  std::vector<const Task*> found;
  if (names == kMixture) {
    for (const Task& task : kTasks)
      if (task.kind == TaskKind::kInContext) found.push_back(&task);
    return found;
  }
  for (std::size_t begin = 0; begin <= names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    const Task* task = &task_named(names.substr(begin, end - begin));
    if (std::find(found.begin(), found.end(), task) != found.end())
      throw UserError(std::string("the task '") + task->name + "' is asked for twice", "name each task once");
    found.push_back(task);
    begin = end + 1;
  }
  return found;
}

std::string list_of_tasks() {
  constexpr std::size_t kNameColumn = 14;
  std::string list;
  const auto add = [&](const std::string& name, const std::string& summary) {
    list += "  " + name + std::string(kNameColumn - name.size(), ' ') + summary + "\n";
  };
  list += "one rule, always the same:\n";
  for (const Task& task : kTasks)
    if (task.kind == TaskKind::kFixed) add(task.name, task.summary);
  list += "a rule an episode, to be read from its examples:\n";
  for (const Task& task : kTasks)
    if (task.kind == TaskKind::kInContext) add(task.name, task.summary);
  add(kMixture, "all of these, an episode each by chance");
  return list;
}

void check_settings(std::span<const Task* const> tasks, const TaskSettings& settings) {
  const auto refuse_unused = [&](bool is_set, const char* flag, TaskInput input, const char* are) {
    if (!is_set) return;
    for (const Task* task : tasks)
      if (task->input != input)
        throw UserError(std::string(flag) + " has no effect on the task '" + task->name + "'",
                        std::string("it is for ") + are + "; leave it out");
  };
  constexpr const char* kOfNumbers = "addition and subtraction";
  refuse_unused(settings.digits.has_value(), "--digits", TaskInput::kNumbers, kOfNumbers);
  refuse_unused(settings.answer_order.has_value(), "--answer-order", TaskInput::kNumbers, kOfNumbers);
  refuse_unused(settings.zero_padded, "--zero-padded", TaskInput::kNumbers, kOfNumbers);
  refuse_unused(settings.lengths.has_value(), "--lengths", TaskInput::kLong, "listops and recall");
  const auto makes = [&](const char* name) {
    return std::any_of(tasks.begin(), tasks.end(), [&](const Task* task) { return std::string_view(task->name) == name; });
  };
  if (settings.lengths && settings.lengths->fewest > 1 && settings.lengths->most < 4 && makes("listops"))
    throw UserError("--lengths asks for expressions of 2 or 3 tokens; there are none", "one digit is 1 token, [MIN 4 7 ] is 4");
  if (settings.digits && (*settings.digits < 1 || *settings.digits > TaskSettings::kMostDigits))
    throw UserError("--digits is " + std::to_string(*settings.digits) + "; expected 1 to " + std::to_string(TaskSettings::kMostDigits));
}

}  // namespace attend
