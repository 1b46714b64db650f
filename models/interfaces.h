// What `inference` and `training` know of a model. They never see a family.
//
// Shapes: B sentences, R decoded rows (sentences x beams), V vocabulary, N source tokens, T target tokens of the whole batch.
// Token ids of a batch lie end to end without padding ("packed"): ids_N with lengths_B.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "core/json.h"

namespace attend {

/// Sentences laid end to end: no padding token is ever computed with.
struct PackedIds {
  std::vector<std::int64_t> ids;      ///< all sentences' token ids, one after the other
  std::vector<std::int64_t> lengths;  ///< tokens of each sentence; their sum is ids.size()
};

/// Ids with a meaning of their own.
struct TokenRoles {
  std::int64_t pad = 0;
  std::int64_t eos = 0;
  std::int64_t decoder_start = 0;
};

/// Decoding as search sees it: one token a row a step. The KV cache behind it is preallocated for the number of rows and
/// steps asked for at the start and belongs to this object, which the search owns.
class StepDecoder {
 public:
  virtual ~StepDecoder() = default;

  /// Appends last_ids_R (int64, on the CPU or the model's device) to each row and returns the logits_RV (float32) of the
  /// token that comes next. The tensor may be overwritten by the next step.
  virtual torch::Tensor step(const torch::Tensor& last_ids_R) = 0;

  /// Row r becomes what row kept_rows_R[r] was (int64). Rows may leave or be repeated, up to as many as at the start.
  virtual void reorder(const torch::Tensor& kept_rows_R) = 0;
};

/// A batch of sentence pairs. Both sides end with the end-of-sentence token; the decoder's input is made from the target
/// by shifting right.
struct PairBatch {
  PackedIds source;
  PackedIds target;
};

/// Sums over the target tokens of a batch, so that micro-batches add up (gradients are divided by the targets of all).
struct SummedLoss {
  torch::Tensor loss;         ///< scalar, differentiable: label-smoothed cross-entropy, natural logarithm, summed
  double log_likelihood = 0;  ///< sum of log p(target), without smoothing
  std::int64_t num_targets = 0;
  std::int64_t num_correct = 0;  ///< targets that no other id had a higher logit than
};

/// A model that reads a sentence and writes another.
class Seq2SeqModel : public torch::nn::Module {
 public:
  /// logits_TV at every real target position.
  virtual torch::Tensor logits(const PairBatch& batch) = 0;
  /// `label_smoothing` is the paper's epsilon_ls. In training mode this draws dropout from torch's default generator.
  virtual SummedLoss loss(const PairBatch& batch, double label_smoothing) = 0;
  /// Encodes the sources and prepares `rows_per_sentence` decoder rows for each (beams), for at most `max_steps` steps.
  virtual std::unique_ptr<StepDecoder> start_decoding(const PackedIds& source, std::int64_t rows_per_sentence, std::int64_t max_steps) = 0;

  virtual TokenRoles token_roles() const = 0;
  virtual std::int64_t vocab_size() const = 0;
  virtual std::int64_t max_positions() const = 0;
  virtual torch::Device device() const = 0;
  /// config.json's content.
  virtual Json hf_config() const = 0;
  /// Writes config.json and model.safetensors into `folder` (which exists), in Hugging Face's layout and names.
  virtual void save(const std::filesystem::path& folder) const = 0;
};

/// Loads any seq2seq folder whose config.json names a family of the registry. Strict: nothing missing, nothing
/// unexpected, shapes checked before anything is allocated. Throws UserError.
std::shared_ptr<Seq2SeqModel> load_seq2seq(const std::filesystem::path& folder, torch::Device device);

}  // namespace attend
