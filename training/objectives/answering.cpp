// Letters: B windows, N tokens of the batch (packed), T tokens of the longest window.
#include "training/objectives/answering.h"

#include <limits>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_io.h"
#include "core/log.h"
#include "training/objectives/common.h"

namespace attend {
namespace {

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

}  // namespace

AnsweringObjective::AnsweringObjective(AnsweringSetup setup)
    : ShuffledObjective({.file = setup.train, .what = "questions", .resume_by = "file, --max-length, --stride and tokenizer"}),
      setup_(std::move(setup)),
      spans_(setup_.options.spans) {
  require_answering(*setup_.model);
  check_spans(spans_, setup_.model->max_positions());
  const SquadData data = read_squad(setup_.train);
  spans_.no_answer = may_have_no_answer(spans_, data) ? NoAnswer::kYes : NoAnswer::kNo;
  QuestionWindows windows = window_questions(data, *setup_.tokenizer, spans_);
  for (const std::string& warning : windows.warnings) log_warning(warning);
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
  set_order({.num_examples = examples_.size(),
             .batch_size = setup_.batch_size,
             .seed = setup_.seed,
             .process = setup_.process,
             .fingerprint = fingerprint_of(examples_, starts_, ends_)});
  if (setup_.options.freeze_layers != 0) setup_.model->freeze(setup_.options.freeze_layers);
  if (!setup_.valid.empty()) {
    valid_.emplace(QuestionSet{.data = read_squad(setup_.valid), .windows = {}});
    valid_->windows = window_questions(valid_->data, *setup_.tokenizer, spans_);
    for (const std::string& warning : valid_->windows.warnings) log_warning(warning);
  }
  best_metric();  // refuses a name that is none
}

std::unique_ptr<MicroBatch> AnsweringObjective::next() {
  auto batch = std::make_unique<AnsweringBatch>();
  const auto chosen = next_examples();
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
  return {{.loss = loss, .num_targets = batch.num_targets.front()}};
}

BestMetric AnsweringObjective::best_metric() const { return choose_best_metric(setup_.options.best_by, {"f1", "exact"}); }

void AnsweringObjective::save(const std::filesystem::path& folder) const {
  setup_.model->save(folder);
  setup_.tokenizer->save(folder);
  write_span_options(spans_, folder);
}

void AnsweringObjective::load(const std::filesystem::path& folder) {
  copy_parameters(*load_token_classifier(folder, {.device = setup_.model->device()}, TokenTask::kAnswers), *setup_.model, folder);
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
