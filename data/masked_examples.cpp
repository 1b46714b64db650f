#include "data/masked_examples.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/random.h"
#include "data/epoch_stream.h"

namespace attend {
namespace {

/// What all epochs share.
struct ExampleMaker {
  std::shared_ptr<const DocumentCorpus> corpus;
  MaskedExampleOptions options;
  std::int64_t cls, sep;
  Masker masker;
};

std::shared_ptr<const ExampleMaker> make_maker(const MaskedSource& source, const MaskedExampleOptions& options) {
  const MaskingVocabulary& vocabulary = source.vocabulary;
  if (source.corpus->sentences().vocab_size() != vocabulary.size())
    throw std::invalid_argument("a corpus of " + std::to_string(source.corpus->sentences().vocab_size()) + " ids with a vocabulary of " +
                                std::to_string(vocabulary.size()));
  if (!vocabulary.cls || !vocabulary.sep)
    throw UserError(std::string("the vocabulary has no ") + (vocabulary.cls ? "[SEP]" : "[CLS]") + " token; expected one around segments",
                    "take a tokenizer that was made for BERT");
  check_budget(options.budget);
  return std::make_shared<const ExampleMaker>(
      ExampleMaker{source.corpus, options, *vocabulary.cls, *vocabulary.sep, Masker(vocabulary, options.masking)});
}

}  // namespace

/// The batches of one epoch, each made when asked for.
class MaskedEpoch {
 public:
  MaskedEpoch(std::shared_ptr<const ExampleMaker> maker, const EpochKey& key)
      : maker_(std::move(maker)),
        plan_(maker_->corpus, maker_->options.segments, key),
        cuts_(plan_.size(), mix_seed(key.seed, "example order", {key.epoch}), maker_->options.budget, [this] { return plan_.lengths(); }) {}

  std::uint64_t num_examples() const { return plan_.size(); }
  std::uint64_t num_batches() const { return cuts_.num_batches(); }

  MaskedBatch batch(std::uint64_t index) const {
    MaskedBatch batch;
    for (const std::uint64_t example : cuts_.sequences(index)) append(batch, plan_.at(example));
    return batch;
  }

 private:
  void append(MaskedBatch& batch, Segments segments) const {
    const std::size_t begin = batch.text.tokens.ids.size();
    const TokenFile& sentences = maker_->corpus->sentences();
    batch.text.tokens.ids.push_back(maker_->cls);
    sentences.append_to(batch.text.tokens.ids, segments.a);
    batch.text.tokens.ids.push_back(maker_->sep);
    batch.text.type_ids.resize(batch.text.tokens.ids.size(), 0);
    if (maker_->options.segments.next_sentence == NextSentence::kYes) {
      sentences.append_to(batch.text.tokens.ids, segments.b);
      batch.text.tokens.ids.push_back(maker_->sep);
      batch.text.type_ids.resize(batch.text.tokens.ids.size(), 1);
      batch.next_labels.push_back(segments.is_next ? 0 : 1);
    }
    batch.text.tokens.lengths.push_back(static_cast<std::int64_t>(batch.text.tokens.ids.size() - begin));
    const MaskedPieces masked = maker_->masker.mask(std::span(batch.text.tokens.ids).subspan(begin), segments.random);
    for (const std::int64_t position : masked.positions) batch.masked_positions.push_back(static_cast<std::int64_t>(begin) + position);
    batch.masked_labels.insert(batch.masked_labels.end(), masked.labels.begin(), masked.labels.end());
  }

  std::shared_ptr<const ExampleMaker> maker_;
  ExamplePlan plan_;
  BatchCuts cuts_;
};

MaskedExamples::MaskedExamples(const MaskedSource& source, const MaskedStreamOptions& options, BatchPosition start) {
  const auto make_epoch = [maker = make_maker(source, options.examples), seed = options.seed](std::uint64_t epoch) {
    return std::make_unique<const MaskedEpoch>(maker, EpochKey{seed, epoch});
  };
  stream_ = std::make_unique<EpochStream<MaskedEpoch>>(make_epoch, ProcessRank{options.rank, options.world}, start);
}

MaskedExamples::~MaskedExamples() = default;

MaskedBatch MaskedExamples::next() { return stream_->next(); }
BatchPosition MaskedExamples::position() const { return stream_->here().position; }
std::int64_t MaskedExamples::examples_an_epoch() const { return stream_->here().num_examples; }
std::int64_t MaskedExamples::batches_an_epoch() const { return stream_->here().num_batches; }

EvaluationExamples::EvaluationExamples(const MaskedSource& source, const MaskedExampleOptions& options)
    : epoch_(std::make_unique<const MaskedEpoch>(make_maker(source, options), EpochKey{mix_seed(0, "evaluation"), 0})) {}

EvaluationExamples::~EvaluationExamples() = default;

std::size_t EvaluationExamples::size() const { return epoch_->num_batches(); }
std::int64_t EvaluationExamples::num_examples() const { return static_cast<std::int64_t>(epoch_->num_examples()); }
MaskedBatch EvaluationExamples::batch(std::size_t index) const { return epoch_->batch(index); }

}  // namespace attend
