// Classes of texts, or numbers for them, and how well a model gives them.
//
// Letters: B texts, L labels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/stop_signal.h"
#include "data/label_set.h"
#include "data/table.h"
#include "inference/text_examples.h"
#include "metrics/classification.h"
#include "metrics/score.h"
#include "models/text_model.h"
#include "tokenizers/input_encoder.h"

namespace attend {

/// What a model says of a text.
struct Classification {
  std::size_t label = 0;              ///< the most probable, an index into labels(); 0 of regression
  std::vector<double> probabilities;  ///< one a label; empty of regression
  double value = 0;                   ///< of regression
  std::vector<std::string> warnings;  ///< such as that the text was cut
};

/// Labels texts, and pairs of texts as text<TAB>text.
class Classifier {
 public:
  /// Reads at most `max_length` tokens of a text; where nothing is asked for, as many as the model was trained on. Throws UserError where
  /// tokenizer and model do not fit one another, and for a length that the model does not have.
  Classifier(std::shared_ptr<SequenceClassifier> model, std::shared_ptr<const InputEncoder> encoder,
             std::optional<std::int64_t> max_length = {});

  /// One a text. What is said of a text does not depend on the others, up to the rounding of sums. Throws UserError for a text that the
  /// model cannot read.
  std::vector<Classification> classify(std::span<const std::string> texts) const;
  const TaskLabels& labels() const { return model_->labels(); }

 private:
  std::shared_ptr<SequenceClassifier> model_;
  std::shared_ptr<const InputEncoder> encoder_;
  std::int64_t length_;
};

/// The classifier of a folder. Throws UserError.
Classifier load_classifier(const std::filesystem::path& folder, const LoadOptions& options = {}, std::optional<std::int64_t> max_length = {});

/// Texts of a file, encoded, with what they are to be answered with.
struct LabelledExamples {
  std::vector<TextExample> examples;
  std::vector<std::int64_t> classes;  ///< one an example; empty for regression
  std::vector<double> numbers;        ///< likewise for regression
  std::vector<std::string> warnings;  ///< "train.tsv: 3 of 100 texts were longer than ..."
};

struct LabelledSource {
  std::filesystem::path file;
  TextColumns columns;
  TableForm form;
};

/// Reads, encodes and numbers. `labels` empty: regression. Throws UserError: the file, its columns, a label that is not known, a pair
/// column of a model with one segment.
LabelledExamples read_examples(const LabelledSource& source, const InputEncoder& encoder, std::int64_t max_length,
                               const std::optional<LabelSet>& labels);

/// The labels of a training file. Throws UserError.
LabelSet collect_labels(const LabelledSource& source);

/// logits_BL (float32, on the CPU) of all examples, in their order. Nothing where `stop` said so.
std::optional<torch::Tensor> classify_all(SequenceClassifier& model, const std::vector<TextExample>& examples, const StopCheck& stop = {});

/// Of the most probable classes.
ClassificationScores score_classes(const torch::Tensor& logits_BL, const LabelledExamples& examples);

/// loss; accuracy, f1 (of class `positive`, or the mean over all), macro_f1, mcc; or mse, pearson, spearman.
Metrics classification_metrics(const torch::Tensor& logits_BL, const LabelledExamples& examples, TaskLabels::Problem problem,
                               std::optional<std::int64_t> positive = {});

}  // namespace attend
