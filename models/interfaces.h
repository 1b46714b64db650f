// What `inference` and `training` know of a model. They never see a family.
//
// Shapes: B sentences, R decoded rows (sentences x beams), V vocabulary, N source tokens, T target tokens of the whole batch.
// Token ids of a batch lie end to end without padding ("packed", core/batch.h): ids_N with lengths_B.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include <torch/torch.h>

#include "models/attention_maps.h"
#include "models/model.h"

namespace attend {

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

  /// Appends an id to each of the R rows and returns the logits_RV (float32) of the token that comes next. The tensor may be overwritten
  /// by the next step.
  virtual torch::Tensor step(std::span<const std::int64_t> last_ids_R) = 0;

  /// Row r becomes what row kept_rows_R[r] was. Rows may leave or be repeated, up to as many as at the start.
  virtual void reorder(std::span<const std::int64_t> kept_rows_R) = 0;
};

/// A model that reads a sentence and writes another.
class Seq2SeqModel : public Model {
 public:
  /// logits_TV at every real target position.
  virtual torch::Tensor logits(const PairBatch& batch) = 0;
  /// `label_smoothing` is the paper's epsilon_ls. In training mode this draws dropout from torch's default generator.
  virtual SummedLoss loss(const PairBatch& batch, double label_smoothing) = 0;
  /// What the tokens of one pair attend to while its target is read, one element a part that the model has. No gradient is needed.
  virtual std::vector<AttentionMaps> attention(const PairBatch& pair) = 0;
  /// Encodes the sources and prepares `rows_per_sentence` decoder rows for each (beams), for at most `max_steps` steps.
  virtual std::unique_ptr<StepDecoder> start_decoding(const PackedIds& source, std::int64_t rows_per_sentence, std::int64_t max_steps) = 0;

  virtual TokenRoles token_roles() const = 0;
  virtual std::int64_t source_vocab_size() const = 0;  ///< ids of a source are below it
};

/// Loads any seq2seq folder whose config.json names a family of the registry. Strict: nothing missing, nothing
/// unexpected, shapes checked before anything is allocated. Throws UserError.
std::shared_ptr<Seq2SeqModel> load_seq2seq(const std::filesystem::path& folder, const LoadOptions& options = {});

/// Whether config.json names such a family. Throws UserError for a folder without one.
bool is_seq2seq(const std::filesystem::path& folder);

}  // namespace attend
