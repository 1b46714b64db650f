// Letters: B windows, N tokens of the batch (packed), T tokens of the longest window.
#include "training/objectives/answering.h"

#include <limits>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_io.h"
#include "core/log.h"
#include "core/stop_signal.h"
#include "training/objectives/common.h"

namespace attend {
namespace {

constexpr std::int64_t kEvaluationTokens = 4096;

struct AnsweringBatch : MicroBatch {
  TextBatch text;
  std::vector<std::int64_t> starts, ends;
};

/// Names the examples by all of their ids and answers: a position in other data means nothing.
std::string fingerprint_of(const std::vector<TextExample>& examples, const std::vector<std::int64_t>& starts,
                           const std::vector<std::int64_t>& ends) {
  std::vector<std::int64_t> sample;
  for (const TextExample& example : examples) sample.insert(sample.end(), example.ids.begin(), example.ids.end());
  sample.insert(sample.end(), starts.begin(), starts.end());
  sample.insert(sample.end(), ends.begin(), ends.end());
  return sha256_hex(std::as_bytes(std::span(sample)));
}

void require_two_outputs(const TokenClassifier& model) {
  if (model.labels().names.size() != 2)
    throw UserError("the model has " + std::to_string(model.labels().names.size()) +
                        " outputs a token; expected 2, where an answer starts and where it ends",
                    "fine-tune it with: attend finetune answer");
}

}  // namespace

TaskLabels answer_labels() { return {.problem = TaskLabels::Problem::kClasses, .names = {"LABEL_0", "LABEL_1"}}; }

bool may_have_no_answer(const SpanOptions& options, const SquadData& data) {
  return options.no_answer == NoAnswer::kYes || (options.no_answer == NoAnswer::kAuto && data.version == SquadVersion::k2);
}

std::optional<std::vector<Answer>> answer_all(TokenClassifier& model, const QuestionSet& questions, const SpanOptions& options) {
  require_two_outputs(model);
  const torch::NoGradGuard no_grad;
  const QuestionWindows& windows = questions.windows;
  std::vector<AnswerSearch> searches(questions.data.questions.size(), AnswerSearch(options));
  for (const auto& chosen : batches_by_length(windows.examples, kEvaluationTokens)) {
    if (stop_requested()) return std::nullopt;
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

std::optional<Metrics> evaluate_answers(TokenClassifier& model, const QuestionSet& questions, const SpanOptions& options) {
  const auto answers = answer_all(model, questions, options);
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

AnsweringObjective::AnsweringObjective(AnsweringSetup setup)
    : setup_(std::move(setup)), spans_(setup_.options.spans), batches_(1, setup_.batch_size, setup_.seed) {
  require_two_outputs(*setup_.model);
  if (setup_.model->num_segments() < 2)
    throw UserError("a question and its context are a pair, and the model has one segment only (type_vocab_size 1)",
                    "use a model for pairs");
  check_spans(spans_, setup_.model->max_positions());
  const SquadData data = read_squad(setup_.train);
  spans_.no_answer = may_have_no_answer(spans_, data) ? NoAnswer::kYes : NoAnswer::kNo;
  QuestionWindows windows = window_questions(data, *setup_.tokenizer, spans_);
  tell_unknown(windows.unknown, setup_.train.string(), "is the tokenizer made for this language?");
  WindowTargets targets = window_targets(data, windows);
  for (std::size_t i = 0; i < targets.windows.size(); ++i) {
    if (i == 0 || windows.windows[targets.windows[i]].question != windows.windows[targets.windows[i - 1]].question) ++num_questions_;
    examples_.push_back(std::move(windows.examples[targets.windows[i]]));
  }
  if (examples_.empty()) throw UserError(setup_.train.string() + ": no question has an answer that can be learnt from");
  if (num_questions_ < data.questions.size())
    log_warning(setup_.train.string() + ": " + std::to_string(data.questions.size() - num_questions_) + " of " +
                std::to_string(data.questions.size()) + " questions have no answer that stands in the context's tokens, and are left out");
  starts_ = std::move(targets.starts);
  ends_ = std::move(targets.ends);
  fingerprint_ = fingerprint_of(examples_, starts_, ends_);
  batches_ = ShuffledBatches(examples_.size(), setup_.batch_size, setup_.seed);
  if (setup_.options.freeze_layers != 0) setup_.model->freeze(setup_.options.freeze_layers);
  if (!setup_.valid.empty()) {
    valid_.emplace(QuestionSet{.data = read_squad(setup_.valid), .windows = {}});
    valid_->windows = window_questions(valid_->data, *setup_.tokenizer, spans_);
  }
  best_metric();  // refuses a name that is none
}

std::unique_ptr<MicroBatch> AnsweringObjective::next() {
  auto batch = std::make_unique<AnsweringBatch>();
  const auto chosen = batches_.next();
  batch->text = pack_examples(examples_, chosen);
  for (const std::size_t index : chosen) {
    batch->starts.push_back(starts_[index]);
    batch->ends.push_back(ends_[index]);
  }
  batch->num_tokens = static_cast<std::int64_t>(batch->text.tokens.ids.size());
  batch->num_targets = {static_cast<std::int64_t>(chosen.size())};
  return batch;
}

std::vector<SummedLoss> AnsweringObjective::loss(const MicroBatch& micro_batch) {
  namespace F = torch::nn::functional;
  const auto& batch = dynamic_cast<const AnsweringBatch&>(micro_batch);
  const auto logits_N2 = setup_.model->logits(batch.text).to(torch::kFloat32);
  // The classes are the tokens of a window: past its end stands what no probability is left for.
  const auto logits_BT2 = torch::pad_sequence(logits_N2.split_with_sizes(batch.text.tokens.lengths), /*batch_first=*/true,
                                              -std::numeric_limits<double>::infinity());
  const auto cross_entropy = [&](std::int64_t side, const std::vector<std::int64_t>& positions) {
    const auto positions_B = torch::tensor(positions).to(logits_N2.device());
    return F::cross_entropy(logits_BT2.select(2, side), positions_B, F::CrossEntropyFuncOptions().reduction(torch::kSum));
  };
  const auto loss = (cross_entropy(0, batch.starts) + cross_entropy(1, batch.ends)) / 2;
  return {{.loss = loss, .log_likelihood = 0, .num_targets = batch.num_targets.front()}};
}

Json AnsweringObjective::position() const {
  Json position = to_json(batches_.position());
  position["data"] = fingerprint_;
  return position;
}

void AnsweringObjective::seek(const Json& position) {
  if (position.value("data", "") != fingerprint_)
    throw UserError("the training questions are not those of the checkpoint: " + setup_.train.string(),
                    "resume with the same file, --max-length, --stride and tokenizer");
  BatchPosition start;
  from_json(start, position, "trainer_state.json");
  batches_.seek(start);
}

BestMetric AnsweringObjective::best_metric() const { return choose_best_metric(setup_.options.best_by, {"f1", "exact"}); }

void AnsweringObjective::save(const std::filesystem::path& folder) const {
  setup_.model->save(folder);
  setup_.tokenizer->save(folder);
  write_span_options(spans_, folder);
}

void AnsweringObjective::load(const std::filesystem::path& folder) {
  copy_parameters(*load_token_classifier(folder, setup_.model->device(), TokenTask::kAnswers), *setup_.model, folder);
}

Json AnsweringObjective::settings() const {
  Json settings{{"train", setup_.train.string()}};
  if (can_evaluate()) settings["valid"] = setup_.valid.string();
  settings.update(to_json(setup_.options));
  settings.update(setup_.settings);
  return settings;
}

CardFacts AnsweringObjective::card() const {
  CardFacts facts;
  facts.title = "Question answering model (" + model_summary(*setup_.model, setup_.model->hf_config()) + ")";
  facts.library_tag = "question-answering";
  facts.data = {{"training", setup_.train.string() + " (" + std::to_string(num_questions_) + " questions, " +
                                 std::to_string(examples_.size()) + " windows)"}};
  if (can_evaluate())
    facts.data.emplace_back("validation", setup_.valid.string() + " (" + std::to_string(valid_->data.questions.size()) + " questions)");
  facts.usage = "attend answer --model {folder} < questions";
  return facts;
}

}  // namespace attend
