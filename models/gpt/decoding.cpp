// One token at a time: the prompts are read in one pass, and every token's keys and values are kept in a cache.
//
// Letters: R decoded rows, V vocabulary.
#include <torch/torch.h>

#include "models/gpt/heads.h"

namespace attend {
namespace {

class GptStepDecoder final : public StepDecoder {
 public:
  GptStepDecoder(std::shared_ptr<const GptLanguageModel> model, KvCache cache) : model_(std::move(model)), cache_(std::move(cache)) {}

  torch::Tensor step(std::span<const std::int64_t> last_ids_R) override {
    const torch::InferenceMode inference;
    return model_->project(model_->gpt->step(last_ids_R, cache_)).to(torch::kFloat32);
  }

  void reorder(std::span<const std::int64_t> kept_rows_R) override { cache_.reorder(kept_rows_R); }

 private:
  std::shared_ptr<const GptLanguageModel> model_;
  KvCache cache_;
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
  KvCache cache({.layers = config_.num_layers,
                 .slots = static_cast<std::int64_t>(prompts.lengths.size()) * rows_per_prompt,
                 .steps = max_steps,
                 .width = config_.hidden_size},
                gpt->token_table().options(), cached);
  if (const PackedIds tokens = without_last(prompts); !tokens.ids.empty()) gpt->read_prompts(tokens, cache);
  auto self = std::static_pointer_cast<GptLanguageModel>(shared_from_this());
  return std::make_unique<GptStepDecoder>(std::move(self), std::move(cache));
}

}  // namespace attend
