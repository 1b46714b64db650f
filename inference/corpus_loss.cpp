#include "inference/corpus_loss.h"

#include <cmath>

#include <torch/torch.h>

#include "data/pair_batches.h"
#include "inference/text_examples.h"

namespace attend {

std::optional<CorpusLoss> corpus_loss(Seq2SeqModel& model, std::shared_ptr<const ParallelCorpus> corpus, const StopCheck& stop) {
  const torch::NoGradGuard no_grad;
  const SortedPairBatches batches(std::move(corpus), kAnswerTokens, model.max_positions());
  CorpusLoss total;
  double log_likelihood = 0;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (stop && stop()) return std::nullopt;
    const SummedLoss loss = model.loss(batches.batch(i), /*label_smoothing=*/0);
    log_likelihood += loss.log_likelihood();
    total.num_targets += loss.num_targets;
  }
  total.loss = -log_likelihood / static_cast<double>(total.num_targets);
  total.perplexity = std::exp(total.loss);
  return total;
}

std::optional<LanguageLoss> evaluate_language(CausalLanguageModel& model, const CausalEpoch& epoch, std::int64_t num_tokens,
                                              const StopCheck& stop) {
  const torch::NoGradGuard no_grad;
  SummedLoss total;
  for (std::uint64_t i = 0; i < epoch.num_batches() && (num_tokens == 0 || total.num_targets < num_tokens); ++i) {
    if (stop && stop()) return std::nullopt;
    add_counts(total, model.loss(epoch.batch(i)));
  }
  return LanguageLoss{.loss = -total.log_likelihood() / static_cast<double>(total.num_targets), .num_targets = total.num_targets};
}

std::optional<MaskedScores> evaluate_masked(MaskedLanguageModel& model, const EvaluationExamples& examples, std::int64_t num_examples,
                                            const StopCheck& stop) {
  const torch::NoGradGuard no_grad;
  const std::int64_t wanted = num_examples == 0 ? examples.num_examples() : num_examples;
  SummedLoss words, next;
  std::int64_t taken = 0;
  for (std::size_t i = 0; i < examples.size() && (taken < wanted || words.num_targets == 0); ++i) {
    if (stop && stop()) return std::nullopt;
    const MaskedBatch batch = examples.batch(i);
    taken += batch.size();
    const MaskedLoss loss = model.loss(batch);
    add_counts(words, loss.words);
    if (loss.next_sentence) add_counts(next, *loss.next_sentence);
  }
  const auto mean = [](double sum, const SummedLoss& of) { return sum / static_cast<double>(of.num_targets); };
  const double loss = -mean(words.log_likelihood(), words);
  Metrics metrics{{"loss", loss}, {"perplexity", std::exp(loss)}, {"mlm_accuracy", mean(static_cast<double>(words.num_correct()), words)}};
  if (next.num_targets > 0) {
    const double nsp_loss = -mean(next.log_likelihood(), next);
    metrics.insert(
        metrics.end(),
        {{"nsp_loss", nsp_loss}, {"nsp_accuracy", mean(static_cast<double>(next.num_correct()), next)}, {"total_loss", loss + nsp_loss}});
  }
  return MaskedScores{.metrics = std::move(metrics), .examples = taken};
}

}  // namespace attend
