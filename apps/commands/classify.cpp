#include "apps/commands/classify.h"

#include <cstdio>

#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "training/objectives/classification.h"

namespace attend {
namespace {

std::string number_text(double value, const char* format) {
  char text[32];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string answer_text(const torch::Tensor& logits_L, const TaskLabels& labels, bool as_json) {
  if (labels.problem == TaskLabels::Problem::kRegression) {
    const double value = logits_L[0].item<double>();
    return as_json ? Json{{"value", value}}.dump() : number_text(value, "%.6g");
  }
  const auto probabilities_L = torch::softmax(logits_L.to(torch::kFloat64), 0);
  const auto best = probabilities_L.argmax().item<std::int64_t>();
  const std::string& label = labels.names[static_cast<std::size_t>(best)];
  if (!as_json) return label + "\t" + number_text(probabilities_L[best].item<double>(), "%.6f");
  Json scores = Json::object();
  for (std::size_t i = 0; i < labels.names.size(); ++i)
    scores[labels.names[i]] = probabilities_L[static_cast<std::int64_t>(i)].item<double>();
  return Json{{"label", label}, {"scores", scores}}.dump(-1, ' ', false, Json::error_handler_t::replace);
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
  const auto encoder = load_encoder(options.model);
  const auto model = load_sequence_classifier(options.model, device);
  require_vocabulary(*model, encoder->vocab_size());
  const std::int64_t length = length_to_read(options, *model, encoder->max_length());
  TextInput input(options.text, in, "Type a text to label it; Ctrl-D ends.");
  answer_lines(input, out, [&](const std::vector<InputLine>& lines) {
    std::vector<TextExample> examples;
    for (const InputLine& line : lines) examples.push_back(encode_line(*encoder, *model, line, length));
    const auto logits_BL = classify_all(*model, examples).value();
    std::vector<std::string> answers;
    for (std::int64_t i = 0; i < logits_BL.size(0); ++i) answers.push_back(answer_text(logits_BL[i], model->labels(), options.common.json));
    return answers;
  });
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
