#include "training/objectives/classification.h"

#include <algorithm>
#include <numeric>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_io.h"
#include "core/log.h"
#include "core/text.h"
#include "training/objectives/common.h"

namespace attend {
namespace {

struct ClassificationBatch : MicroBatch {
  TextBatch text;
  std::vector<std::int64_t> classes;
  std::vector<double> numbers;
};

/// Names the examples by all of their ids and labels: a position in other data means nothing.
std::string fingerprint_of(const LabelledExamples& examples) {
  std::vector<double> sample;
  for (const TextExample& example : examples.examples) sample.insert(sample.end(), example.ids.begin(), example.ids.end());
  sample.insert(sample.end(), examples.classes.begin(), examples.classes.end());
  sample.insert(sample.end(), examples.numbers.begin(), examples.numbers.end());
  return sha256_hex(std::as_bytes(std::span(sample)));
}

// As scikit-learn's "balanced": examples / (classes * examples of the class). Its mean over the training examples is 1.
torch::Tensor balanced_weights(const std::vector<std::int64_t>& counts) {
  const auto num_examples = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  const auto num_present = static_cast<double>(std::count_if(counts.begin(), counts.end(), [](std::int64_t count) { return count > 0; }));
  std::vector<float> weights;
  for (const std::int64_t count : counts)
    weights.push_back(count > 0 ? static_cast<float>(num_examples / (num_present * static_cast<double>(count))) : 0.0f);
  return torch::tensor(weights);
}

}  // namespace

ClassificationObjective::ClassificationObjective(ClassificationSetup setup)
    : ShuffledObjective({.file = setup.train.file, .what = "examples", .resume_by = "file, columns and tokenizer"}),
      setup_(std::move(setup)) {
  const ClassificationOptions& options = setup_.options;
  const std::int64_t max_length = chosen_length(options.max_length, ClassificationOptions::kUsualLength, setup_.model->max_positions());
  setup_.options.max_length = max_length;
  std::optional<LabelSet> labels;
  if (!is_regression()) labels.emplace(setup_.model->labels().names, "the model");
  train_ = read_examples(setup_.train, *setup_.encoder, max_length, labels);
  for (const std::string& warning : train_.warnings) log_warning(warning);
  tell_unknown(train_.unknown, setup_.train.file.string(), "is the tokenizer made for this language?");
  set_order({.num_examples = train_.examples.size(),
             .batch_size = setup_.batch_size,
             .seed = setup_.seed,
             .process = setup_.process,
             .fingerprint = fingerprint_of(train_)});
  if (labels) count_classes(*labels);
  if (!labels && !options.positive.empty()) throw UserError("--positive has no effect on regression", "leave it out");
  if (options.class_weights == ClassWeights::kBalanced) {
    if (is_regression()) throw UserError("--class-weights has no effect on regression", "leave it out");
    class_weights_L_ = balanced_weights(counts_).to(setup_.model->device());
  }
  if (options.freeze_layers != 0) setup_.model->freeze(options.freeze_layers);
  if (!setup_.valid.empty()) {
    LabelledSource source = setup_.train;
    source.file = setup_.valid;
    valid_ = read_examples(source, *setup_.encoder, max_length, labels);
    for (const std::string& warning : valid_->warnings) log_warning(warning);
  }
  best_metric();  // refuses a name that is none
}

void ClassificationObjective::count_classes(const LabelSet& labels) {
  counts_.assign(labels.size(), 0);
  for (const std::int64_t c : train_.classes) ++counts_[static_cast<std::size_t>(c)];
  positive_ = positive_class(labels, setup_.options.positive);
  log_info_once(setup_.train.file.string() + ": examples of each class: " + counted_labels(labels.names(), counts_));
  if (!setup_.valid.empty() && positive_)
    log_info_once("f1 is that of class '" + excerpt(labels.name(*positive_)) + "' (--positive chooses), macro_f1 the mean over all");
}

std::unique_ptr<MicroBatch> ClassificationObjective::next() {
  auto batch = std::make_unique<ClassificationBatch>();
  const auto chosen = next_examples();
  batch->text = pack_examples(train_.examples, chosen);
  for (const std::size_t index : chosen) {
    if (is_regression())
      batch->numbers.push_back(train_.numbers[index]);
    else
      batch->classes.push_back(train_.classes[index]);
  }
  batch->num_tokens = static_cast<std::int64_t>(batch->text.tokens.ids.size());
  batch->num_targets = {static_cast<std::int64_t>(chosen.size())};
  return batch;
}

std::vector<SummedLoss> ClassificationObjective::loss(const MicroBatch& micro_batch) {
  namespace F = torch::nn::functional;
  const auto& batch = dynamic_cast<const ClassificationBatch&>(micro_batch);
  const auto logits_BL = setup_.model->logits(batch.text).to(torch::kFloat32);
  SummedLoss loss{.loss = {}, .num_targets = logits_BL.size(0)};
  if (is_regression()) {
    const auto numbers_B = torch::tensor(batch.numbers, torch::kFloat32).to(logits_BL.device());
    loss.loss = F::mse_loss(logits_BL.squeeze(1), numbers_B, F::MSELossFuncOptions(torch::kSum));
  } else {
    const auto classes_B = torch::tensor(batch.classes).to(logits_BL.device());
    loss.loss = F::cross_entropy(logits_BL, classes_B, F::CrossEntropyFuncOptions().weight(class_weights_L_).reduction(torch::kSum));
  }
  return {loss};
}

std::optional<Metrics> ClassificationObjective::evaluate(const Sharing& sharing) {
  const auto logits_BL = classify_all(*setup_.model, valid_->examples, sharing);
  if (!logits_BL) return std::nullopt;
  return classification_metrics(*logits_BL, *valid_, setup_.model->labels().problem, positive_);
}

BestMetric ClassificationObjective::best_metric() const {
  const std::vector<std::string> of_numbers{"pearson", "spearman", "mse", "loss"}, of_classes{"accuracy", "f1", "macro_f1", "mcc", "loss"};
  return choose_best_metric(setup_.options.best_by, is_regression() ? of_numbers : of_classes);
}

void ClassificationObjective::save(const std::filesystem::path& folder) const {
  setup_.model->save(folder);
  setup_.encoder->save(folder, setup_.options.max_length.value());
  write_pairs(setup_.train.columns.text_pair.empty() ? Pairs::kNo : Pairs::kYes, folder);
  if (!is_regression()) write_class_counts(folder, setup_.model->labels().names, counts_);
}

void ClassificationObjective::load(const std::filesystem::path& folder) {
  copy_parameters(*load_sequence_classifier(folder, {.device = setup_.model->device()}), *setup_.model, folder);
}

Json ClassificationObjective::settings() const {
  Json settings{{"train", setup_.train.file.string()}, {"text", setup_.train.columns.text}, {"label", setup_.train.columns.label}};
  if (!setup_.train.columns.text_pair.empty()) settings["text_pair"] = setup_.train.columns.text_pair;
  if (can_evaluate()) settings["valid"] = setup_.valid.string();
  settings.update(to_json(setup_.options));
  settings.update(setup_.settings);
  return settings;
}

CardFacts ClassificationObjective::card() const {
  CardFacts facts;
  facts.title = std::string(is_regression() ? "Regression model (" : "Text classifier (") +
                model_summary(*setup_.model, setup_.model->hf_config()) + ")";
  facts.library_tag = "text-classification";
  facts.data = {{"training", setup_.train.file.string() + " (" + std::to_string(train_.examples.size()) + " examples)"}};
  if (can_evaluate())
    facts.data.emplace_back("validation", setup_.valid.string() + " (" + std::to_string(valid_->examples.size()) + " examples)");
  facts.usage = setup_.train.columns.text_pair.empty() ? "attend classify --model {folder} < text"
                                                       : "printf 'first\\tsecond\\n' | attend classify --model {folder}";
  return facts;
}

}  // namespace attend
