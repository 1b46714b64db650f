// Fine-tuning on labelled texts and pairs of texts: classes (cross-entropy) or numbers (squared error), from a head on the whole sequence.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.h"
#include "data/label_set.h"
#include "data/table.h"
#include "metrics/classification.h"
#include "models/text_model.h"
#include "tokenizers/input_encoder.h"
#include "training/objective.h"
#include "training/objectives/text_examples.h"

namespace attend {

enum class ClassWeights { kNone, kBalanced };
template <>
struct EnumNames<ClassWeights> {
  static constexpr std::array values{std::pair{ClassWeights::kNone, "none"}, std::pair{ClassWeights::kBalanced, "balanced"}};
};

struct ClassificationOptions {
  static constexpr std::int64_t kUsualLength = 128;

  std::optional<std::int64_t> max_length;
  ClassWeights class_weights = ClassWeights::kNone;
  std::int64_t freeze_layers = 0;
  std::string best_by = "";
  std::string positive = "";

  static void fields(auto& self, auto&& visit) {
    visit("max_length", self.max_length,
          "most tokens of a text or a pair, special ones counted; a longer one is cut [128, or the model's positions]");
    visit("class_weights", self.class_weights, "balanced: rare classes weigh as much as frequent ones");
    visit("freeze_layers", self.freeze_layers, "keep the embeddings and this many of the first layers as they are");
    visit("best_by", self.best_by, "validation metric by which the best model is kept [accuracy; of regression pearson]");
    visit("positive", self.positive, "class whose F1 is told [the second of two; of more classes the mean over all]");
  }
};

/// Texts of a file, encoded, with what they are to be answered with.
struct LabelledExamples {
  std::vector<TextExample> examples;
  std::vector<std::int64_t> classes;  ///< one an example; empty for regression
  std::vector<double> numbers;        ///< likewise for regression
  std::int64_t num_cut = 0;           ///< texts that were longer than max_length
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

/// logits_BL (float32, on the CPU) of all examples, in their order. Nothing where a stop was requested.
std::optional<torch::Tensor> classify_all(SequenceClassifier& model, const std::vector<TextExample>& examples);

/// Of the most probable classes.
ClassificationScores score_classes(const torch::Tensor& logits_BL, const LabelledExamples& examples);

/// loss; accuracy, f1 (of class `positive`, or macro), macro_f1, mcc; or mse, pearson, spearman.
Metrics classification_metrics(const torch::Tensor& logits_BL, const LabelledExamples& examples, TaskLabels::Problem problem,
                               std::optional<std::int64_t> positive = {});

struct ClassificationSetup {
  std::shared_ptr<SequenceClassifier> model;
  std::shared_ptr<const InputEncoder> encoder;
  LabelledSource train;
  std::filesystem::path valid;  ///< may be empty; of the same columns
  std::int64_t batch_size = 32;
  std::uint64_t seed = 1;
  ClassificationOptions options;
  Json settings = Json::object();  ///< of the command, for run.toml
};

class ClassificationObjective final : public Objective {
 public:
  /// Reads and encodes the texts. Throws UserError.
  explicit ClassificationObjective(ClassificationSetup setup);

  torch::nn::Module& model() override { return *setup_.model; }
  std::unique_ptr<MicroBatch> next() override;
  std::vector<SummedLoss> loss(const MicroBatch& batch) override;

  Json position() const override;
  void seek(const Json& position) override;
  std::int64_t epoch() const override { return batches_.position().epoch; }
  std::int64_t micro_batches_per_epoch() override { return batches_.batches_an_epoch(); }

  bool can_evaluate() const override { return valid_.has_value(); }
  std::optional<Metrics> evaluate() override;
  BestMetric best_metric() const override;

  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;
  Json settings() const override;
  CardFacts card() const override;

 private:
  bool is_regression() const { return setup_.model->labels().problem == TaskLabels::Problem::kRegression; }

  ClassificationSetup setup_;
  LabelledExamples train_;
  std::optional<LabelledExamples> valid_;
  std::string fingerprint_;               // of the training examples
  torch::Tensor class_weights_L_;         // undefined where all weigh the same
  std::vector<std::int64_t> counts_;      // training examples of each class
  std::optional<std::int64_t> positive_;  // the class of f1
  ShuffledBatches batches_;
};

}  // namespace attend
