#include "training/objectives/classification.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_io.h"
#include "core/log.h"
#include "core/stop_signal.h"
#include "core/text.h"
#include "metrics/correlation.h"
#include "training/objectives/common.h"

namespace attend {
namespace {

constexpr std::int64_t kEvaluationTokens = 4096;

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

std::vector<std::int64_t> count_classes(const std::vector<std::int64_t>& classes, std::size_t num_classes) {
  std::vector<std::int64_t> counts(num_classes, 0);
  for (const std::int64_t c : classes) ++counts[static_cast<std::size_t>(c)];
  return counts;
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

std::vector<double> column(const torch::Tensor& x_B1) {
  const auto x_B = x_B1.to(torch::kFloat64).flatten().contiguous();
  return {x_B.const_data_ptr<double>(), x_B.const_data_ptr<double>() + x_B.numel()};
}

}  // namespace

LabelSet collect_labels(const LabelledSource& source) {
  TableReader reader(source.file, source.columns, source.form);
  LabelCollector collector;
  for (LabelledText row; reader.next(row);) collector.add({row.label, reader.name(), row.line});
  return collector.labels(reader.name());
}

LabelledExamples read_examples(const LabelledSource& source, const InputEncoder& encoder, std::int64_t max_length,
                               const std::optional<LabelSet>& labels) {
  TableReader reader(source.file, source.columns, source.form);
  LabelledExamples read;
  const bool is_pair = !source.columns.text_pair.empty();
  for (LabelledText row; reader.next(row);) {
    const auto second = is_pair ? std::optional(row.text_pair) : std::nullopt;
    EncodedText input = with_place([&] { return reader.name() + ", line " + std::to_string(row.line); },
                                   [&] { return encoder.encode(row.text, second, max_length); });
    read.num_cut += input.num_removed > 0;
    read.examples.push_back({std::move(input.ids), std::move(input.type_ids)});
    if (labels)
      read.classes.push_back(labels->id({row.label, reader.name(), row.line}));
    else
      read.numbers.push_back(number_label(row, reader.name()));
  }
  if (read.num_cut > 0)
    log_warning(reader.name() + ": " + std::to_string(read.num_cut) + " of " + std::to_string(read.examples.size()) +
                " texts were longer than " + std::to_string(max_length) + " tokens (--max-length) and cut");
  return read;
}

std::optional<torch::Tensor> classify_all(SequenceClassifier& model, const std::vector<TextExample>& examples) {
  const torch::NoGradGuard no_grad;
  auto logits_BL = torch::empty({static_cast<std::int64_t>(examples.size()), static_cast<std::int64_t>(model.labels().names.size())});
  for (const auto& chosen : batches_by_length(examples, kEvaluationTokens)) {
    if (stop_requested()) return std::nullopt;
    const auto logits = model.logits(pack_examples(examples, chosen)).to(torch::kFloat32).cpu();
    for (std::size_t i = 0; i < chosen.size(); ++i)
      logits_BL[static_cast<std::int64_t>(chosen[i])].copy_(logits[static_cast<std::int64_t>(i)]);
  }
  return logits_BL;
}

ClassificationScores score_classes(const torch::Tensor& logits_BL, const LabelledExamples& examples) {
  const auto predicted_B = logits_BL.argmax(1).contiguous();
  return {examples.classes, std::span(predicted_B.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(predicted_B.numel()))};
}

Metrics classification_metrics(const torch::Tensor& logits_BL, const LabelledExamples& examples, TaskLabels::Problem problem,
                               std::optional<std::int64_t> positive) {
  if (problem == TaskLabels::Problem::kRegression) {
    const std::vector<double> predicted = column(logits_BL);
    const double mse = mean_squared_error(examples.numbers, predicted);
    return {{"loss", mse},
            {"mse", mse},
            {"pearson", pearson(examples.numbers, predicted)},
            {"spearman", spearman(examples.numbers, predicted)}};
  }
  const double loss = torch::nn::functional::cross_entropy(logits_BL, torch::tensor(examples.classes)).item<double>();
  const ClassificationScores scores = score_classes(logits_BL, examples);
  const double macro_f1 = scores.averaged(Average::kMacro).f1;
  return {{"loss", loss},
          {"accuracy", scores.accuracy()},
          {"f1", positive ? scores.of_class(*positive).f1 : macro_f1},
          {"macro_f1", macro_f1},
          {"mcc", scores.matthews()}};
}

ClassificationObjective::ClassificationObjective(ClassificationSetup setup)
    : setup_(std::move(setup)), batches_(1, setup_.batch_size, setup_.seed) {
  const ClassificationOptions& options = setup_.options;
  const std::int64_t max_length = chosen_length(options.max_length, ClassificationOptions::kUsualLength, setup_.model->max_positions());
  setup_.options.max_length = max_length;
  std::optional<LabelSet> labels;
  if (!is_regression()) labels.emplace(setup_.model->labels().names, "the model");
  train_ = read_examples(setup_.train, *setup_.encoder, max_length, labels);
  fingerprint_ = fingerprint_of(train_);
  batches_ = ShuffledBatches(train_.examples.size(), setup_.batch_size, setup_.seed);
  if (labels) {
    counts_ = count_classes(train_.classes, labels->size());
    positive_ = positive_class(*labels, options.positive);
    log_info_once(setup_.train.file.string() + ": examples of each class: " + counted_labels(labels->names(), counts_));
    if (!setup_.valid.empty() && positive_)
      log_info_once("f1 is that of class '" + excerpt(labels->name(*positive_)) + "' (--positive chooses), macro_f1 the mean over all");
  } else if (!options.positive.empty()) {
    throw UserError("--positive has no effect on regression", "leave it out");
  }
  if (options.class_weights == ClassWeights::kBalanced) {
    if (is_regression()) throw UserError("--class-weights has no effect on regression", "leave it out");
    class_weights_L_ = balanced_weights(counts_).to(setup_.model->device());
  }
  if (options.freeze_layers != 0) setup_.model->freeze(options.freeze_layers);
  if (!setup_.valid.empty()) {
    LabelledSource source = setup_.train;
    source.file = setup_.valid;
    valid_ = read_examples(source, *setup_.encoder, max_length, labels);
  }
  best_metric();  // refuses a name that is none
}

std::unique_ptr<MicroBatch> ClassificationObjective::next() {
  auto batch = std::make_unique<ClassificationBatch>();
  const auto chosen = batches_.next();
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
  SummedLoss loss{.loss = {}, .log_likelihood = 0, .num_targets = logits_BL.size(0)};
  if (is_regression()) {
    const auto numbers_B = torch::tensor(batch.numbers, torch::kFloat32).to(logits_BL.device());
    loss.loss = F::mse_loss(logits_BL.squeeze(1), numbers_B, F::MSELossFuncOptions(torch::kSum));
  } else {
    const auto classes_B = torch::tensor(batch.classes).to(logits_BL.device());
    loss.loss = F::cross_entropy(logits_BL, classes_B, F::CrossEntropyFuncOptions().weight(class_weights_L_).reduction(torch::kSum));
  }
  return {loss};
}

Json ClassificationObjective::position() const {
  Json position = to_json(batches_.position());
  position["data"] = fingerprint_;
  return position;
}

void ClassificationObjective::seek(const Json& position) {
  if (position.value("data", "") != fingerprint_)
    throw UserError("the training examples are not those of the checkpoint: " + setup_.train.file.string(),
                    "resume with the same file, columns and tokenizer");
  BatchPosition start;
  from_json(start, position, "trainer_state.json");
  batches_.seek(start);
}

std::optional<Metrics> ClassificationObjective::evaluate() {
  const auto logits_BL = classify_all(*setup_.model, valid_->examples);
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
  if (!is_regression()) write_class_counts(folder, setup_.model->labels().names, counts_);
}

void ClassificationObjective::load(const std::filesystem::path& folder) {
  copy_parameters(*load_sequence_classifier(folder, setup_.model->device()), *setup_.model, folder);
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
