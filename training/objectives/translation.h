// Learning to translate: sentence pairs in, label-smoothed cross-entropy out, BLEU of real translations as the judge.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.h"
#include "data/pair_batches.h"
#include "data/parallel_text.h"
#include "inference/corpus_loss.h"
#include "inference/generation_config.h"
#include "models/interfaces.h"
#include "tokenizers/marian_tokenizer.h"
#include "training/objective.h"

namespace attend {

enum class BestBy { kLoss, kBleu };
template <>
struct EnumNames<BestBy> {
  static constexpr std::array values{std::pair{BestBy::kLoss, "loss"}, std::pair{BestBy::kBleu, "bleu"}};
};

struct TranslationOptions {
  double label_smoothing = 0.1;
  std::int64_t max_train_length = 256;
  std::int64_t eval_sentences = 500;
  std::int64_t eval_beam = 1;
  BestBy best_by = BestBy::kLoss;

  static void fields(auto& self, auto&& visit) {
    visit("label_smoothing", self.label_smoothing, "share of the probability spread over the whole vocabulary, epsilon_ls");
    visit("max_train_length", self.max_train_length, "training pairs with a side of more tokens are left out");
    visit("eval_sentences", self.eval_sentences, "validation sentences translated for BLEU, evenly taken; 0: all");
    visit("eval_beam", self.eval_beam, "beams of that translation; 1 is greedy");
    visit("best_by", self.best_by, "validation metric by which the best model is kept");
  }
  /// Throws UserError.
  void validate() const;
};

struct TranslationFiles {
  std::filesystem::path train_source, train_target;
  std::filesystem::path valid_source, valid_target;  ///< both empty: no validation data
};

struct TranslationSetup {
  std::shared_ptr<Seq2SeqModel> model;
  std::shared_ptr<const MarianTokenizer> tokenizer;
  std::filesystem::path tokenizer_folder;  ///< whose files every saved model gets a copy of
  TranslationFiles files;
  std::filesystem::path cache;  ///< folder for the tokenised text
  PairBatchOptions batches;
  GenerationConfig generation;  ///< what the saved folder says about decoding
  TranslationOptions options;
  Json settings = Json::object();  ///< of the command, for run.toml: preset, set, ...
};

class TranslationObjective final : public Objective {
 public:
  /// Tokenises the texts (or takes what was made before). Throws UserError: options, texts, a vocabulary that is not the model's.
  explicit TranslationObjective(TranslationSetup setup);
  ~TranslationObjective() override;

  torch::nn::Module& model() override { return *setup_.model; }
  std::unique_ptr<MicroBatch> next() override;
  std::vector<SummedLoss> loss(const MicroBatch& batch) override;

  Json position() const override;
  void seek(const Json& position) override;
  std::int64_t epoch() const override { return batches_->epoch(); }
  std::int64_t micro_batches_per_epoch() override;

  void set_batch_tokens(std::int64_t tokens) override;

  bool can_evaluate() const override { return valid_ != nullptr; }
  /// loss and perplexity over all validation pairs, without smoothing; bleu (13a) of translations.
  std::optional<Metrics> evaluate(const Sharing& sharing) override;
  std::vector<Sample> samples() const override { return samples_; }
  BestMetric best_metric() const override;
  std::string validation() const override;

  void save(const std::filesystem::path& folder) const override;
  void load(const std::filesystem::path& folder) override;
  Json settings() const override;
  CardFacts card() const override;

 private:
  void take_sentences_for_bleu();
  std::optional<double> bleu(const Sharing& sharing);
  void tell_of_cut_sentences(const std::vector<std::string>& warnings);  // the first time

  TranslationSetup setup_;
  std::shared_ptr<const ParallelCorpus> train_, valid_;
  std::vector<std::string> bleu_sources_, bleu_references_;
  std::int64_t bleu_max_length_ = 0;  // tokens
  std::string fingerprint_;           // of the training pairs
  std::unique_ptr<PairBatches> batches_;
  std::vector<Sample> samples_;
  bool are_cut_sentences_told_ = false;
};

}  // namespace attend
