// Fine-tuning on labelled texts and pairs of texts: classes (cross-entropy) or numbers (squared error), from a head on the whole sequence.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.h"
#include "inference/classifier.h"
#include "models/text_model.h"
#include "tokenizers/input_encoder.h"
#include "training/objectives/common.h"
#include "training/objectives/shuffled_objective.h"

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

struct ClassificationSetup {
  std::shared_ptr<SequenceClassifier> model;
  std::shared_ptr<const InputEncoder> encoder;
  LabelledSource train;
  std::filesystem::path valid;  ///< may be empty; of the same columns
  std::int64_t batch_size = 32;
  std::uint64_t seed = 1;
  ProcessRank process = {};
  ClassificationOptions options;
  Json settings = Json::object();  ///< of the command, for run.toml
};

class ClassificationObjective final : public ShuffledObjective {
 public:
  /// Reads and encodes the texts. Throws UserError.
  explicit ClassificationObjective(ClassificationSetup setup);

  torch::nn::Module& model() override { return *setup_.model; }
  std::unique_ptr<MicroBatch> next() override;
  std::vector<SummedLoss> loss(const MicroBatch& batch) override;

  bool can_evaluate() const override { return valid_.has_value(); }
  std::optional<Metrics> evaluate(const Sharing& sharing) override;
  BestMetric best_metric() const override;
  std::string validation() const override { return hash_files({setup_.valid}); }

  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;
  Json settings() const override;
  CardFacts card() const override;

 private:
  void count_classes(const LabelSet& labels);
  bool is_regression() const { return setup_.model->labels().problem == TaskLabels::Problem::kRegression; }

  ClassificationSetup setup_;
  LabelledExamples train_;
  std::optional<LabelledExamples> valid_;
  torch::Tensor class_weights_L_;         // undefined where all weigh the same
  std::vector<std::int64_t> counts_;      // training examples of each class
  std::optional<std::int64_t> positive_;  // the class of f1
};

}  // namespace attend
