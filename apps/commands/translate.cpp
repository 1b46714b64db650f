#include "apps/commands/translate.h"

#include <memory>

#include "apps/commands.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "inference/folders.h"
#include "inference/generation_config.h"
#include "metrics/score.h"

namespace attend {
namespace {

Json to_json(const Translation& translation) {
  return {{"translation", translation.text}, {"score", translation.score}, {"log_probability", translation.log_probability}};
}

// What is printed for a line, `number` from 1.
std::string answer_text(const std::vector<Translation>& translations, std::uint64_t number, const TranslateCommandOptions& options) {
  const bool is_list = options.translate.n_best > 1;
  const Translation& best = translations.front();
  if (options.common.json) {
    Json answer = to_json(best);
    if (is_list)
      for (const Translation& translation : translations) answer["n_best"].push_back(to_json(translation));
    return one_line(answer);
  }
  if (!is_list) return options.scores ? best.text + '\t' + fixed_decimals(best.score, 6) : best.text;
  std::string lines;
  for (const Translation& translation : translations)
    lines += (lines.empty() ? "" : "\n") + std::to_string(number - 1) + " ||| " + translation.text + " ||| " +
             fixed_decimals(translation.score, 6);
  return lines;
}

}  // namespace

void add_translate(CLI::App& app) {
  auto options = std::make_shared<TranslateCommandOptions>();
  CLI::App* command = app.add_subcommand("translate", "Translate a text, a line a line");
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("FILE", options->text, "text to translate; - is standard input")->capture_default_str();
  add_config_flags(*command, options->translate, {.group = "Translation", .aliases = {{"beam", "-b,--beam-size,--num-beams"}}});
  command->add_flag("--scores", options->scores, "append <TAB>score to each line");
  command->add_option("--prefix", options->prefix,
                      "file with the beginning of each translation, a line a line; scores are of what comes after it");
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "The score is the log-probability divided as --length-norm says. --n-best prints `index ||| text ||| score`.\n"
      "Examples:\n"
      "  attend translate --model runs/de-en < source.txt > target.txt\n"
      "  attend translate --model runs/de-en --beam 5 --length-norm wu --length-penalty 0.6 --scores < source.txt\n"
      "  attend translate --model runs/de-en --temperature 0.8 --top-p 0.95 --n-best 3 --json < source.txt");
  set_run(*command, options, run_translate);
}

int run_translate(const TranslateCommandOptions& options, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  if (options.prefix == "-" && options.text == "-")
    throw UserError("--prefix - and the text would both be read from standard input", "name a file for one of the two");
  auto tokenizer = load_marian_tokenizer(options.model);
  TextInput input(options.text, in, "Type a line to translate it; Ctrl-D ends.");
  std::unique_ptr<LineReader> prefixes;
  if (!options.prefix.empty()) prefixes = std::make_unique<LineReader>(options.prefix);

  auto model = load_seq2seq(options.model, loading);
  const GenerationConfig generation = read_generation_config(options.model, model->token_roles());
  tell_folder(generation.warnings);
  const Translator translator(std::move(model), std::move(tokenizer), generation);
  tell_folder(translator.warnings());
  translate_lines(translator, input, prefixes.get(), options, out);
  return static_cast<int>(ExitCode::kDone);
}

void translate_lines(const Translator& translator, TextInput& input, LineReader* prefixes, const TranslateCommandOptions& options,
                     std::ostream& out) {
  translator.check(options.translate);
  LineWarnings told;
  const AnswerLines answer = [&](const std::vector<InputLine>& lines) {
    const std::vector<std::string> texts = texts_of(lines);
    std::vector<std::string> beginnings, answers;
    std::vector<std::uint64_t> numbers;
    for (const InputLine& line : lines) {
      beginnings.push_back(line.beside);
      numbers.push_back(line.number);
    }
    const auto translated = translator.translate(
        LineBatch{.lines = texts, .prefixes = beginnings, .numbers = numbers, .seed = options.common.seed}, options.translate);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      told.tell(numbers[i], translated[i]);
      answers.push_back(answer_text(translated[i].translations, numbers[i], options));
    }
    return answers;
  };
  const auto empty_answer = [&](const InputLine& line) { return answer_text({Translation()}, line.number, options); };
  answer_lines(input, out, answer, {.beside = prefixes, .empty_answer = empty_answer});
}

}  // namespace attend
