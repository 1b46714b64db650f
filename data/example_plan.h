// Which sentences make up which of BERT's examples: the walk over the documents, on lengths alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/random.h"
#include "data/batch_position.h"
#include "data/document_corpus.h"

namespace attend {

enum class NextSentence { kYes, kNo };

struct SegmentOptions {
  std::int64_t max_length = 128;  ///< most tokens of a sequence, [CLS] and [SEP] counted
  NextSentence next_sentence = NextSentence::kYes;
  double short_probability = 0.1;  ///< of an example whose target length is drawn from 2 up to the full one

  /// [CLS] A [SEP] B [SEP], or [CLS] A [SEP].
  std::int64_t num_special() const { return next_sentence == NextSentence::kYes ? 3 : 2; }
};

/// The tokens of one example. `b` is empty and `is_next` true without next-sentence prediction.
struct Segments {
  TokenSpan a, b;
  bool is_next = true;  ///< B goes on where A ends; else it is of another document
  RandomStream random;  ///< goes on from here: what is drawn of it is a function of the example too
};

/// Throws UserError, with the text's name, where next sentences cannot be drawn from these documents, or there are none.
void require_documents(const DocumentCorpus& corpus, NextSentence next_sentence, const std::string& name);

/// The share of the corpus's tokens that next-sentence prediction never reads: what stands in sentences longer than an example, which is
/// cut from both of their ends, so that it is their middle in every epoch. Without next sentences it is 0.
double unread_share(const DocumentCorpus& corpus, const SegmentOptions& options);

/// All examples of an epoch, in the order of the corpus.
///
/// With next-sentence prediction, as the original's create_pretraining_data does: sentences of a document are gathered
/// until they reach the target length (or the document ends) and cut at a random sentence into A and B. Half the time,
/// and always where one sentence was gathered, B is taken from a random place of a random other document instead, and
/// the sentences that would have been B are put back: the next example begins with them. The longer of A and B loses
/// tokens at random ends until both fit. So every sentence of the corpus comes once an epoch, in an A or in a B that is
/// next, but for the tokens that this cuts off. One difference: the original draws the target length once a document,
/// we once an example, or a book would be short from end to end.
///
/// Without it, as RoBERTa's DOC-SENTENCES: as many whole sentences of one document as fit. What remains of a
/// sentence that is longer begins the next example. Every token of the corpus comes once an epoch.
///
/// An example is a function of (seed, epoch, the place where it begins), and knows where the next one begins. So the
/// plan keeps the place of each kStride-th example only, 3 bytes an example (twice that while it grows), and walks on
/// from there.
class ExamplePlan {
 public:
  /// Reads the corpus's lengths once. Throws UserError where next-sentence prediction has no documents to work with, and
  /// for options out of their ranges.
  ExamplePlan(std::shared_ptr<const DocumentCorpus> corpus, const SegmentOptions& options, const EpochKey& key);

  std::uint64_t size() const { return size_; }  ///< examples
  Segments at(std::uint64_t index) const;
  /// Of each example's sequence, special tokens counted. Reads the corpus's lengths again.
  std::vector<std::uint32_t> lengths() const;

 private:
  struct Place {
    std::uint64_t document, sentence, token;  // the token counts within the sentence
  };
  struct Step {
    Segments segments;  // B only where it is next
    Place begin, next;
    std::uint64_t target;
  };

  std::uint64_t draw_target(RandomStream& random) const;
  Step step(const Place& begin) const;
  Step pair_from(const Place& begin) const;
  Step single_from(const Place& begin) const;
  Place place_after(const Place& begin, std::uint64_t sentence) const;
  void take_other_document(Step& step) const;

  static constexpr std::uint64_t kStride = 8;

  std::shared_ptr<const DocumentCorpus> corpus_;
  SegmentOptions options_;
  EpochKey key_;
  std::uint64_t max_tokens_;
  std::vector<Place> places_;  // of examples 0, kStride, 2 kStride, ...
  std::uint64_t size_ = 0;
};

}  // namespace attend
