#include "apps/commands/embed.h"

#include <charconv>
#include <memory>
#include <ostream>

#include "apps/flags.h"
#include "apps/text_input.h"
#include "core/error.h"

namespace attend {
namespace {

std::string array_text(const std::vector<float>& vector) {
  std::string text = "[";
  for (std::size_t i = 0; i < vector.size(); ++i) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof(digits), vector[i]).ptr;
    text += (i ? ", " : "") + std::string(digits, end);
  }
  return text + "]";
}

}  // namespace

void add_embed(CLI::App& app) {
  auto options = std::make_shared<EmbedOptions>();
  CLI::App* command = app.add_subcommand("embed", "A vector for each line of text");
  add_line_flags(*command, *options, "text");
  add_field_flag(*command, "--pooling", options->pooling,
                 "mean over the tokens, or the first token's state [as modules.json says, else mean]");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n  attend embed --model all-MiniLM-L6-v2 < sentences.txt > vectors.jsonl\n  attend embed --model runs/bert --pooling cls "
      "< text.txt");
  set_run(*command, options, run_embed);
}

int run_embed(const EmbedOptions& options, std::istream& in, std::ostream& out) {
  const torch::Device device = apply_common_float32(options.common);
  const Embedder embedder = load_embedder(options.model, {.device = device}, options.pooling, options.max_length);
  TextInput input(options.text, in, "Type a text; Ctrl-D ends.");
  answer_lines(input, out, [&](const std::vector<InputLine>& lines) {
    const auto found = embedder.embed(texts_of(lines));
    std::vector<std::string> answers;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      warn_of_line(lines[i].number, found[i].warnings);
      answers.push_back(array_text(found[i].vector));
    }
    return answers;
  });
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
