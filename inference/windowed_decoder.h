// A causal model's decoder that does not end with the model's positions, and knows no ids beyond the tokenizer's.
//
// Letters: R decoded rows, V ids of the tokenizer.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "inference/search.h"
#include "models/causal_model.h"

namespace attend {

/// What a decoder is started for.
struct DecodingPlan {
  std::span<const TokenIds> prompts;  ///< each of at least one token
  std::int64_t rows_per_prompt = 1;
  std::int64_t max_steps = 1;
  std::int64_t num_ids = 0;  ///< of the tokenizer: a model's vocabulary may be padded beyond it
};

/// Steps as the model's own decoder does. Where a row's text has more tokens than the model has positions, the window slides: the row
/// goes on from the newest half of the positions, which is read anew. When a row slides depends on its own length only, and the other rows
/// are read again as they are, so an answer does not depend on the batch, up to rounding. Logits are those of the tokenizer's ids, so
/// probabilities are among them. Rows may leave or change places, not multiply, once a window has slid.
class WindowedDecoder final : public StepDecoder {
 public:
  WindowedDecoder(CausalLanguageModel& model, const DecodingPlan& plan);

  torch::Tensor step(std::span<const std::int64_t> last_ids_R) override;
  void reorder(std::span<const std::int64_t> kept_rows_R) override;

 private:
  void start(std::span<const TokenIds> prompts, std::int64_t rows_per_prompt);

  CausalLanguageModel& model_;
  std::int64_t num_ids_, steps_to_come_;
  std::int64_t steps_left_ = 0;     // of decoder_
  std::vector<TokenIds> window_R_;  // what each row has before it, without the token that the next step is given
  std::unique_ptr<StepDecoder> decoder_;
};

/// How many of its last tokens a text keeps that has more tokens than the model has positions.
inline std::int64_t window_of_long_text(std::int64_t positions) { return (positions + 1) / 2; }

/// Texts end to end.
PackedIds pack_ids(std::span<const TokenIds> texts);

}  // namespace attend
