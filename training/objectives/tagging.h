// Fine-tuning on tagged words (Devlin et al. 2019, section 5.3): the first piece of a word answers for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fields.h"
#include "data/conll.h"
#include "data/label_set.h"
#include "metrics/entities.h"
#include "models/text_model.h"
#include "tokenizers/wordpiece_tokenizer.h"
#include "training/objective.h"
#include "training/objectives/text_examples.h"

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

struct TaggedSource {
  std::filesystem::path file;
  ConllColumns columns;
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

/// The part of a sentence's pieces that is read at once, and which of them it answers for.
struct PieceWindow {
  std::int64_t begin = 0, end = 0;
  std::int64_t first = 0, last = 0;  ///< [first, last) within [begin, end)
};

/// Windows of at most `room` pieces, each half a window after the one before; two that overlap share the overlap at its middle, so
/// that a piece is answered for where it has the most context.
std::vector<PieceWindow> piece_windows(std::int64_t num_pieces, std::int64_t room);

/// Words of sentences, encoded in windows of at most max_length tokens, so that every word can be tagged however long its sentence.
class WordWindows {
 public:
  /// The first piece of a word, in a window.
  struct Place {
    std::int64_t position;
    std::size_t word;  ///< among the words of all sentences
  };

  /// Throws UserError where max_length leaves no room for a piece.
  WordWindows(const WordPieceTokenizer& tokenizer, std::int64_t max_length);
  void add(const std::vector<std::string>& words);

  std::size_t num_words() const { return num_words_; }
  const std::vector<TextExample>& windows() const { return windows_; }
  /// Of each window the words it answers for. A word of which the tokenizer leaves nothing is in none.
  const std::vector<std::vector<Place>>& places() const { return places_; }

 private:
  const WordPieceTokenizer& tokenizer_;
  std::int64_t room_;
  std::size_t num_words_ = 0;
  std::vector<TextExample> windows_;
  std::vector<std::vector<Place>> places_;
};

/// What a model says of each word. One in no window is "O", or the first label where the model has no "O", at probability 0.
struct WordTags {
  std::vector<std::int64_t> labels;
  std::vector<double> probabilities;
  double log_likelihood = 0;    ///< of the gold labels, over the words that are in a window
  std::int64_t num_scored = 0;  ///< those words; 0 without gold labels
};

/// Nothing where a stop was requested. `gold`: a label for each word, or none.
std::optional<WordTags> tag_words(TokenClassifier& model, const WordWindows& text, const std::vector<std::int64_t>& gold = {});

/// A tagged text to measure a model on.
struct TaggedText {
  WordWindows words;
  std::vector<std::int64_t> labels;  ///< one a word
  std::vector<std::size_t> lengths;  ///< words of each sentence
  std::vector<std::string> names;    ///< the model's labels, and behind them those that only the text has
};

/// Warns of tags that the model does not know. Throws UserError where it knows none.
TaggedText read_tagged_text(const TaggedSource& source, const WordPieceTokenizer& tokenizer, std::int64_t max_length,
                            const LabelSet& labels);

struct TagScores {
  double loss = 0;  ///< a word, over those whose tag the model knows
  double accuracy = 0;
  bool has_entities = false;  ///< where all of the model's labels are entity tags
  EntityScores entities;
};

/// Nothing where a stop was requested.
std::optional<TagScores> score_tags(TokenClassifier& model, const TaggedText& text);

/// loss, accuracy and, where there are entities, their f1, precision and recall.
Metrics metrics_of(const TagScores& scores);

/// Says why, where the labels are not those of entities. `name` is the file that has them.
void explain_no_entities(const std::vector<std::string>& labels, const std::string& name);

struct TaggingSetup {
  std::shared_ptr<TokenClassifier> model;
  std::shared_ptr<const WordPieceTokenizer> tokenizer;
  TaggedSource train;
  std::filesystem::path valid;  ///< may be empty; of the same columns
  std::int64_t batch_size = 32;
  std::uint64_t seed = 1;
  TaggingOptions options;
  Json settings = Json::object();  ///< of the command, for run.toml
};

class TaggingObjective final : public Objective {
 public:
  /// Reads and encodes the texts. Throws UserError.
  explicit TaggingObjective(TaggingSetup setup);

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
  TaggingSetup setup_;
  TaggedExamples train_;
  std::optional<TaggedText> valid_;
  std::vector<std::int64_t> counts_;  // words of each tag that are learnt from
  std::string fingerprint_;           // of the training examples
  ShuffledBatches batches_;
};

}  // namespace attend
