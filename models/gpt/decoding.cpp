// One token at a time: the prompts are read in one pass, and what every layer needs of them is kept.
//
// Letters: R decoded rows, V vocabulary.
#include <torch/torch.h>

#include "models/gpt/heads.h"

namespace attend {
namespace {

class GptStepDecoder final : public StepDecoder {
 public:
  GptStepDecoder(std::shared_ptr<const GptLanguageModel> model, DecoderPast past) : model_(std::move(model)), past_(std::move(past)) {}

  torch::Tensor step(std::span<const std::int64_t> last_ids_R) override {
    const torch::InferenceMode inference;
    const PackedIds tokens{{last_ids_R.begin(), last_ids_R.end()}, std::vector<std::int64_t>(last_ids_R.size(), 1)};
    return model_->project(model_->gpt->forward(tokens, &past_)).to(torch::kFloat32);
  }

  void reorder(std::span<const std::int64_t> kept_rows_R) override { past_.reorder(kept_rows_R); }

 private:
  std::shared_ptr<const GptLanguageModel> model_;
  DecoderPast past_;
};

// All tokens but the last of each prompt; prompts of one token have none.
PackedIds without_last(const PackedIds& prompts) {
  PackedIds tokens;
  auto token = prompts.ids.begin();
  for (const std::int64_t length : prompts.lengths) {
    tokens.ids.insert(tokens.ids.end(), token, token + length - 1);
    if (length > 1) tokens.lengths.push_back(length - 1);
    token += length;
  }
  return tokens;
}

}  // namespace

std::unique_ptr<StepDecoder> GptLanguageModel::start_decoding(const PackedIds& prompts, std::int64_t rows_per_prompt,
                                                              std::int64_t max_steps) {
  const torch::InferenceMode inference;
  TORCH_CHECK(!is_training(), "decoding wants eval mode");
  CachedPrompts cached{.lengths = {}, .rows_per_prompt = rows_per_prompt};
  for (const std::int64_t length : prompts.lengths) {
    TORCH_CHECK(length >= 1, "a prompt has at least one token");
    TORCH_CHECK(length - 1 + max_steps <= max_positions(), "a prompt of ", length, " tokens and ", max_steps, " steps; the model has ",
                max_positions(), " positions");
    cached.lengths.push_back(length - 1);
  }
  DecoderPast past = gpt->start_past(cached, max_steps);
  if (const PackedIds tokens = without_last(prompts); !tokens.ids.empty()) gpt->forward(tokens, &past);
  auto self = std::static_pointer_cast<GptLanguageModel>(shared_from_this());
  return std::make_unique<GptStepDecoder>(std::move(self), std::move(past));
}

}  // namespace attend
