// Classes of texts, or numbers for them, and how well a model gives them.
//
// Letters: B texts, L labels.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/fields.h"
#include "core/stop_signal.h"
#include "data/label_set.h"
#include "data/table.h"
#include "inference/sharing.h"
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
  UnknownShare unknown;               ///< of the text
  std::vector<std::string> warnings;  ///< such as that the text was cut
};

/// Whether a model reads pairs of texts, which are written text<TAB>text. kAuto: nothing is said, so a TAB makes a pair.
enum class Pairs { kAuto, kNo, kYes };
template <>
struct EnumNames<Pairs> {
  static constexpr std::array values{std::pair{Pairs::kAuto, "auto"}, std::pair{Pairs::kNo, "no"}, std::pair{Pairs::kYes, "yes"}};
};

/// What the folder's classifier was trained on, in a file of its own (classifying.json) that transformers passes over. kAuto where there is
/// none. Throws UserError for a file that cannot be read.
Pairs read_pairs(const std::filesystem::path& folder);
void write_pairs(Pairs pairs, const std::filesystem::path& folder);

struct ReadingOptions {
  std::optional<std::int64_t> max_length = {};  ///< tokens of a text; else as many as the model was trained on
  Pairs pairs = Pairs::kAuto;                   ///< kAuto: as the folder says
};

/// Labels texts, and pairs of texts.
class Classifier {
 public:
  /// Throws UserError where tokenizer and model do not fit one another, and for a length that the model does not have.
  Classifier(std::shared_ptr<SequenceClassifier> model, std::shared_ptr<const InputEncoder> encoder, const ReadingOptions& options = {});

  /// One a text. What is said of a text does not depend on the others, up to the rounding of sums. Throws UserError for a text that the
  /// model cannot read, or is not meant to.
  std::vector<Classification> classify(std::span<const std::string> texts) const;
  const TaskLabels& labels() const { return model_->labels(); }
  /// What is to be told of the folder.
  const std::vector<std::string>& warnings() const { return warnings_; }
  Pairs pairs() const { return pairs_; }

 private:
  std::shared_ptr<SequenceClassifier> model_;
  std::shared_ptr<const InputEncoder> encoder_;
  std::int64_t length_;
  Pairs pairs_;
  std::vector<std::string> warnings_;
};

/// The classifier of a folder. Throws UserError.
Classifier load_classifier(const std::filesystem::path& folder, const LoadOptions& options = {}, ReadingOptions reading = {});

/// Texts of a file, encoded, with what they are to be answered with.
struct LabelledExamples {
  std::vector<TextExample> examples;
  std::vector<std::int64_t> classes;  ///< one an example; empty for regression
  std::vector<double> numbers;        ///< likewise for regression
  UnknownShare unknown;               ///< of all texts
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
std::optional<torch::Tensor> classify_all(SequenceClassifier& model, const std::vector<TextExample>& examples, const Sharing& sharing = {});

/// Of the most probable classes.
ClassificationScores score_classes(const torch::Tensor& logits_BL, const LabelledExamples& examples);

/// loss; accuracy, f1 (of class `positive`, or the mean over all), macro_f1, mcc; or mse, pearson, spearman.
Metrics classification_metrics(const torch::Tensor& logits_BL, const LabelledExamples& examples, TaskLabels::Problem problem,
                               std::optional<std::int64_t> positive = {});

}  // namespace attend
