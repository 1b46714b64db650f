// A tag for each word (Devlin et al. 2019, section 5.3): the first piece of a word answers for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/stop_signal.h"
#include "data/conll.h"
#include "data/label_set.h"
#include "inference/text_examples.h"
#include "metrics/entities.h"
#include "metrics/score.h"
#include "models/text_model.h"
#include "tokenizers/wordpiece_tokenizer.h"

namespace attend {

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

  static constexpr std::int64_t kTemplateTokens = 2;  ///< [CLS] and [SEP]
  /// Throws UserError where max_length leaves no room for a piece.
  static void require_room(std::int64_t max_length);

  /// Throws what require_room() throws.
  WordWindows(const WordPieceTokenizer& tokenizer, std::int64_t max_length);
  void add(const std::vector<std::string>& words);

  std::size_t num_words() const { return num_words_; }
  const std::vector<TextExample>& windows() const { return windows_; }
  /// Of each window the words it answers for. A word of which the tokenizer leaves nothing is in none.
  const std::vector<std::vector<Place>>& places() const { return places_; }
  const UnknownShare& unknown() const { return unknown_; }

 private:
  const WordPieceTokenizer& tokenizer_;
  std::int64_t room_;
  std::size_t num_words_ = 0;
  UnknownShare unknown_;
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

/// Nothing where `stop` said so. `gold`: a label for each word, or none.
std::optional<WordTags> tag_words(TokenClassifier& model, const WordWindows& text, const std::vector<std::int64_t>& gold = {},
                                  const StopCheck& stop = {});

/// A sentence with a tag for each of its words.
struct TaggedWords {
  std::vector<std::string> words;
  std::vector<std::size_t> tags;  ///< indices into labels()
  std::vector<double> probabilities;
  UnknownShare unknown;  ///< of the sentence
};

/// Tags sentences of any length.
class Tagger {
 public:
  /// Reads at most `max_length` tokens at once; where nothing is asked for, as many as the model was trained on. Throws UserError where
  /// tokenizer and model do not fit one another, and for a length that the model does not have.
  Tagger(std::shared_ptr<TokenClassifier> model, std::shared_ptr<const WordPieceTokenizer> tokenizer,
         std::optional<std::int64_t> max_length = {});

  /// Words are what stands between blanks. What is said of a sentence does not depend on the others, up to the rounding of sums.
  std::vector<TaggedWords> tag(std::span<const std::string> sentences) const;
  const TaskLabels& labels() const { return model_->labels(); }
  /// What is to be told of the folder.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::shared_ptr<TokenClassifier> model_;
  std::shared_ptr<const WordPieceTokenizer> tokenizer_;
  std::int64_t length_;
  std::vector<std::string> warnings_;
};

/// The tagger of a folder. Throws UserError.
Tagger load_tagger(const std::filesystem::path& folder, const LoadOptions& options = {}, std::optional<std::int64_t> max_length = {});

struct TaggedSource {
  std::filesystem::path file;
  ConllColumns columns;
};

/// A tagged text to measure a model on.
struct TaggedText {
  WordWindows words;
  std::vector<std::int64_t> labels;  ///< one a word
  std::vector<std::size_t> lengths;  ///< words of each sentence
  std::vector<std::string> names;    ///< the model's labels, and behind them those that only the text has
};

/// The label of each word of a sentence, by the line it stands in. Throws UserError for one that is not known.
std::vector<std::int64_t> tag_ids(const TaggedSentence& sentence, const std::string& file, const LabelSet& labels);

/// Warns of tags that the model does not know. Throws UserError where it knows none.
TaggedText read_tagged_text(const TaggedSource& source, const WordPieceTokenizer& tokenizer, std::int64_t max_length,
                            const LabelSet& labels);

struct TagScores {
  double loss = 0;  ///< a word, over those whose tag the model knows
  double accuracy = 0;
  bool has_entities = false;  ///< where all of the model's labels are entity tags
  EntityScores entities;
};

/// Nothing where `stop` said so.
std::optional<TagScores> score_tags(TokenClassifier& model, const TaggedText& text, const StopCheck& stop = {});

/// loss, accuracy and, where there are entities, their f1, precision and recall.
Metrics metrics_of(const TagScores& scores);

/// Why entities cannot be told from the labels; nothing where they can.
std::optional<std::string> why_no_entities(const TaskLabels& labels);

}  // namespace attend
