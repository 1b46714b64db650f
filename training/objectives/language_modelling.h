// Learning to go on with text (Radford et al. 2018, equation 1): running text, or inputs and outputs with the loss on the outputs only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.h"
#include "data/task_sequences.h"
#include "data/text_corpus.h"
#include "data/text_windows.h"
#include "inference/corpus_loss.h"
#include "models/causal_model.h"
#include "tokenizers/byte_bpe_tokenizer.h"
#include "training/objective.h"

namespace attend {

struct LanguageOptions {
  std::int64_t max_length = 0;
  std::optional<Documents> documents;  ///< packed; separate where holes are to be filled
  double fill_in_the_middle = 0;
  std::int64_t eval_tokens = 0;

  static void fields(auto& self, auto&& visit) {
    visit("max_length", self.max_length, "most tokens that a sequence reads; 0: as many as the model has positions");
    visit("documents", self.documents,
          "packed: end to end, attention sees across; separate: no sequence crosses a document's end [packed; with --fill-in-the-middle "
          "separate]");
    visit("fill_in_the_middle", self.fill_in_the_middle, "share of the documents turned into prefix, suffix, middle");
    visit("eval_tokens", self.eval_tokens, "about so many validation tokens in an evaluation, the same each time; 0: all");
  }
};

/// Throws UserError for settings out of range, or that contradict one another.
void validate(const LanguageOptions& options);

struct LanguageSetup {
  std::shared_ptr<CausalLanguageModel> model;
  std::shared_ptr<const ByteBpeTokenizer> tokenizer;
  std::vector<TextSlice> train, valid;      ///< valid may be empty
  std::optional<TaskColumns> columns = {};  ///< the files are tables of inputs and outputs
  std::filesystem::path cache;              ///< folder for the tokenised text
  BatchBudget budget;
  std::uint64_t seed = 1;
  ProcessRank process = {};
  LanguageOptions options;
  Json settings = Json::object();  ///< of the command, for run.toml: preset, set, ...
};

/// What text is to be tokenised with; views the tokenizer.
TextTokenizer text_tokenizer(const ByteBpeTokenizer& tokenizer);

/// The three tokens of filling in the middle, in the order prefix, suffix, middle, as they are spelled.
const std::vector<std::string>& fill_token_names();

class LanguageObjective final : public Objective {
 public:
  /// Tokenises the texts (or takes what was made before). Throws UserError: options, texts, a vocabulary that is not the model's.
  explicit LanguageObjective(LanguageSetup setup);
  ~LanguageObjective() override;

  torch::nn::Module& model() override { return *setup_.model; }
  std::unique_ptr<MicroBatch> next() override;
  std::vector<SummedLoss> loss(const MicroBatch& batch) override;

  Json position() const override;
  void seek(const Json& position) override;
  std::int64_t epoch() const override { return batches_->position().epoch; }
  std::int64_t micro_batches_per_epoch() override { return first_epoch_batches_; }

  void set_batch_tokens(std::int64_t tokens) override;

  bool can_evaluate() const override { return valid_ != nullptr; }
  std::optional<Metrics> evaluate(const Sharing& sharing) override;
  std::vector<Sample> samples() const override { return samples_; }
  BestMetric best_metric() const override { return {"loss", BestMetric::Direction::kLower}; }
  std::string validation() const override { return validation_; }

  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;
  Json settings() const override;
  CardFacts card() const override;

 private:
  void check_options() const;
  void prepare();
  void prepare_texts();
  void prepare_tables();

  LanguageSetup setup_;
  MakeCausalEpoch make_epoch_;
  std::string fingerprint_;  // of the training data
  std::string summary_;      // likewise, for the model card
  std::string validation_;
  std::unique_ptr<CausalStream> batches_;
  std::int64_t first_epoch_batches_ = 0;  // wherever the stream stands
  std::unique_ptr<const CausalEpoch> valid_;
  std::vector<Sample> samples_;
};

}  // namespace attend
