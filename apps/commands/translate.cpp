#include "apps/commands/translate.h"

#include <memory>

#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "apps/text_input.h"
#include "inference/folders.h"
#include "inference/generation_config.h"
#include "inference/translate_stream.h"

namespace attend {
void add_translate(CLI::App& app) {
  auto options = std::make_shared<TranslateCommandOptions>();
  CLI::App* command = app.add_subcommand("translate", "Translate a text, a line a line");
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("FILE", options->text, "text to translate; - is standard input")->capture_default_str();
  add_config_flags(*command, options->translate, {.group = "Translation", .aliases = {{"beam", "-b,--beam-size,--num-beams"}}});
  command->add_flag("--scores", options->scores, "append <TAB>score to each line");
  command->add_option("--prefix", options->prefix, "file with the beginning of each translation, a line a line");
  add_common(*command, options->common);
  command->footer(
      "The score is the log-probability divided as --length-norm says. --n-best prints `index ||| text ||| score`.\n"
      "Examples:\n"
      "  attend translate --model runs/de-en < source.txt > target.txt\n"
      "  attend translate --model runs/de-en --beam 5 --length-norm wu --length-penalty 0.6 --scores < source.txt\n"
      "  attend translate --model runs/de-en --temperature 0.8 --top-p 0.95 --n-best 3 --json < source.txt");
  set_run(*command, options, run_translate);
}

int run_translate(const TranslateCommandOptions& options, std::istream& in, std::ostream& out) {
  const torch::Device device = apply_common_float32(options.common);
  auto tokenizer = load_marian_tokenizer(options.model);
  TextInput input(options.text, in, "Type a line to translate it; Ctrl-D ends.");
  std::unique_ptr<LineReader> prefixes;
  if (!options.prefix.empty()) prefixes = std::make_unique<LineReader>(options.prefix);

  auto model = load_seq2seq(options.model, {.device = device});
  const GenerationConfig generation = read_generation_config(options.model, model->token_roles());
  warn_of(generation.warnings);
  const Translator translator(std::move(model), std::move(tokenizer), generation);
  TranslateStream stream{
      .source = input.lines(), .prefixes = prefixes.get(), .is_more_ready = input.is_more_ready(), .seed = options.common.seed};
  translate_stream(translator, stream, options.translate, {.json = options.common.json, .scores = options.scores}, out);
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
