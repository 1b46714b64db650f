// BERT's pretraining examples in batches without padding, made on the fly: which they are is a function of
// (seed, epoch) and their position alone.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/batch.h"
#include "data/batch_cuts.h"
#include "data/batch_position.h"
#include "data/document_corpus.h"
#include "data/example_plan.h"
#include "data/masking.h"

namespace attend {

struct MaskedExampleOptions {
  SegmentOptions segments;
  MaskingOptions masking;
  BatchBudget budget;
};

struct MaskedStreamOptions {
  MaskedExampleOptions examples;
  std::uint64_t seed = 1;
  int rank = 0, world = 1;  ///< this process of so many; rank r takes every world-th batch from the r-th
};

/// What examples are made of.
struct MaskedSource {
  std::shared_ptr<const DocumentCorpus> corpus;
  MaskingVocabulary vocabulary;  ///< of the tokenizer that the corpus was prepared with
};

class MaskedEpoch;
template <class Epoch>
class EpochStream;

/// The endless stream of one rank's batches; a thread prepares them ahead.
///
/// An epoch is all examples of its ExamplePlan, in a permutation of them keyed by (seed, epoch), so that the examples of
/// a long document lie far apart; both the examples and their masks are other ones each epoch. Beginning an epoch, or
/// anywhere in it, takes a pass over the lengths of the corpus (two where batches are cut by tokens, and 4 bytes an
/// example meanwhile); after that each batch is found directly. All ranks see the same stream and position() is the
/// same on all, so a run may resume with another world.
class MaskedExamples {
 public:
  /// Starts at a position that position() gave. Throws UserError where ExamplePlan or Masker do, for a vocabulary
  /// without [CLS] or [SEP], and for a batch of none; std::invalid_argument for a corpus of another vocabulary.
  MaskedExamples(const MaskedSource& source, const MaskedStreamOptions& options, BatchPosition start = {});
  ~MaskedExamples();

  MaskedBatch next();  ///< blocks until ready
  /// Of the batch that next() will return, on rank 0; other ranks' batches follow it.
  BatchPosition position() const;
  std::int64_t epoch() const { return position().epoch; }
  /// Of the epoch that position() is in, by all processes together. Epochs differ a little: what is put back is random.
  std::int64_t examples_an_epoch() const;
  std::int64_t batches_an_epoch() const;

 private:
  std::unique_ptr<EpochStream<MaskedEpoch>> stream_;
};

/// One epoch of examples that is the same for every evaluation, whatever the seed of the run: figures of different
/// steps and runs compare. Batches are made when asked for; their order is random, so the first ones are a sample.
class EvaluationExamples {
 public:
  /// Throws as MaskedExamples does.
  EvaluationExamples(const MaskedSource& source, const MaskedExampleOptions& options);
  ~EvaluationExamples();

  std::size_t size() const;  ///< batches
  std::int64_t num_examples() const;
  MaskedBatch batch(std::size_t index) const;

 private:
  std::unique_ptr<const MaskedEpoch> epoch_;
};

}  // namespace attend
