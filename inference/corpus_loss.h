// How well a model predicts a corpus: sentence pairs, text, masked words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "data/causal_epoch.h"
#include "data/masked_examples.h"
#include "data/parallel_text.h"
#include "inference/sharing.h"
#include "metrics/score.h"
#include "models/causal_model.h"
#include "models/interfaces.h"
#include "models/text_model.h"

namespace attend {

/// Loss and perplexity a target token, over all pairs of a corpus: the mean of -log p(target), and its exponential.
struct CorpusLoss {
  double loss = 0;
  double perplexity = 0;
  std::int64_t num_targets = 0;
};
/// In the model's present mode. Nothing where a stop was asked for. Throws UserError where no pair is short enough.
std::optional<CorpusLoss> corpus_loss(Seq2SeqModel& model, std::shared_ptr<const ParallelCorpus> corpus, const Sharing& sharing = {});

/// Sums over predictions, and how many there were. Nothing where a stop was asked for. Over the first `num_tokens` predictions (0: all), a
/// few more where a batch ends later. The model is in evaluation mode.
struct LanguageLoss {
  double loss = 0;  ///< nats a prediction
  std::int64_t num_targets = 0;
};
std::optional<LanguageLoss> evaluate_language(CausalLanguageModel& model, const CausalEpoch& epoch, std::int64_t num_tokens,
                                              const Sharing& sharing = {});

struct MaskedScores {
  Metrics metrics;
  std::int64_t examples = 0;  ///< that were looked at
};
/// loss and perplexity a masked word, mlm_accuracy; with next sentences nsp_loss, nsp_accuracy, and total_loss, the sum. Nothing where a
/// stop was asked for. Over the first `num_examples` of the set (0: all), a few more where a batch ends later.
std::optional<MaskedScores> evaluate_masked(MaskedLanguageModel& model, const EvaluationExamples& examples, std::int64_t num_examples,
                                            const Sharing& sharing = {});

}  // namespace attend
