// attend attention: what a model's tokens look at, as a page to look at, or as numbers.
#include <memory>
#include <ostream>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "apps/pages/attention_page.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"

namespace attend {
namespace {

struct AttentionOptions {
  CommonOptions common;
  std::filesystem::path model;
  AttentionRequest request;
  std::filesystem::path output;  ///< HTML; "": none
};

void check(const AttentionOptions& options) {
  if (options.output.empty() && !options.common.json)
    throw UserError("nothing to do: neither --output nor --json is given", "add --output page.html");
  if (const auto folder = options.output.parent_path(); !folder.empty() && !std::filesystem::is_directory(folder))
    throw UserError("--output " + options.output.string() + ": there is no folder " + folder.string());
}

int run_attention(const AttentionOptions& options, std::istream&, std::ostream& out) {
  check(options);
  const torch::Device device = apply_common_float32(options.common);
  AttentionPage page;
  static_cast<AttentionView&>(page) = view_attention(options.model, {.device = device}, options.request);
  page.title = "What the tokens look at";
  page.model = options.model.string();
  for (const std::string& note : page.notes) log_info(note);
  if (options.common.json) out << attention_numbers(page) << "\n";
  if (options.output.empty()) return static_cast<int>(ExitCode::kDone);
  write_file_atomically(options.output, attention_page(page));
  log_info(options.output.string() + ": open it in a browser");
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_attention(CLI::App& app) {
  auto options = std::make_shared<AttentionOptions>();
  CLI::App* command = app.add_subcommand("attention", "What a model's tokens look at, as a page for the browser");
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("--text", options->request.text, "what is read")->required();
  add_field_flag(*command, "--text-pair", options->request.pair, "the second text, of a model that reads pairs");
  add_field_flag(*command, "--target", options->request.target,
                 "what is written: the translation, or how the text goes on [what the model writes itself]");
  command->add_option("--output", options->output, "the page, one HTML file that loads nothing");
  add_field_flag(*command, "--max-length", options->request.max_tokens, "most tokens of a text");
  add_field_flag(*command, "--max-new-tokens", options->request.max_new_tokens, "of a language model's own continuation; 0: none");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n"
      "  attend attention --model runs/bert --text \"The animal didn't cross the street because it was too tired\" --output page.html\n"
      "  attend attention --model runs/de-en --text 'ein hund läuft über die straße .' --output page.html\n"
      "  attend attention --model runs/gpt --text 'cat -> tac, dog -> god, sun ->' --json > numbers.json");
  set_run(*command, options, run_attention);
}

}  // namespace attend
