// Fine-tuning on questions whose answers are spans of a text (Devlin et al. 2019, sections 4.2 and 4.3): where one starts, where it ends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.h"
#include "inference/answerer.h"
#include "models/text_model.h"
#include "tokenizers/wordpiece_tokenizer.h"
#include "training/objectives/common.h"
#include "training/objectives/shuffled_objective.h"

namespace attend {

struct AnsweringOptions {
  SpanOptions spans;
  std::int64_t freeze_layers = 0;
  std::string best_by = "";

  static void fields(auto& self, auto&& visit) {
    SpanOptions::fields(self.spans, visit);
    visit("freeze_layers", self.freeze_layers, "keep the embeddings and this many of the first layers as they are");
    visit("best_by", self.best_by, "validation metric by which the best model is kept [f1]");
  }
};

struct AnsweringSetup {
  std::shared_ptr<TokenClassifier> model;
  std::shared_ptr<const WordPieceTokenizer> tokenizer;
  std::filesystem::path train, valid;  ///< valid may be empty
  std::int64_t batch_size = 32;
  std::uint64_t seed = 1;
  ProcessRank process = {};
  AnsweringOptions options;
  Json settings = Json::object();  ///< of the command, for run.toml
};

class AnsweringObjective final : public ShuffledObjective {
 public:
  /// Reads and encodes the texts. Throws UserError.
  explicit AnsweringObjective(AnsweringSetup setup);

  torch::nn::Module& model() override { return *setup_.model; }
  std::unique_ptr<MicroBatch> next() override;
  std::vector<SummedLoss> loss(const MicroBatch& batch) override;

  bool can_evaluate() const override { return valid_.has_value(); }
  std::optional<Metrics> evaluate(const Sharing& sharing) override {
    return evaluate_answers(*setup_.model, *valid_, spans_, sharing.stop);
  }
  BestMetric best_metric() const override;
  std::string validation() const override { return hash_files({setup_.valid}); }

  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;
  Json settings() const override;
  CardFacts card() const override;

 private:
  AnsweringSetup setup_;
  SpanOptions spans_;  // no_answer decided
  std::size_t num_questions_ = 0;
  std::vector<TextExample> examples_;
  std::vector<std::int64_t> starts_, ends_;  // one an example
  std::optional<QuestionSet> valid_;
};

}  // namespace attend
