#include "apps/commands/generate.h"

#include <memory>
#include <ostream>

#include "apps/commands.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "inference/folders.h"

namespace attend {
namespace {

struct GenerateCommandOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path text = "-";  ///< prompts, a line each, where `prompt` is not given
  std::optional<std::string> prompt;
  bool echo = false;               ///< the prompt again in front of its continuation
  bool fill = false;               ///< complete at the <fill> mark
  bool escapes = false;            ///< \n, \t and \\ in a prompt are a line break, a TAB and a backslash
  bool json_input = false;         ///< a line is {"prompt": TEXT}
  bool log_probabilities = false;  ///< of each token, in JSON
  GenerateOptions generate;
};

constexpr std::string_view kFillMark = "<fill>";

// A prompt as it was given, and what is shown around its continuation with --echo.
struct AskedPrompt {
  Prompt prompt;
  std::string before, after;
};

// A line's prompt, as --json-input or --escapes has it written.
std::string prompt_of(const InputLine& line, const GenerateCommandOptions& options) {
  if (options.escapes) return unescaped(repair_utf8(line.text));
  if (!options.json_input) return repair_utf8(line.text);
  const std::string name = "line " + std::to_string(line.number);
  const Json json = parse_json(line.text, name);
  constexpr const char* kExpected = "--json-input expects {\"prompt\": \"...\"} on each line";
  if (!json.is_object() || !json.contains("prompt")) throw UserError(name + " is no object with the key 'prompt'", kExpected);
  for (const auto& [key, value] : json.items())
    if (key != "prompt") throw UserError(name + " has the key '" + excerpt(key) + "', which would have no effect", kExpected);
  return json_string(json["prompt"], name, "prompt");
}

AskedPrompt ask(const TextGenerator& generator, const GenerateCommandOptions& options, const std::string& text, std::uint64_t line_number) {
  const std::string name = options.prompt ? "--prompt" : "line " + std::to_string(line_number);
  AskedPrompt asked{.prompt = {.ids = {}, .number = line_number, .name = name, .may_slide = !options.fill}, .before = text, .after = {}};
  if (!options.fill) {
    asked.prompt.ids = generator.encode(text);
    return asked;
  }
  const std::size_t mark = text.find(kFillMark);
  if (mark == std::string::npos || text.find(kFillMark, mark + 1) != std::string::npos)
    throw UserError(name + (mark == std::string::npos ? " has no <fill> mark" : " has more than one <fill> mark"),
                    "with --fill a prompt is the text before the cursor, <fill>, and the text after it");
  asked.before = text.substr(0, mark);
  asked.after = text.substr(mark + kFillMark.size());
  asked.prompt.ids = generator.encode_fill(asked.before, asked.after);
  return asked;
}

Json to_json(const Continuation& continuation, const AskedPrompt& asked, const GenerateCommandOptions& options) {
  const std::string text = options.echo ? asked.before + continuation.text + asked.after : continuation.text;
  Json json{{"text", text},
            {"token_ids", continuation.ids},
            {"log_probability", continuation.log_probability},
            {"tokens", continuation.ids.size()},
            {"end", enum_name(continuation.end)}};
  if (options.log_probabilities) json["log_probabilities"] = continuation.token_log_probabilities;
  return json;
}

// The first sample's object, with all of them where more than one was asked for.
std::string json_line(const std::vector<Continuation>& samples, const AskedPrompt& asked, const GenerateCommandOptions& options) {
  Json json = to_json(samples.front(), asked, options);
  if (samples.size() > 1)
    for (const Continuation& sample : samples) json["samples"].push_back(to_json(sample, asked, options));
  return one_line(json);
}

std::string text_lines(const std::vector<Continuation>& samples, const AskedPrompt& asked, bool echo) {
  std::string lines;
  for (const Continuation& sample : samples) {
    if (&sample != &samples.front()) lines += '\n';
    lines += one_line(echo ? asked.before + sample.text + asked.after : sample.text);
  }
  return lines;
}

std::vector<std::string> answer(const TextGenerator& generator, const GenerateCommandOptions& options,
                                const std::vector<InputLine>& lines) {
  std::vector<AskedPrompt> asked;
  std::vector<Prompt> prompts;
  for (const InputLine& line : lines) {
    if (!is_valid_utf8(line.text))
      log_warning("line " + std::to_string(line.number) + " is not UTF-8; the bytes that are wrong were replaced by U+FFFD");
    asked.push_back(ask(generator, options, prompt_of(line, options), line.number));
    prompts.push_back(asked.back().prompt);
  }
  const auto continuations = generator.generate({.prompts = prompts, .seed = options.common.seed}, options.generate);
  std::vector<std::string> answers;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    LineWarnings().tell(lines[i].number, continuations[i].front().warnings);
    answers.push_back(options.common.json ? json_line(continuations[i], asked[i], options)
                                          : text_lines(continuations[i], asked[i], options.echo));
  }
  return answers;
}

// As many lines for each prompt, whatever it holds; as JSON an object.
std::string answer_to_empty_line(const GenerateCommandOptions& options) {
  const auto samples = static_cast<std::size_t>(options.generate.samples);
  if (!options.common.json) return std::string(samples - 1, '\n');
  Json json = to_json({}, {}, options);
  json["end"] = nullptr;
  if (samples > 1) json["samples"] = std::vector<Json>(samples, json);
  return one_line(json);
}

// One prompt from the command line: its continuation is shown as it comes, with its line breaks; several samples at the end, with a
// line of three hyphens between them.
void continue_prompt(const TextGenerator& generator, const GenerateCommandOptions& options, std::ostream& out) {
  if (!is_valid_utf8(*options.prompt))
    throw UserError("--prompt is not UTF-8: '" + excerpt(repair_utf8(*options.prompt)) + "'", "give it as UTF-8 text");
  const AskedPrompt asked = ask(generator, options, options.escapes ? unescaped(*options.prompt) : *options.prompt, 1);
  PromptBatch batch{.prompts = std::span(&asked.prompt, 1), .seed = options.common.seed};
  const bool streams = !options.common.json && options.generate.samples == 1 && generator.num_beams(options.generate) == 1;
  if (streams) {
    if (options.echo) out << asked.before << std::flush;
    batch.on_text = [&](std::size_t, std::size_t, std::string_view text) { out << text << std::flush; };
  }
  const auto samples = generator.generate(batch, options.generate).front();
  for (const std::string& warning : samples.front().warnings) log_warning("--prompt " + warning);
  if (options.common.json) {
    out << json_line(samples, asked, options) << '\n';
  } else if (streams) {
    out << (options.echo ? asked.after : "") << '\n';
  } else {
    for (const Continuation& sample : samples)
      out << (&sample == &samples.front() ? "" : "---\n") << (options.echo ? asked.before + sample.text + asked.after : sample.text)
          << '\n';
  }
}

void check(const GenerateCommandOptions& options) {
  if (options.log_probabilities && !options.common.json) throw UserError("--log-probabilities are printed as JSON only", "add --json");
  if (options.prompt && options.text != "-") throw UserError("--prompt and a file of prompts are both given", "leave one of the two out");
  if (options.json_input && options.prompt) throw UserError("--json-input has no effect on --prompt", "leave one of the two out");
  if (options.json_input && options.escapes)
    throw UserError("--escapes and --json-input are both given; JSON has escapes of its own", "leave one of the two out");
  if (options.fill && options.generate.context == ContextPolicy::kSlide)
    throw UserError("--context slide would cut the text in front of the cursor", "leave --context out with --fill");
  warn_of_no_effect(options.generate);
}

/// The continuation of `prompt`, as it comes; or of each line of `text` (or `in`), a line each, an empty one for an empty one (with --json
/// an object that says so).
/// Throws UserError where the folder is not a language model with its tokenizer, flags contradict one another, or a prompt cannot be
/// continued.
int run_generate(const GenerateCommandOptions& given, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(given.common);
  check(given);
  GenerateCommandOptions options = given;
  options.generate.stop = with_line_breaks(given.generate.stop);
  if (options.fill) options.generate.context = ContextPolicy::kRefuse;
  CausalFolder folder = open_causal_folder(options.model, loading);
  const TextGenerator generator(folder.model, folder.tokenizer, folder.generation);
  generator.check(options.generate);
  if (options.prompt) {
    continue_prompt(generator, options, out);
  } else {
    TextInput input(options.text, in, "Type a text to continue it; Ctrl-D ends.");
    answer_lines(input, out, [&](const std::vector<InputLine>& lines) { return answer(generator, options, lines); },
                 {.window_lines = kLinesAtOnce, .empty_answer = [&](const InputLine&) { return answer_to_empty_line(options); }});
  }
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void warn_of_no_effect(const GenerateOptions& options) {
  if (options.temperature == 0.0 && (options.top_k || options.top_p || options.min_p))
    log_warning("--top-k, --top-p and --min-p have no effect at temperature 0, which takes the most probable token");
}

void add_generate_flags(CLI::App& command, GenerateOptions& options, const std::vector<std::string>& without) {
  const std::string group = "Generation";
  add_config_flags(
      command, options,
      {.group = group,
       .aliases = {{"max_new_tokens", "-n,--max-tokens"}, {"samples", "--num-samples"}, {"beam", "-b,--beam-size,--num-beams"}},
       .without = without});
  command.add_option("--stop", options.stop, "end before this text; may be given several times; \\n in it is a line break")
      ->allow_extra_args(false)
      ->group(group);
}

void add_generate(CLI::App& app) {
  auto options = std::make_shared<GenerateCommandOptions>();
  CLI::App* command = app.add_subcommand("generate", "Continue a prompt, or a prompt a line");
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("FILE", options->text, "prompts, a line each; - is standard input")->capture_default_str();
  command->add_option("--prompt", options->prompt, "the one prompt; its continuation is shown as it comes");
  command->add_flag("--echo", options->echo, "the prompt again in front of its continuation");
  command->add_flag("--fill", options->fill, "complete at the <fill> mark in the prompt, between the texts before and after it");
  command->add_flag("--escapes", options->escapes, "\\n, \\t and \\\\ in a prompt are a line break, a TAB and a backslash");
  command->add_flag("--json-input", options->json_input, "each line is an object, {\"prompt\": \"...\"}: JSON Lines");
  command->add_flag("--log-probabilities", options->log_probabilities, "with --json, of every token");
  add_generate_flags(*command, options->generate);
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "Without --prompt each line is a prompt and each answer a line, line breaks in it as \\n. A prompt of several lines is written with\n"
      "--escapes or --json-input. Penalties apply first, then temperature, top-k, top-p and min-p; log-probabilities are the model's own,\n"
      "before all of them.\n"
      "Examples:\n"
      "  attend generate --model runs/shakespeare --prompt 'ROMEO:' --max-new-tokens 300 --temperature 0.8 --top-k 200\n"
      "  attend generate --model gpt2 --temperature 0 --stop '\\n' --json < prompts.txt\n"
      "  attend generate --model gpt2 --json-input --json prompts.jsonl\n"
      "  attend generate --model runs/code --fill --prompt 'def add(a, b):<fill>    return c'");
  set_run(*command, options, run_generate);
}

}  // namespace attend
