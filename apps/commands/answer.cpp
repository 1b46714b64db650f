#include "apps/commands/answer.h"

#include <memory>
#include <ostream>

#include "apps/commands.h"
#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "inference/folders.h"
#include "metrics/score.h"

namespace attend {
namespace {

struct AnswerOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path text = "-";
  SpanFlags spans;
};

AskedQuestion to_question(const std::string& line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string::npos) throw UserError("expected question<TAB>context; there is no TAB");
  if (line.find('\t', tab + 1) != std::string::npos) throw UserError("expected question<TAB>context; there is a second TAB");
  return {.question = line.substr(0, tab), .context = line.substr(tab + 1)};
}

// Places as SQuAD and Python count them: in Unicode characters.
std::string json_text(const Answer& answer, std::string_view context) {
  const auto characters = [&](std::size_t bytes) { return decode_utf8(context.substr(0, bytes)).size(); };
  return one_line(
      Json{{"answer", answer.text}, {"score", answer.probability}, {"begin", characters(answer.begin)}, {"end", characters(answer.end)}});
}

/// answer<TAB>probability for each line of question<TAB>context; the answer is empty where there is none.
int run_answer(const AnswerOptions& options, std::istream& in, std::ostream& out) {
  const LoadOptions loading = apply_common_answering(options.common);
  const auto model = load_token_classifier(options.model, loading, TokenTask::kAnswers);
  const SpanOptions spans = span_options(options.spans, options.model, *model);
  const Answerer answerer(model, load_wordpiece(options.model), spans);
  tell_folder(answerer.warnings());
  TextInput input(options.text, in, "Type a question, a TAB and a text that answers it; Ctrl-D ends.");
  LineWarnings told;
  const auto answer_window = [&](const std::vector<InputLine>& lines) {
    std::vector<AskedQuestion> questions;
    for (const InputLine& line : lines) questions.push_back(to_question(line.text));
    const auto found = answerer.answer(questions);
    std::vector<std::string> answers;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      told.tell(lines[i].number, found[i].warnings, found[i].unknown);
      const Answer& answer = found[i].answer;
      answers.push_back(options.common.json ? json_text(answer, questions[i].context)
                                            : answer.text + "\t" + fixed_decimals(answer.probability, 6));
    }
    return answers;
  };
  answer_lines(input, out, answer_window, kWindowLines, empty_answer(options.common.json));
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

SpanOptions span_options(const SpanFlags& flags, const std::filesystem::path& folder, const TextModel& model) {
  SpanOptions spans = read_span_options(folder).value_or(SpanOptions{});
  spans.max_answer_length = flags.max_answer_length.value_or(spans.max_answer_length);
  spans.n_best = flags.n_best.value_or(spans.n_best);
  spans.null_score_diff_threshold = flags.null_score_diff_threshold.value_or(spans.null_score_diff_threshold);
  if (flags.no_answer != NoAnswer::kAuto) spans.no_answer = flags.no_answer;
  fit_spans(spans, {.max_length = flags.max_length, .stride = flags.stride}, model.max_positions());
  check_spans(spans, model.max_positions());
  return spans;
}

void add_answer(CLI::App& app) {
  auto options = std::make_shared<AnswerOptions>();
  CLI::App* command = app.add_subcommand("answer", "Answer questions from a text, a line a line");
  command->add_option("--model", options->model, "model folder")->required();
  command->add_option("FILE", options->text, "question<TAB>context; - is standard input")->capture_default_str();
  add_config_flags(
      *command, options->spans,
      {.group = "Answering", .aliases = {{"max_length", "--max-seq-length"}, {"stride", "--doc-stride"}, {"n_best", "--n-best-size"}}});
  add_common(*command, options->common, kAnsweringPrecisions);
  command->footer(
      "Prints answer<TAB>probability; the answer is empty where the model says that there is none.\n"
      "Examples:\n"
      "  printf 'Who wrote it?\\tIt was written by Ada Lovelace in 1843.\\n' | attend answer --model runs/squad\n"
      "  attend answer --model runs/squad --json < questions.tsv");
  set_run(*command, options, run_answer);
}

}  // namespace attend
