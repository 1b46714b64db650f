#include "inference/classifier.h"

#include <torch/torch.h>

#include "core/error.h"
#include "core/field_io.h"
#include "core/json.h"
#include "inference/folders.h"
#include "metrics/correlation.h"

namespace attend {
namespace {

std::vector<double> column(const torch::Tensor& x_B1) {
  const auto x_B = x_B1.to(torch::kFloat64).flatten().contiguous();
  return {x_B.const_data_ptr<double>(), x_B.const_data_ptr<double>() + x_B.numel()};
}

constexpr const char* kReadingFile = "classifying.json";

struct Reading {
  Pairs pairs = Pairs::kAuto;

  static void fields(auto& self, auto&& visit) { visit("pairs", self.pairs, "whether a text is a pair of texts"); }
};

void require_readable(Pairs pairs, const std::string& text) {
  const bool is_pair = text.find('\t') != std::string::npos;
  if (is_pair && pairs == Pairs::kNo)
    throw UserError("a pair of texts, since there is a TAB, and the model was trained on single texts",
                    "write a blank for the TAB, or give --pairs yes");
  if (!is_pair && pairs == Pairs::kYes)
    throw UserError("a single text, since there is no TAB, and the model was trained on pairs", "write text<TAB>text, or give --pairs no");
}

}  // namespace

Pairs read_pairs(const std::filesystem::path& folder) {
  Reading reading;
  const std::filesystem::path file = folder / kReadingFile;
  if (std::filesystem::exists(file)) from_json(reading, read_json_file(file), file.string(), UnknownKeys::kRefuse);
  return reading.pairs;
}

void write_pairs(Pairs pairs, const std::filesystem::path& folder) {
  write_json_file(folder / kReadingFile, to_json(Reading{.pairs = pairs}));
}

Classifier::Classifier(std::shared_ptr<SequenceClassifier> model, std::shared_ptr<const InputEncoder> encoder,
                       const ReadingOptions& options)
    : model_(std::move(model)),
      encoder_(std::move(encoder)),
      length_(length_to_read(options.max_length, *model_, encoder_->max_length())),
      pairs_(options.pairs) {
  warnings_ = vocabulary_warnings(model_->vocab_size(), encoder_->vocab_size());
}

Classifier load_classifier(const std::filesystem::path& folder, const LoadOptions& options, ReadingOptions reading) {
  auto encoder = load_encoder(folder);
  if (reading.pairs == Pairs::kAuto) reading.pairs = read_pairs(folder);
  return {load_sequence_classifier(folder, options), std::move(encoder), reading};
}

std::vector<Classification> Classifier::classify(std::span<const std::string> texts) const {
  std::vector<TextExample> examples;
  std::vector<Classification> answers;
  for (const std::string& text : texts) {
    require_readable(pairs_, text);
    EncodedExample encoded = encode_text(*encoder_, *model_, text, length_);
    examples.push_back(std::move(encoded.example));
    answers.push_back({.label = 0, .probabilities = {}, .value = 0, .unknown = encoded.unknown, .warnings = std::move(encoded.warnings)});
  }
  const auto logits_BL = classify_all(*model_, examples).value().to(torch::kFloat64);
  for (std::size_t b = 0; b < answers.size(); ++b) {
    const auto logits_L = logits_BL[static_cast<std::int64_t>(b)];
    if (labels().problem == TaskLabels::Problem::kRegression) {
      answers[b].value = logits_L[0].item<double>();
      continue;
    }
    const auto probabilities_L = torch::softmax(logits_L, 0);
    answers[b].label = static_cast<std::size_t>(probabilities_L.argmax().item<std::int64_t>());
    answers[b].probabilities = column(probabilities_L);
  }
  return answers;
}

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
  std::int64_t num_cut = 0;
  const bool is_pair = !source.columns.text_pair.empty();
  for (LabelledText row; reader.next(row);) {
    const auto second = is_pair ? std::optional(row.text_pair) : std::nullopt;
    EncodedText input = with_place([&] { return reader.name() + ", line " + std::to_string(row.line); },
                                   [&] { return encoder.encode(row.text, second, max_length); });
    num_cut += input.num_removed > 0;
    read.unknown.add(input.unknown);
    read.examples.push_back({std::move(input.ids), std::move(input.type_ids)});
    if (labels)
      read.classes.push_back(labels->id({row.label, reader.name(), row.line}));
    else
      read.numbers.push_back(number_label(row, reader.name()));
  }
  if (num_cut > 0)
    read.warnings.push_back(reader.name() + ": " + std::to_string(num_cut) + " of " + std::to_string(read.examples.size()) +
                            " texts were longer than " + std::to_string(max_length) + " tokens (--max-length) and cut");
  return read;
}

std::optional<torch::Tensor> classify_all(SequenceClassifier& model, const std::vector<TextExample>& examples, const Sharing& sharing) {
  const torch::NoGradGuard no_grad;
  const auto batches = batches_by_length(examples, kAnswerTokens);
  const std::size_t labels = model.labels().names.size();
  std::vector<double> numbers(examples.size() * labels, 0);  // logits_BL
  const auto classify = [&](std::size_t batch) {
    const auto logits = model.logits(pack_examples(examples, batches[batch])).to(torch::kFloat32).cpu().contiguous();
    for (std::size_t i = 0; i < batches[batch].size(); ++i)
      std::copy_n(logits.const_data_ptr<float>() + i * labels, labels, numbers.begin() + batches[batch][i] * labels);
  };
  if (!sharing.each(batches.size(), classify, numbers)) return std::nullopt;
  return torch::tensor(numbers, torch::kFloat64)
      .view({static_cast<std::int64_t>(examples.size()), static_cast<std::int64_t>(labels)})
      .to(torch::kFloat32);
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

}  // namespace attend
