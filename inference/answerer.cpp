#include "inference/answerer.h"

#include <torch/torch.h>

#include "core/error.h"
#include "inference/folders.h"
#include "inference/text_examples.h"
#include "metrics/answers.h"

namespace attend {

void require_answering(const TokenClassifier& model) {
  if (model.labels().names.size() != 2)
    throw UserError("the model has " + std::to_string(model.labels().names.size()) +
                        " outputs a token; expected 2, where an answer starts and where it ends",
                    "fine-tune it with: attend finetune answer");
  if (model.num_segments() < 2)
    throw UserError("a question and its context are a pair, and the model has one segment only (type_vocab_size 1)",
                    "use a model for pairs");
}

TaskLabels answer_labels() { return {.problem = TaskLabels::Problem::kClasses, .names = {"LABEL_0", "LABEL_1"}}; }

bool may_have_no_answer(const SpanOptions& options, const SquadData& data) {
  return options.no_answer == NoAnswer::kYes || (options.no_answer == NoAnswer::kAuto && data.version == SquadVersion::k2);
}

std::optional<std::vector<Answer>> answer_all(TokenClassifier& model, const QuestionSet& questions, const SpanOptions& options,
                                              const StopCheck& stop) {
  require_answering(model);
  const torch::NoGradGuard no_grad;
  const QuestionWindows& windows = questions.windows;
  std::vector<AnswerSearch> searches(questions.data.questions.size(), AnswerSearch(options));
  for (const auto& chosen : batches_by_length(windows.examples, kAnswerTokens)) {
    if (stop && stop()) return std::nullopt;
    const auto logits_2N = model.logits(pack_examples(windows.examples, chosen)).to(torch::kFloat32).cpu().t().contiguous();
    const std::span starts(logits_2N.const_data_ptr<float>(), static_cast<std::size_t>(logits_2N.size(1)));
    const std::span ends(starts.data() + starts.size(), starts.size());
    std::size_t begin = 0;
    for (const std::size_t index : chosen) {
      const std::size_t length = windows.examples[index].ids.size();
      searches[windows.windows[index].question].add(windows.windows[index], starts.subspan(begin, length), ends.subspan(begin, length));
      begin += length;
    }
  }
  const bool may_have_none = may_have_no_answer(options, questions.data);
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < searches.size(); ++i) {
    const std::size_t context = questions.data.questions[i].context;
    answers.push_back(searches[i].best(questions.data.contexts[context], windows.contexts[context], may_have_none));
  }
  return answers;
}

std::optional<Metrics> evaluate_answers(TokenClassifier& model, const QuestionSet& questions, const SpanOptions& options,
                                        const StopCheck& stop) {
  const auto answers = answer_all(model, questions, options, stop);
  if (!answers) return std::nullopt;
  AnswerScores scores(questions.data.version);
  for (std::size_t i = 0; i < answers->size(); ++i) {
    std::vector<std::string> gold;
    for (const SquadAnswer& answer : questions.data.questions[i].answers) gold.push_back(answer.text);
    scores.add(gold, (*answers)[i].text);
  }
  Metrics metrics{{"exact", scores.all().exact}, {"f1", scores.all().f1}};
  if (questions.data.version == SquadVersion::k1) return metrics;
  const auto add = [&](const std::string& name, const AnswerSummary& summary) {
    if (summary.total == 0) return;
    metrics.emplace_back(name + "_exact", summary.exact);
    metrics.emplace_back(name + "_f1", summary.f1);
  };
  add("has_answer", scores.has_answer());
  add("no_answer", scores.no_answer());
  return metrics;
}

Answerer::Answerer(std::shared_ptr<TokenClassifier> model, std::shared_ptr<const WordPieceTokenizer> tokenizer, const SpanOptions& spans)
    : model_(std::move(model)), tokenizer_(std::move(tokenizer)), spans_(spans) {
  warnings_ = vocabulary_warnings(model_->vocab_size(), tokenizer_->vocab_size());
  require_answering(*model_);
  check_spans(spans_, model_->max_positions());
}

std::vector<FoundAnswer> Answerer::answer(std::span<const AskedQuestion> questions) const {
  QuestionSet set;
  for (const AskedQuestion& asked : questions) {
    set.data.questions.push_back({.id = {}, .text = asked.question, .context = set.data.contexts.size()});
    set.data.contexts.push_back(asked.context);
  }
  set.windows = window_questions(set.data, *tokenizer_, spans_);
  std::vector<FoundAnswer> found;
  for (Answer& answer : answer_all(*model_, set, spans_).value())
    found.push_back({.answer = std::move(answer), .unknown = set.windows.unknown_of[found.size()], .warnings = {}});
  for (const std::size_t question : set.windows.cut)
    found[question].warnings.push_back("has a question of more tokens than half of a window holds; it was cut");
  return found;
}

}  // namespace attend
