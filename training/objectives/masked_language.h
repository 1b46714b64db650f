// BERT's pretraining (Devlin et al. 2019, section 3.1): masked words and, where asked for, next sentences.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.h"
#include "data/masked_examples.h"
#include "inference/corpus_loss.h"
#include "models/text_model.h"
#include "tokenizers/wordpiece_tokenizer.h"
#include "training/objective.h"

namespace attend {

struct MaskedLanguageOptions {
  static constexpr std::int64_t kUsualLength = 128;

  std::optional<std::int64_t> max_length;
  bool next_sentence = true;
  double short_probability = 0.1;
  double mask_probability = 0.15;
  bool whole_word = false;
  std::int64_t max_predictions = 0;
  bool split_sentences = false;
  std::int64_t eval_examples = 2000;

  static void fields(auto& self, auto&& visit) {
    visit("max_length", self.max_length, "most tokens of a sequence, [CLS] and [SEP] counted [128, or the model's positions]");
    visit("next_sentence", self.next_sentence, "pairs of segments, of which half do not follow one another, and a loss for telling which");
    visit("short_probability", self.short_probability, "share of sequences that are drawn shorter than --max-length");
    visit("mask_probability", self.mask_probability, "share of the tokens that are to be predicted");
    visit("whole_word", self.whole_word, "mask all pieces of a word together");
    visit("max_predictions", self.max_predictions, "most tokens to be predicted in a sequence; 0: the share says");
    visit("split_sentences", self.split_sentences, "the text is running prose, a paragraph a line: split it into sentences");
    visit("eval_examples", self.eval_examples,
          "validation sequences in an evaluation, and what fills the last batch, the same each time; 0: all");
  }
};

struct MaskedLanguageSetup {
  std::shared_ptr<MaskedLanguageModel> model;
  std::shared_ptr<const WordPieceTokenizer> tokenizer;
  std::vector<std::filesystem::path> train, valid;  ///< valid may be empty
  std::filesystem::path cache;                      ///< folder for the tokenised text
  BatchBudget budget;
  std::uint64_t seed = 1;
  ProcessRank process = {};
  MaskedLanguageOptions options;
  Json settings = Json::object();  ///< of the command, for run.toml: preset, set, ...
};

/// Of the model that reads the examples.
struct TextSizes {
  std::int64_t positions, segments;
};
/// Sets the length where none was asked for. Throws UserError for settings out of range, or that such a model cannot have.
void validate(MaskedLanguageOptions& options, const TextSizes& model);

/// What the examples need to know of a tokenizer.
MaskingVocabulary masking_vocabulary(const WordPieceTokenizer& tokenizer);

struct EvaluationText {
  std::vector<std::filesystem::path> files;
  const WordPieceTokenizer& tokenizer;
  std::filesystem::path cache;  ///< folder for the tokenised text
  BatchBudget budget;
  const MaskedLanguageOptions& options;  ///< validate()d
};
/// The examples of a text on which a model is measured. Throws UserError.
EvaluationExamples evaluation_examples(const EvaluationText& text);

class MaskedLanguageObjective final : public Objective {
 public:
  /// Tokenises the texts (or takes what was made before). Throws UserError: options, texts, a vocabulary that is not the model's.
  explicit MaskedLanguageObjective(MaskedLanguageSetup setup);
  ~MaskedLanguageObjective() override;

  torch::nn::Module& model() override { return *setup_.model; }
  std::unique_ptr<MicroBatch> next() override;
  std::vector<SummedLoss> loss(const MicroBatch& batch) override;

  Json position() const override;
  void seek(const Json& position) override;
  std::int64_t epoch() const override { return batches_->epoch(); }
  std::int64_t micro_batches_per_epoch() override { return first_epoch_batches_; }
  void set_batch_tokens(std::int64_t tokens) override;

  bool can_evaluate() const override { return valid_ != nullptr; }
  std::optional<Metrics> evaluate(const Sharing& sharing) override;
  BestMetric best_metric() const override;
  std::string validation() const override;

  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;
  Json settings() const override;
  CardFacts card() const override;

 private:
  void cut_batches();
  MaskedStreamOptions stream() const;

  MaskedLanguageSetup setup_;
  MaskedSource source_, valid_source_;
  std::string fingerprint_;  // of the training text
  std::unique_ptr<MaskedExamples> batches_;
  std::int64_t first_epoch_batches_ = 0;  // wherever the stream stands
  std::unique_ptr<EvaluationExamples> valid_;
};

}  // namespace attend
