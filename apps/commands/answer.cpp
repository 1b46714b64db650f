#include "apps/commands/answer.h"

#include <memory>
#include <ostream>

#include "apps/commands/text_folder.h"
#include "apps/flags.h"
#include "apps/text_input.h"
#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "metrics/score.h"

namespace attend {
namespace {

/// The lines as the questions of a data set, each with a context of its own.
QuestionSet to_questions(const std::vector<InputLine>& lines, const WordPieceTokenizer& tokenizer, const SpanOptions& spans) {
  QuestionSet questions;
  for (const InputLine& line : lines) {
    const std::string place = "line " + std::to_string(line.number);
    const std::size_t tab = line.text.find('\t');
    if (tab == std::string::npos) throw UserError(place + ": expected question<TAB>context; there is no TAB");
    if (line.text.find('\t', tab + 1) != std::string::npos)
      throw UserError(place + ": expected question<TAB>context; there is a second TAB");
    questions.data.questions.push_back({.id = place, .text = line.text.substr(0, tab), .context = questions.data.contexts.size()});
    questions.data.contexts.push_back(line.text.substr(tab + 1));
  }
  questions.windows = window_questions(questions.data, tokenizer, spans);
  static UnknownLines unknown_lines;
  if (!lines.empty()) unknown_lines.look_at(questions.windows.unknown, lines.front().number);
  return questions;
}

// Places as SQuAD and Python count them: in Unicode characters.
std::string json_text(const Answer& answer, std::string_view context) {
  const auto characters = [&](std::size_t bytes) { return decode_utf8(context.substr(0, bytes)).size(); };
  return Json{{"answer", answer.text}, {"score", answer.probability}, {"begin", characters(answer.begin)}, {"end", characters(answer.end)}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
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
  if (model.num_segments() < 2)
    throw UserError(folder.string() + ": a question and its context are a pair, and the model has one segment only (type_vocab_size 1)");
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
  add_common(*command, options->common);
  command->footer(
      "Prints answer<TAB>probability; the answer is empty where the model says that there is none.\n"
      "Examples:\n"
      "  printf 'Who wrote it?\\tIt was written by Ada Lovelace in 1843.\\n' | attend answer --model runs/squad\n"
      "  attend answer --model runs/squad --json < questions.tsv");
  set_run(*command, options, run_answer);
}

int run_answer(const AnswerOptions& options, std::istream& in, std::ostream& out) {
  const torch::Device device = apply_common_float32(options.common);
  const auto model = load_token_classifier(options.model, device, TokenTask::kAnswers);
  const auto tokenizer = load_wordpiece(options.model);
  require_vocabulary(*model, tokenizer->vocab_size());
  const SpanOptions spans = span_options(options.spans, options.model, *model);
  TextInput input(options.text, in, "Type a question, a TAB and a text that answers it; Ctrl-D ends.");
  answer_lines(input, out, [&](const std::vector<InputLine>& lines) {
    const QuestionSet questions = to_questions(lines, *tokenizer, spans);
    const std::vector<Answer> found = answer_all(*model, questions, spans).value();
    std::vector<std::string> answers;
    for (std::size_t i = 0; i < found.size(); ++i)
      answers.push_back(options.common.json ? json_text(found[i], questions.data.contexts[i])
                                            : found[i].text + "\t" + fixed_decimals(found[i].probability, 6));
    return answers;
  });
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
