// Fine-tuning on tagged words (Devlin et al. 2019, section 5.3): the first piece of a word answers for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.h"
#include "data/label_set.h"
#include "inference/tagger.h"
#include "models/text_model.h"
#include "tokenizers/wordpiece_tokenizer.h"
#include "training/objectives/common.h"
#include "training/objectives/shuffled_objective.h"

namespace attend {

struct TaggingOptions {
  static constexpr std::int64_t kUsualLength = 128;

  std::optional<std::int64_t> max_length;
  std::int64_t freeze_layers = 0;
  std::string best_by = "";

  static void fields(auto& self, auto&& visit) {
    visit("max_length", self.max_length,
          "most tokens of a sentence, special ones counted; a longer one is cut in training, and read in parts elsewhere [128, or the "
          "model's positions]");
    visit("freeze_layers", self.freeze_layers, "keep the embeddings and this many of the first layers as they are");
    visit("best_by", self.best_by, "validation metric by which the best model is kept [f1; accuracy where tags are not those of entities]");
  }
};

/// The tags of a training file. Throws UserError.
LabelSet collect_tags(const TaggedSource& source);

/// Sentences to learn from, encoded. A label stands on the first piece of each word, kNoTag on all others.
struct TaggedExamples {
  static constexpr std::int64_t kNoTag = -100;  // what cross_entropy leaves out
  std::vector<TextExample> examples;
  std::vector<std::vector<std::int64_t>> labels;  ///< one an id
  std::int64_t num_cut = 0;                       ///< sentences that were longer than max_length
  std::int64_t num_empty = 0;                     ///< sentences of which no piece is left; they are not among the examples
};

/// Throws UserError: the file, its columns, a tag that is not known, nothing to learn from.
TaggedExamples read_tagged_examples(const TaggedSource& source, const WordPieceTokenizer& tokenizer, std::int64_t max_length,
                                    const LabelSet& labels);

struct TaggingSetup {
  std::shared_ptr<TokenClassifier> model;
  std::shared_ptr<const WordPieceTokenizer> tokenizer;
  TaggedSource train;
  std::filesystem::path valid;  ///< may be empty; of the same columns
  std::int64_t batch_size = 32;
  std::uint64_t seed = 1;
  ProcessRank process = {};
  TaggingOptions options;
  Json settings = Json::object();  ///< of the command, for run.toml
};

class TaggingObjective final : public ShuffledObjective {
 public:
  /// Reads and encodes the texts. Throws UserError.
  explicit TaggingObjective(TaggingSetup setup);

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
  TaggingSetup setup_;
  TaggedExamples train_;
  std::optional<TaggedText> valid_;
  std::vector<std::int64_t> counts_;  // words of each tag that are learnt from
};

}  // namespace attend
