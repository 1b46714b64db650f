// What `inference`, `training` and the commands know of a model that continues text: a decoder-only language model.
// They never see a family.
//
// Letters: N tokens of the batch (packed, core/batch.h), B sequences, R decoded rows, V vocabulary.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include <torch/torch.h>

#include "models/interfaces.h"
#include "models/text_model.h"

namespace attend {

class CausalLanguageModel : public TextModel {
 public:
  /// logits_NV at every token, of the token that comes after it.
  virtual torch::Tensor logits(const PackedIds& tokens) = 0;
  /// Cross-entropy at the tokens that have a target. Logits are made a few rows at a time and never stored.
  virtual SummedLoss loss(const CausalBatch& batch) = 0;
  /// ln p(target) at every token that has one, in order: what `score` and `evaluate` add up. No gradient.
  virtual std::vector<float> target_log_probabilities(const CausalBatch& batch) = 0;

  /// Reads the prompts, each of at least one token, all but the last token of each, and prepares `rows_per_prompt` rows for each, for at
  /// most `max_steps` steps. The first step() is to be given the last token of each row's prompt, so it returns the logits of the first
  /// new token. The longest prompt and the steps are at most max_positions() + 1 tokens together: that last one is counted twice.
  virtual std::unique_ptr<StepDecoder> start_decoding(const PackedIds& prompts, std::int64_t rows_per_prompt, std::int64_t max_steps) = 0;
};

/// Loads any folder of a decoder-only family of the registry that has a language model's head. Strict, as load_seq2seq. Throws UserError.
std::shared_ptr<CausalLanguageModel> load_causal_language_model(const std::filesystem::path& folder, const LoadOptions& options = {});

/// Whether config.json names such a family, whatever its head. Throws UserError for a folder without one.
bool is_causal(const std::filesystem::path& folder);

}  // namespace attend
