// attend prompt: a language model shown examples of a task answers queries as they do.
#include "apps/commands.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include "apps/command.h"
#include "apps/commands/generate.h"
#include "apps/commands/prompt_conversation.h"
#include "apps/commands/text_flags.h"
#include "apps/common.h"
#include "apps/flags.h"
#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "inference/folders.h"
#include "inference/text_generator.h"

namespace attend {
namespace {

struct PromptOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path examples;
  std::filesystem::path text = "-";
  std::int64_t shots = 8;
  std::string instruction;
  std::filesystem::path form;  ///< the template; empty: PromptTemplate::kDefault
  GenerateOptions generate;
};

// An answer is short, and what it may take is not there for examples.
std::int64_t default_new_tokens(std::int64_t positions) { return std::clamp<std::int64_t>(positions / 4, 1, 64); }

PromptFormat format_of(const PromptOptions& options) {
  if (!is_valid_utf8(options.instruction)) throw UserError("--instruction is not UTF-8", "give it as UTF-8 text");
  return {.instruction = options.instruction, .form = options.form.empty() ? PromptTemplate() : read_prompt_template(options.form)};
}

PromptSettings settings_of(const PromptOptions& options, const PromptFormat& format, const CausalLanguageModel& model) {
  if (options.shots < 0) throw UserError("--shots " + std::to_string(options.shots) + ": expected 0 or more");
  PromptSettings settings{
      .format = format, .shots = static_cast<std::size_t>(options.shots), .seed = options.common.seed, .generate = options.generate};
  GenerateOptions& generate = settings.generate;
  generate.max_new_tokens = generate.max_new_tokens.value_or(default_new_tokens(model.max_positions()));
  if (*generate.max_new_tokens >= model.max_positions())
    throw UserError("--max-new-tokens is " + std::to_string(*generate.max_new_tokens) + "; the model has " +
                        std::to_string(model.max_positions()) + " positions, and the prompt needs some of them",
                    "use a smaller --max-new-tokens");
  generate.context = ContextPolicy::kRefuse;
  generate.stop = with_line_breaks(options.generate.stop);
  generate.stop.push_back(settings.format.form.stop());
  const bool samples = generate.beam || generate.top_k || generate.top_p || generate.min_p;
  if (!generate.temperature && !samples) generate.temperature = 0.0;
  return settings;
}

Json to_json(const Continuation& answer) {
  return {{"text", answer.text},
          {"token_ids", answer.ids},
          {"log_probability", answer.log_probability},
          {"tokens", answer.ids.size()},
          {"end", enum_name(answer.end)}};
}

std::string answer_to_empty_line(bool as_json) {
  if (!as_json) return "";
  Json json = to_json({});
  json["end"] = nullptr;
  return one_line(json);
}

/// The answer to each query of `text` (or `in`), a line each, an empty one for an empty one. On a terminal a session (PromptSession).
/// Throws UserError for files that are malformed, more shots than examples, and a prompt that does not fit the model's positions.
int run_prompt(const PromptOptions& options, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  if (options.examples == "-" && options.text == "-")
    throw UserError("--examples - and the queries would both be read from standard input", "name a file for one of the two");
  if (options.examples.empty() && options.shots != 0)
    throw UserError("there are no examples to show", "give --examples task.tsv, or --shots 0 for a model that was trained on the task");
  const ExamplePool pool(options.examples.empty() ? std::vector<TaskExample>{} : read_task_examples(options.examples));
  if (pool.num_blocks() > 1)
    log_warning(options.examples.string() + " holds " + std::to_string(pool.num_blocks()) +
                " blocks, which blank lines part; examples are drawn from all of them, whether one rule holds in all or not");
  warn_of_no_effect(options.generate);
  const PromptFormat format = format_of(options);
  if (const std::string told = format.form.ambiguity(pool.examples()); !told.empty()) log_warning(told);
  CausalFolder folder = open_causal_folder(options.model, loading);
  const TextGenerator generator(folder.model, folder.tokenizer, folder.generation);
  PromptSettings settings = settings_of(options, format, *folder.model);
  generator.check(settings.generate);
  PromptSession session(generator, pool, std::move(settings));
  TextInput input(options.text, in, "Type a query; /help lists what else there is; Ctrl-D ends.");
  if (input.is_typed() && !options.common.json) {
    converse(session, input.lines(), out);
    return static_cast<int>(ExitCode::kDone);
  }
  answer_lines(input, out,
               [&](const std::vector<InputLine>& lines) {
                 std::vector<AskedQuery> queries;
                 for (const InputLine& line : lines) {
                   if (!is_valid_utf8(line.text))
                     throw UserError("line " + std::to_string(line.number) + " is not UTF-8",
                                     "convert the queries, for example with: iconv -f ISO-8859-1 -t UTF-8");
                   queries.push_back({line.text, line.number});
                 }
                 std::vector<std::string> answers;
                 for (const Continuation& answer : session.answer(queries)) {
                   LineWarnings().tell(lines[answers.size()].number, answer.warnings);
                   answers.push_back(options.common.json ? one_line(to_json(answer)) : one_line(answer.text));
                 }
                 return answers;
               },
               {.window_lines = kLinesAtOnce, .empty_answer = [&](const InputLine&) { return answer_to_empty_line(options.common.json); }});
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_prompt(CLI::App& app) {
  auto options = std::make_shared<PromptOptions>();
  CLI::App* command = app.add_subcommand("prompt", "Answer a query a line, from a few examples");
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("--examples", options->examples, "task.tsv, input<TAB>output a line; none are needed with --shots 0");
  add_field_flag(*command, "--shots", options->shots, "examples in the prompt, drawn by --seed");
  command->add_option("--instruction", options->instruction, "a line in front of the examples");
  command->add_option("--template", options->form,
                      "file that shows how an example is written, with {input} and {output} [{input} -> {output}]");
  command->add_option("FILE", options->text, "queries, a line each; - is standard input")->capture_default_str();
  add_generate_flags(*command, options->generate, {"samples", "context"});
  command->get_option("--max-new-tokens")
      ->description("most tokens of an answer, the end counted [a quarter of the positions, at most 64]");
  command->get_option("--temperature")->description("of sampling [0: the most probable token; with --top-k, --top-p or --min-p 1]");
  command->get_option("--beam")->description("search with so many beams [off]");
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "An answer ends where the text behind {output} in the template stands, or at a line break where that is blank. On a terminal a\n"
      "session opens, in which examples can be changed: /help there.\n"
      "Examples:\n"
      "  attend prompt --model runs/gpt --examples capitals.tsv --shots 4 < countries.txt\n"
      "  echo 'good flim' | attend prompt --model runs/gpt --examples spelling.tsv --shots 8 --instruction 'Correct the spelling.'\n"
      "  attend prompt --model runs/gpt --examples addition.tsv --template form.txt --json < sums.txt");
  set_run(*command, options, run_prompt);
}

}  // namespace attend
