#include "apps/commands/data_make.h"

#include <ostream>

#include "apps/commands.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/text.h"

namespace attend {
namespace {

constexpr std::int64_t kDefaultCount = 1000, kMostCount = 1'000'000'000;
constexpr std::int64_t kMostShots = 100'000, kMostLength = 10'000;

std::int64_t in_range(const char* flag, std::int64_t value, std::int64_t most) {
  if (value < 1 || value > most)
    throw UserError(std::string(flag) + " is " + std::to_string(value) + "; expected 1 to " + std::to_string(most));
  return value;
}

/// "8-16", or "9" for 9-9.
NumberRange parse_range(const char* flag, const std::string& text, std::int64_t most_allowed, const char* example) {
  const std::size_t hyphen = text.find('-');
  const auto fewest = parse_number<std::int64_t>(text.substr(0, hyphen));
  const auto most = hyphen == std::string::npos ? fewest : parse_number<std::int64_t>(text.substr(hyphen + 1));
  if (!fewest || !most || *fewest < 1 || *fewest > *most || *most > most_allowed)
    throw UserError(std::string(flag) + " is '" + excerpt(text) +
                        "'; expected MIN-MAX with 1 <= MIN <= MAX <= " + std::to_string(most_allowed) + ", or one number",
                    std::string("for example ") + flag + " " + example);
  return {.fewest = *fewest, .most = *most};
}

EpisodeSizes parse_shots(const std::string& text) {
  const NumberRange shots = parse_range("--shots", text, kMostShots, "8-16");
  return {.fewest = static_cast<std::size_t>(shots.fewest), .most = static_cast<std::size_t>(shots.most)};
}

TaskDraw draw_of(const DataMakeOptions& options) {
  if (options.tasks.empty())
    throw UserError("no task given; expected one of\n" + list_of_tasks(), "for example: attend data make addition");
  TaskDraw draw{.tasks = tasks_named(options.tasks), .settings = options.settings, .seed = options.common.seed, .split = options.split};
  if (options.lengths) draw.settings.lengths = parse_range("--lengths", *options.lengths, kMostLength, "500-2000");
  check_settings(draw.tasks, draw.settings);
  if (!options.hold_out) return draw;
  if (options.split == RuleSplit::kAll) throw UserError("--hold-out has no effect without --split train or --split held-out");
  if (!(*options.hold_out > 0 && *options.hold_out < 1))
    throw UserError("--hold-out is not between 0 and 1; it is the share that is held out");
  draw.hold_out = *options.hold_out;
  return draw;
}

void check_rules(const DataMakeOptions& options, const TaskDraw& draw) {
  if (!options.episodes && draw.tasks.size() > 1)
    throw UserError(std::to_string(draw.tasks.size()) + " tasks are given; a table is of one", "make a table of each, or add --episodes");
  if (!options.rules) return;
  if (options.episodes)
    throw UserError("--rules has no effect with --episodes", "each episode has a rule of its own; --count says how many");
  const Task& task = *draw.tasks.front();
  if (task.kind == TaskKind::kFixed && *options.rules > 1)
    throw UserError("--rules is " + std::to_string(*options.rules) + ", and the task '" + task.name + "' has one rule", "leave it out");
}

}  // namespace

void add_data(CLI::App& app) {
  CLI::App* data = app.add_subcommand("data", "Make data: tasks for prompting and for pretraining");
  data->require_subcommand(1);
  data->footer("Examples:\n  attend data make --list\n  attend data make addition --digits 3 --count 10000 --split train > train.tsv");
  auto options = std::make_shared<DataMakeOptions>();
  CLI::App* command = data->add_subcommand("make", "Write a task as lines of input<TAB>output, or as episodes");
  command->add_option("TASK", options->tasks, "a task; with --episodes several separated by commas, or mixture");
  command->add_flag("--list", options->list, "say which tasks there are, and nothing else");
  add_field_flag(*command, "--count", options->count,
                 "lines, of each rule where there are several; with --episodes how many of them [1000]");
  add_field_flag(*command, "--rules", options->rules, "rules, each a block of lines, a blank line between blocks [1]");
  command->add_flag("--episodes", options->episodes, "documents to pretrain on, each the examples of one rule as a prompt shows them");
  add_field_flag(*command, "--shots", options->shots, "MIN-MAX, examples an episode [8-16]");
  add_field_flag(*command, "--split", options->split, "which rules, or of a task with one rule which inputs");
  add_field_flag(*command, "--hold-out", options->hold_out, "share of them that is held out [0.1]");
  add_field_flag(*command, "--digits", options->settings.digits, "of numbers that are added or subtracted [3]");
  add_field_flag(*command, "--answer-order", options->settings.answer_order, "of a sum's or difference's digits [plain]");
  command->add_flag("--zero-padded", options->settings.zero_padded, "numbers with zeros in front, all of one length");
  add_field_flag(*command, "--lengths", options->lengths,
                 "MIN-MAX: of listops tokens of an input [500-2000]; of recall words between fact and question [5-50]");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n"
      "  attend data make --list\n"
      "  attend data make listops --lengths 500-2000 --count 96000 > train.tsv\n"
      "  attend data make addition --digits 3 --answer-order reversed --count 10000 --split train > train.tsv\n"
      "  attend data make mixture --episodes --split train --count 200000 --shots 9-16 > episodes.txt\n"
      "  attend data make cipher --split held-out --rules 100 --count 12 > unseen.tsv");
  set_run(*command, options, run_data_make);
}

int run_data_make(const DataMakeOptions& options, std::istream&, std::ostream& out) {
  apply_common(options.common);
  if (options.common.json) throw UserError("--json has no effect: data make writes lines of text", "leave --json out");
  if (options.list) {
    out << list_of_tasks();
    return static_cast<int>(ExitCode::kDone);
  }
  const TaskDraw draw = draw_of(options);
  check_rules(options, draw);
  const auto count = static_cast<std::uint64_t>(in_range("--count", options.count.value_or(kDefaultCount), kMostCount));
  if (options.episodes) {
    write_episodes(draw, count, options.shots ? parse_shots(*options.shots) : EpisodeSizes{}, out);
  } else {
    if (options.shots) throw UserError("--shots has no effect without --episodes", "--count says how many lines a rule has");
    const auto rules = static_cast<std::uint64_t>(in_range("--rules", options.rules.value_or(1), kMostCount));
    const Shortage shortage = options.count ? Shortage::kRefuse : Shortage::kTakeAll;  // a lexicon has fewer words than the usual number
    write_task_table(draw, rules, static_cast<std::size_t>(count), shortage, out);
  }
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
