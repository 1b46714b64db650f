// attend embed: a vector for each line.
#include "apps/commands.h"

#include <charconv>
#include <memory>
#include <optional>
#include <ostream>

#include "apps/command.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "apps/text_input.h"
#include "core/error.h"
#include "core/log.h"
#include "core/text.h"
#include "inference/embedder.h"

namespace attend {
namespace {

struct EmbedOptions : LineOptions {
  EmbeddingChoices choices;  ///< else as the folder says; the mean where it says nothing
};

std::string array_text(const std::vector<float>& vector) {
  std::string text = "[";
  for (std::size_t i = 0; i < vector.size(); ++i) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof(digits), vector[i]).ptr;
    text += (i ? ", " : "") + std::string(digits, end);
  }
  return text + "]";
}

/// One JSON array of numbers a line; null for an empty one.
int run_embed(const EmbedOptions& options, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  const Embedder embedder = load_embedder(options.model, loading, options.choices, options.max_length);
  tell_folder(embedder.warnings());
  const std::string& prompt = embedder.recipe().prompt;
  if (!prompt.empty() && !options.choices.prompt) log_info("the folder's prompt stands before every text: '" + excerpt(prompt) + "'");
  TextInput input(options.text, in, "Type a text; Ctrl-D ends.");
  LineWarnings told;
  const auto answer_window = [&](const std::vector<InputLine>& lines) {
    const auto found = embedder.embed(texts_of(lines));
    std::vector<std::string> answers;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      told.tell(lines[i].number, found[i].warnings, found[i].unknown);
      answers.push_back(array_text(found[i].vector));
    }
    return answers;
  };
  answer_lines(input, out, answer_window, kWindowLines, empty_answer(/*as_json=*/true));
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_embed(CLI::App& app) {
  auto options = std::make_shared<EmbedOptions>();
  CLI::App* command = app.add_subcommand("embed", "A vector for each line of text");
  add_line_flags(*command, *options, "text");
  add_field_flag(*command, "--prompt", options->choices.prompt, "text that stands before every line [the folder's default prompt]");
  add_field_flag(*command, "--prompt-name", options->choices.prompt_name, "the same, by its name among the folder's prompts");
  add_field_flag(*command, "--pooling", options->choices.pooling,
                 "mean over the tokens, or the first token's state [as modules.json says, else mean]");
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "Examples:\n  attend embed --model all-MiniLM-L6-v2 < sentences.txt > vectors.jsonl\n  attend embed --model runs/bert --pooling cls "
      "< text.txt\n  attend embed --model e5-small --prompt 'query: ' < questions.txt");
  set_run(*command, options, run_embed);
}

}  // namespace attend
