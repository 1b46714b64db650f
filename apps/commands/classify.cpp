#include "apps/commands/classify.h"

#include <cstdio>
#include <memory>
#include <ostream>

#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "inference/classifier.h"

namespace attend {
namespace {

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

}  // namespace

void add_classify(CLI::App& app) {
  auto options = std::make_shared<ClassifyOptions>();
  CLI::App* command = app.add_subcommand("classify", "Label texts or pairs of texts, a line a line");
  add_line_flags(*command, *options, "text, or text<TAB>text");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n"
      "  attend classify --model runs/sentiment < reviews.txt\n"
      "  printf 'A man sleeps.\\tSomeone is awake.\\n' | attend classify --model runs/rte --json");
  set_run(*command, options, run_classify);
}

int run_classify(const ClassifyOptions& options, std::istream& in, std::ostream& out) {
  const torch::Device device = apply_common_float32(options.common);
  const Classifier classifier = load_classifier(options.model, {.device = device}, options.max_length);
  TextInput input(options.text, in, "Type a text to label it; Ctrl-D ends.");
  answer_lines(input, out, [&](const std::vector<InputLine>& lines) {
    const auto found = classifier.classify(texts_of(lines));
    std::vector<std::string> answers;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      warn_of_line(lines[i].number, found[i].warnings);
      answers.push_back(answer_text(found[i], classifier.labels(), options.common.json));
    }
    return answers;
  });
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
