// attend classify: a label and its probability for each line.
#include "apps/commands.h"

#include <cstdio>
#include <memory>
#include <ostream>

#include "apps/command.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "inference/classifier.h"

namespace attend {
namespace {

struct ClassifyOptions : LineOptions {
  Pairs pairs = Pairs::kAuto;
};

std::string number_text(double value, const char* format) {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string answer_text(const Classification& answer, const TaskLabels& labels, bool as_json) {
  if (labels.problem == TaskLabels::Problem::kRegression)
    return as_json ? one_line(Json{{"value", answer.value}}) : number_text(answer.value, "%.6g");
  const std::string& label = labels.names[answer.label];
  if (!as_json) return label + "\t" + number_text(answer.probabilities[answer.label], "%.6f");
  Json scores = Json::object();
  for (std::size_t i = 0; i < labels.names.size(); ++i) scores[labels.names[i]] = answer.probabilities[i];
  return one_line(Json{{"label", label}, {"scores", scores}});
}

/// label<TAB>probability (a number alone, of a regression model) for each line of text, or text<TAB>text.
int run_classify(const ClassifyOptions& options, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  const Classifier classifier = load_classifier(options.model, loading, {.max_length = options.max_length, .pairs = options.pairs});
  tell_folder(classifier.warnings());
  TextInput input(options.text, in, "Type a text to label it; Ctrl-D ends.");
  LineWarnings told;
  bool has_told = false;  // once is enough
  const auto answer_window = [&](const std::vector<InputLine>& lines) {
    const auto found = classifier.classify(texts_of(lines));
    std::vector<std::string> answers;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const bool is_guessed = classifier.pairs() == Pairs::kAuto && !has_told && lines[i].text.find('\t') != std::string::npos;
      if (is_guessed) {
        log_warning("line " + std::to_string(lines[i].number) +
                    " is read as a pair of texts, since it has a TAB; the folder does not say what its model was trained on, which "
                    "--pairs yes or --pairs no would");
        has_told = true;
      }
      told.tell(lines[i].number, found[i].warnings, found[i].unknown);
      answers.push_back(answer_text(found[i], classifier.labels(), options.common.json));
    }
    return answers;
  };
  answer_lines(input, out, answer_window, kWindowLines, empty_answer(options.common.json));
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_classify(CLI::App& app) {
  auto options = std::make_shared<ClassifyOptions>();
  CLI::App* command = app.add_subcommand("classify", "Label texts or pairs of texts, a line a line");
  add_line_flags(*command, *options, "text, or text<TAB>text");
  add_field_flag(*command, "--pairs", options->pairs,
                 "whether a line is text<TAB>text; auto: as the model was trained, else where there is a TAB");
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "Examples:\n"
      "  attend classify --model runs/sentiment < reviews.txt\n"
      "  printf 'A man sleeps.\\tSomeone is awake.\\n' | attend classify --model runs/rte --json");
  set_run(*command, options, run_classify);
}

}  // namespace attend
