#include "data/masked_examples.h"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/random.h"

namespace attend {
namespace {

constexpr std::size_t kBatchesAhead = 16;

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
  if (options.budget.tokens < 0 || (options.budget.tokens == 0 && options.budget.sequences < 1))
    throw UserError("a batch of " + std::to_string(options.budget.tokens == 0 ? options.budget.sequences : options.budget.tokens) +
                    " was asked for; expected at least 1");
  return std::make_shared<const ExampleMaker>(
      ExampleMaker{source.corpus, options, *vocabulary.cls, *vocabulary.sep, Masker(vocabulary, options.masking)});
}

/// Positions of the order where batches begin, and its end.
std::vector<std::uint64_t> cut_by_tokens(const std::vector<std::uint32_t>& lengths, const Permutation& order, std::uint64_t most) {
  std::vector<std::uint64_t> starts{0};
  std::uint64_t tokens = 0;
  for (std::uint64_t i = 0; i < lengths.size(); ++i) {
    const std::uint32_t length = lengths[order(i)];
    if (tokens > 0 && tokens + length > most) {
      starts.push_back(i);
      tokens = 0;
    }
    tokens += length;
  }
  starts.push_back(lengths.size());
  return starts;
}

}  // namespace

/// The batches of one epoch, each made when asked for.
class MaskedEpoch {
 public:
  MaskedEpoch(std::shared_ptr<const ExampleMaker> maker, const EpochKey& key)
      : maker_(std::move(maker)),
        plan_(maker_->corpus, maker_->options.segments, key),
        order_(plan_.size(), mix_seed(key.seed, "example order", {key.epoch})) {
    const BatchBudget& budget = maker_->options.budget;
    if (budget.tokens > 0) {
      starts_ = cut_by_tokens(plan_.lengths(), order_, static_cast<std::uint64_t>(budget.tokens));
      num_batches_ = starts_.size() - 1;
    } else {
      const auto sequences = static_cast<std::uint64_t>(budget.sequences);
      num_batches_ = plan_.size() / sequences + (plan_.size() % sequences > 0 ? 1 : 0);
    }
  }

  std::uint64_t num_examples() const { return plan_.size(); }
  std::uint64_t num_batches() const { return num_batches_; }

  MaskedBatchIds batch(std::uint64_t index) const {
    if (index >= num_batches_) throw std::out_of_range("batch " + std::to_string(index) + " of " + std::to_string(num_batches_));
    const auto sequences = static_cast<std::uint64_t>(maker_->options.budget.sequences);
    const std::uint64_t begin = starts_.empty() ? index * sequences : starts_[index];
    const std::uint64_t end = starts_.empty() ? begin + std::min(sequences, plan_.size() - begin) : starts_[index + 1];
    MaskedBatchIds batch;
    for (std::uint64_t i = begin; i < end; ++i) append(batch, plan_.at(order_(i)));
    return batch;
  }

 private:
  void append(MaskedBatchIds& batch, Segments segments) const {
    const std::size_t begin = batch.ids.size();
    const TokenFile& sentences = maker_->corpus->sentences();
    batch.ids.push_back(maker_->cls);
    sentences.append_to(batch.ids, segments.a);
    batch.ids.push_back(maker_->sep);
    batch.type_ids.resize(batch.ids.size(), 0);
    if (maker_->options.segments.next_sentence == NextSentence::kYes) {
      sentences.append_to(batch.ids, segments.b);
      batch.ids.push_back(maker_->sep);
      batch.type_ids.resize(batch.ids.size(), 1);
      batch.next_sentence_labels.push_back(segments.is_next ? 0 : 1);
    }
    batch.lengths.push_back(static_cast<std::int64_t>(batch.ids.size() - begin));
    const MaskedPieces masked = maker_->masker.mask(std::span(batch.ids).subspan(begin), segments.random);
    for (const std::int64_t position : masked.positions) batch.masked_positions.push_back(static_cast<std::int64_t>(begin) + position);
    batch.masked_labels.insert(batch.masked_labels.end(), masked.labels.begin(), masked.labels.end());
  }

  std::shared_ptr<const ExampleMaker> maker_;
  ExamplePlan plan_;
  Permutation order_;                  // of the examples
  std::vector<std::uint64_t> starts_;  // cut by tokens, batch i is [starts_[i], starts_[i + 1]) of the order
  std::uint64_t num_batches_ = 0;
};

/// Walks the stream of batches, epoch after epoch.
class MaskedExamples::Walker {
 public:
  Walker(std::shared_ptr<const ExampleMaker> maker, const MaskedStreamOptions& options, BatchPosition start)
      : maker_(std::move(maker)), options_(options), place_(start) {
    plan_epoch();
    if (start.batch >= num_batches()) report_past_epoch(start.batch, num_batches());
    here_ = round();
    for (int i = 0; i < options.rank; ++i) step();
  }

  /// Of the batch that rank 0 begins with.
  const Round& here() const { return here_; }

  Item make() {
    Item item;
    item.batch = epoch_->batch(static_cast<std::uint64_t>(place_.batch));
    // The next round begins world - rank batches on, this rank's batch of it rank further.
    for (int i = options_.rank; i < options_.world; ++i) step();
    item.next_round = round();
    for (int i = 0; i < options_.rank; ++i) step();
    return item;
  }

 private:
  std::int64_t num_batches() const { return static_cast<std::int64_t>(epoch_->num_batches()); }
  Round round() const { return {place_, static_cast<std::int64_t>(epoch_->num_examples()), num_batches()}; }

  void step() {
    if (++place_.batch < num_batches()) return;
    place_ = {place_.epoch + 1, 0};
    plan_epoch();
  }

  void plan_epoch() {
    epoch_.reset();  // before the next one is made: there is room for one
    epoch_ = std::make_unique<MaskedEpoch>(maker_, EpochKey{options_.seed, static_cast<std::uint64_t>(place_.epoch)});
  }

  std::shared_ptr<const ExampleMaker> maker_;
  MaskedStreamOptions options_;
  BatchPosition place_;
  std::unique_ptr<const MaskedEpoch> epoch_;
  Round here_;
};

MaskedExamples::MaskedExamples(const MaskedSource& source, const MaskedStreamOptions& options, BatchPosition start) {
  check_position(start);
  check_rank(options.rank, options.world);
  auto walker = std::make_shared<Walker>(make_maker(source, options.examples), options, start);
  here_ = walker->here();
  prefetch_ = std::make_unique<Prefetch<Item>>(kBatchesAhead, [walker] { return walker->make(); });
}

MaskedExamples::~MaskedExamples() = default;

MaskedBatchIds MaskedExamples::next() {
  Item item = prefetch_->next();
  here_ = item.next_round;
  return std::move(item.batch);
}

EvaluationExamples::EvaluationExamples(const MaskedSource& source, const MaskedExampleOptions& options)
    : epoch_(std::make_unique<const MaskedEpoch>(make_maker(source, options), EpochKey{mix_seed(0, "evaluation"), 0})) {}

EvaluationExamples::~EvaluationExamples() = default;

std::size_t EvaluationExamples::size() const { return epoch_->num_batches(); }
std::int64_t EvaluationExamples::num_examples() const { return static_cast<std::int64_t>(epoch_->num_examples()); }
MaskedBatchIds EvaluationExamples::batch(std::size_t index) const { return epoch_->batch(index); }

}  // namespace attend
