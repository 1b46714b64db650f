// attend evaluate few-shot: accuracy against the number of examples in the prompt.
#include "apps/commands.h"

#include <filesystem>
#include <iomanip>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "apps/command.h"
#include "apps/commands/text_flags.h"
#include "apps/common.h"
#include "apps/flags.h"
#include "apps/pages/few_shot_page.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/text.h"

namespace attend {
namespace {

struct EvaluateFewShotOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::vector<std::filesystem::path> data;  ///< a task each
  std::vector<std::int64_t> shots{0, 1, 2, 4, 8};
  std::int64_t trials = 1, queries = 0;
  std::optional<std::int64_t> max_new_tokens;  ///< else what the longest output needs
  JudgeBy by = JudgeBy::kGeneration;
  LikelihoodNorm normalize = LikelihoodNorm::kNone;
  bool calibrate = false;
  std::string instruction;
  std::filesystem::path form;    ///< the template's file; "": PromptTemplate::kDefault
  std::int64_t show = 0;         ///< prompts printed for each number of shots
  std::optional<double> chance;  ///< of guessing, in percent, for the page
  std::filesystem::path page;    ///< HTML; "": none
};

constexpr std::int64_t kSamplesOnPage = 2;

void require_at_least(const char* flag, std::int64_t value, std::int64_t least) {
  if (value < least)
    throw UserError(std::string(flag) + " is " + std::to_string(value) + "; expected " + std::to_string(least) + " or more");
}

FewShotSettings settings_of(const EvaluateFewShotOptions& options) {
  require_at_least("--trials", options.trials, 1);
  require_at_least("--queries", options.queries, 0);
  if (options.max_new_tokens) require_at_least("--max-new-tokens", *options.max_new_tokens, 1);
  require_at_least("--show", options.show, 0);
  std::set<std::int64_t> seen;
  for (const std::int64_t shots : options.shots) {
    require_at_least("--shots", shots, 0);
    if (!seen.insert(shots).second) throw UserError("--shots names " + std::to_string(shots) + " twice");
  }
  if (options.by == JudgeBy::kLikelihood && options.max_new_tokens)
    log_warning("--max-new-tokens has no effect with --by likelihood, which generates nothing");
  if (const auto folder = options.page.parent_path(); !folder.empty() && !std::filesystem::is_directory(folder))
    throw UserError("--page " + options.page.string() + ": there is no folder " + folder.string());
  if (options.calibrate && options.by != JudgeBy::kLikelihood)
    throw UserError("--calibrate has no effect on generated answers", "add --by likelihood, or leave --calibrate out");
  if (options.normalize != LikelihoodNorm::kNone && options.by != JudgeBy::kLikelihood)
    throw UserError("--normalize has no effect on generated answers", "add --by likelihood, or leave --normalize out");
  if (options.normalize != LikelihoodNorm::kNone && options.calibrate)
    throw UserError("--calibrate and --normalize are two ways to compare likelihoods", "leave one of the two out");
  if (options.chance && (*options.chance < 0 || *options.chance > 100))
    throw UserError("--chance is " + std::to_string(*options.chance) + "; expected percent, 0 to 100");
  if (!is_valid_utf8(options.instruction)) throw UserError("--instruction is not UTF-8", "give it as UTF-8 text");
  return {
      .format = {.instruction = options.instruction, .form = options.form.empty() ? PromptTemplate() : read_prompt_template(options.form)},
      .shots = options.shots,
      .trials = options.trials,
      .queries = options.queries,
      .by = options.by,
      .calibrate = options.calibrate,
      .normalize = options.normalize,
      .max_new_tokens = options.max_new_tokens,
      .seed = options.common.seed,
      .samples = std::max(options.show, options.page.empty() ? 0 : kSamplesOnPage)};
}

void print_task(const TaskResult& task, bool with_name, std::ostream& out) {
  if (with_name) out << task.name << "\n";
  out << "shots  accuracy  95 % interval    examples\n" << std::fixed << std::setprecision(1);
  for (const ShotResult& row : task.results)
    out << std::setw(5) << row.shots << "  " << std::setw(6) << 100 * row.estimate.accuracy << " %  " << std::setw(5)
        << 100 * row.estimate.interval.low << " to " << std::setw(5) << 100 * row.estimate.interval.high << " %  " << std::setw(8)
        << row.estimate.examples << "\n";
  out << std::defaultfloat;
}

void print_samples(const TaskResult& task, std::ostream& out) {
  for (const PromptSample& sample : task.samples)
    out << "\n--- " << sample.shots << " shots, expected: " << sample.expected << ", answered: " << sample.answer << "\n"
        << sample.prompt << "\n";
}

void append_rows(Json& rows, const TaskResult& task, bool with_samples) {
  for (const ShotResult& row : task.results) {
    Json entry{{"task", task.name},
               {"shots", row.shots},
               {"accuracy", row.estimate.accuracy},
               {"low", row.estimate.interval.low},
               {"high", row.estimate.interval.high},
               {"examples", row.estimate.examples}};
    if (task.chance) entry["chance"] = *task.chance;
    if (with_samples)
      for (const PromptSample& sample : task.samples)
        if (sample.shots == row.shots)
          entry["samples"].push_back({{"prompt", sample.prompt}, {"answer", sample.answer}, {"expected", sample.expected}});
    rows.push_back(std::move(entry));
  }
}

FewShotPage page_of(const EvaluateFewShotOptions& options, std::vector<TaskResult> tasks) {
  const std::string normalized =
      options.normalize == LikelihoodNorm::kNone ? "" : ", divided by " + std::string(enum_name(options.normalize));
  FewShotPage page{.title = "Accuracy against the number of shots", .settings = {}, .tasks = std::move(tasks)};
  page.settings = {{"model", options.model.string()},
                   {"answers by", std::string(enum_name(options.by)) + (options.calibrate ? ", calibrated" : normalized)},
                   {"trials", std::to_string(options.trials)},
                   {"seed", std::to_string(options.common.seed)}};
  if (!options.instruction.empty()) page.settings.emplace_back("instruction", options.instruction);
  return page;
}

void tell_plan(const EvaluateFewShotOptions& options, const std::string& file, const FewShotPlan& plan) {
  for (const std::string& warning : plan.warnings) log_warning(file + ": " + warning);
  if (options.by == JudgeBy::kGeneration && !options.max_new_tokens && plan.max_new_tokens > kUsualNewTokens)
    log_info(file + ": an answer may take " + std::to_string(plan.max_new_tokens) +
             " tokens, as the longest output does; --max-new-tokens sets another number");
}

/// A row for each number of shots of each task: shots, accuracy, its 95 % interval, answers judged. With --json one array of objects.
int run_evaluate_few_shot(const EvaluateFewShotOptions& options, std::istream&, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  const FewShotSettings settings = settings_of(options);
  if (options.chance && options.page.empty()) throw UserError("--chance has no effect without --page", "leave it out, or add --page FILE");
  std::vector<std::vector<TaskExample>> tasks;
  for (const auto& file : options.data) tasks.push_back(read_task_examples(file));
  const CausalFolder folder = open_causal_folder(options.model, loading);
  for (std::size_t i = 0; i < tasks.size(); ++i) tell_plan(options, options.data[i].string(), check_few_shot(folder, tasks[i], settings));
  std::vector<TaskResult> results;
  Json rows = Json::array();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const std::string name = options.data[i].filename().string();
    Progress progress("few-shot " + name, num_few_shot_answers(tasks[i].size(), settings), "queries");
    results.push_back(evaluate_few_shot(folder, name, tasks[i], settings, [&](std::size_t answers) { progress.advance(answers); }));
    progress.finish();
    if (options.chance) results.back().chance = *options.chance / 100;
    append_rows(rows, results.back(), options.show > 0);
    if (options.common.json) continue;
    if (i > 0) out << "\n";
    print_task(results.back(), tasks.size() > 1, out);
    if (options.show > 0) print_samples(results.back(), out);
    out << std::flush;
  }
  if (options.common.json) out << one_line(rows) << "\n";
  if (!options.page.empty()) {
    const FewShotPage page = page_of(options, std::move(results));
    write_file_atomically(options.page, options.page.extension() == ".svg" ? few_shot_picture(page) : few_shot_page(page));
  }
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_evaluate_few_shot(CLI::App& evaluate) {
  auto options = std::make_shared<EvaluateFewShotOptions>();
  CLI::App* command = evaluate.add_subcommand("few-shot", "Accuracy of a language model against the number of examples in its prompt");
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("--data", options->data, "task.tsv, input<TAB>output a line, a blank line between rules; several files")->required();
  command->add_option("--shots", options->shots, "numbers of examples")->delimiter(',')->capture_default_str();
  add_field_flag(*command, "--trials", options->trials, "draws of examples for each query");
  add_field_flag(*command, "--queries", options->queries, "examples asked about, evenly taken; 0: all");
  add_field_flag(*command, "--by", options->by, "the text that the model writes, or the likeliest of the task's outputs");
  command->add_flag("--calibrate", options->calibrate, "divide likelihoods by those that inputs without content get (Zhao et al. 2021)");
  add_field_flag(*command, "--normalize", options->normalize,
                 "what the logarithm of a likelihood is divided by: the output's tokens or bytes");
  add_field_flag(*command, "--max-new-tokens", options->max_new_tokens,
                 "most tokens of a generated answer [32, or what the longest output needs]");
  command->add_option("--instruction", options->instruction, "a line in front of the examples");
  command->add_option("--template", options->form,
                      "file that shows how an example is written, with {input} and {output} [{input} -> {output}]");
  add_field_flag(*command, "--show", options->show, "print this many prompts, with answers, for each number of shots");
  add_field_flag(*command, "--chance", options->chance, "percent that guessing would get, for the page");
  command->add_option("--page", options->page,
                      "write a page with the curve, rows and prompts, one HTML file that loads nothing; FILE.svg: the curve alone");
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "A query is never among its own examples. An answer ends where the text behind {output} in the template stands, or at a line break\n"
      "where that is blank. The interval counts queries of one rule, or trials of one query, as belonging together.\n"
      "Examples:\n"
      "  attend evaluate few-shot --model runs/gpt --data capitals.tsv --shots 0,1,2,4,8 --trials 5\n"
      "  attend evaluate few-shot --model runs/gpt --data sentiment.tsv --by likelihood --calibrate --instruction 'Good or bad?'\n"
      "  attend evaluate few-shot --model runs/gpt --data cipher.tsv affix.tsv --page curve.html --show 1");
  set_run(*command, options, run_evaluate_few_shot);
}

}  // namespace attend
