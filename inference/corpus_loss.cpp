#include "inference/corpus_loss.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "data/pair_batches.h"
#include "inference/text_examples.h"

namespace attend {

namespace {

// What one batch adds to an evaluation. They are added in the batches' order, whoever computed them.
constexpr std::size_t kNumbers = 3;  // log-likelihood, right predictions, predictions

void write_counts(const SummedLoss& loss, double* numbers) {
  numbers[0] = loss.log_likelihood();
  numbers[1] = static_cast<double>(loss.num_correct());
  numbers[2] = static_cast<double>(loss.num_targets);
}

std::int64_t num_targets(const CausalBatch& batch) {
  return std::ranges::count_if(batch.targets, [](std::int64_t target) { return target != CausalBatch::kNoTarget; });
}

struct Counts {
  double log_likelihood = 0, num_correct = 0, num_targets = 0;

  void add(const double* numbers) {
    log_likelihood += numbers[0];
    num_correct += numbers[1];
    num_targets += numbers[2];
  }
  double loss() const { return -log_likelihood / num_targets; }
};

}  // namespace

std::optional<CorpusLoss> corpus_loss(Seq2SeqModel& model, std::shared_ptr<const ParallelCorpus> corpus, const Sharing& sharing) {
  const torch::NoGradGuard no_grad;
  const SortedPairBatches batches(std::move(corpus), kAnswerTokens, model.max_positions());
  std::vector<double> numbers(batches.size() * kNumbers, 0);
  const auto measure = [&](std::size_t i) { write_counts(model.loss(batches.batch(i), /*label_smoothing=*/0), &numbers[i * kNumbers]); };
  if (!sharing.each(batches.size(), measure, numbers)) return std::nullopt;
  Counts total;
  for (std::size_t i = 0; i < batches.size(); ++i) total.add(&numbers[i * kNumbers]);
  return CorpusLoss{
      .loss = total.loss(), .perplexity = std::exp(total.loss()), .num_targets = static_cast<std::int64_t>(total.num_targets)};
}

std::optional<LanguageLoss> evaluate_language(CausalLanguageModel& model, const CausalEpoch& epoch, std::int64_t num_tokens,
                                              const Sharing& sharing) {
  const torch::NoGradGuard no_grad;
  std::size_t batches = 0;
  for (std::int64_t tokens = 0; batches < epoch.num_batches() && (num_tokens == 0 || tokens < num_tokens); ++batches)
    if (num_tokens > 0) tokens += num_targets(epoch.batch(batches));
  std::vector<double> numbers(batches * kNumbers, 0);
  const auto measure = [&](std::size_t i) { write_counts(model.loss(epoch.batch(i)), &numbers[i * kNumbers]); };
  if (!sharing.each(batches, measure, numbers)) return std::nullopt;
  Counts total;
  for (std::size_t i = 0; i < batches; ++i) total.add(&numbers[i * kNumbers]);
  return LanguageLoss{.loss = total.loss(), .num_targets = static_cast<std::int64_t>(total.num_targets)};
}

std::optional<MaskedScores> evaluate_masked(MaskedLanguageModel& model, const EvaluationExamples& examples, std::int64_t num_examples,
                                            const Sharing& sharing) {
  const torch::NoGradGuard no_grad;
  std::size_t batches = num_examples == 0 ? examples.size() : 0;
  std::int64_t taken = num_examples == 0 ? examples.num_examples() : 0, targets = 0;
  for (; batches < examples.size() && (taken < num_examples || targets == 0); ++batches) {
    const MaskedBatch batch = examples.batch(batches);
    taken += batch.size();
    targets += static_cast<std::int64_t>(batch.masked_labels.size());
  }
  std::vector<double> numbers(batches * 2 * kNumbers, 0);
  const auto measure = [&](std::size_t i) {
    const MaskedLoss loss = model.loss(examples.batch(i));
    write_counts(loss.words, &numbers[i * 2 * kNumbers]);
    if (loss.next_sentence) write_counts(*loss.next_sentence, &numbers[(i * 2 + 1) * kNumbers]);
  };
  if (!sharing.each(batches, measure, numbers)) return std::nullopt;
  Counts words, next;
  for (std::size_t i = 0; i < batches; ++i) {
    words.add(&numbers[i * 2 * kNumbers]);
    next.add(&numbers[(i * 2 + 1) * kNumbers]);
  }
  const double loss = words.loss();
  Metrics metrics{{"loss", loss}, {"perplexity", std::exp(loss)}, {"mlm_accuracy", words.num_correct / words.num_targets}};
  if (next.num_targets > 0)
    metrics.insert(metrics.end(),
                   {{"nsp_loss", next.loss()}, {"nsp_accuracy", next.num_correct / next.num_targets}, {"total_loss", loss + next.loss()}});
  return MaskedScores{.metrics = std::move(metrics), .examples = taken};
}

}  // namespace attend
