// One token at a time: the decoder of section 3.1 with its past kept in a cache.
//
// Letters: R decoded rows, E hidden size, V vocabulary.
#include <torch/torch.h>

#include "models/transformer/model.h"

namespace attend {
namespace {

class TransformerStepDecoder final : public StepDecoder {
 public:
  TransformerStepDecoder(std::shared_ptr<const TransformerModel> model, KvCache cache, CrossMemory memory)
      : model_(std::move(model)), cache_(std::move(cache)), memory_(std::move(memory)) {}

  torch::Tensor step(std::span<const std::int64_t> last_ids_R) override {
    const torch::InferenceMode inference;
    TORCH_CHECK(static_cast<std::int64_t>(last_ids_R.size()) == cache_.rows(), "one token a row");
    const auto positions_RE = model_->decoder_position(cache_.steps_done()).expand({cache_.rows(), -1});
    auto x_RE = model_->embed(model_->target_table(), ids_tensor(last_ids_R, model_->device()), positions_RE);
    std::size_t index = 0;
    for (const auto& layer : *model_->decoder_layers()) x_RE = layer->as<DecoderLayer>()->step(x_RE, cache_, memory_, index++);
    cache_.advance();
    return model_->project(x_RE).to(torch::kFloat32);
  }

  void reorder(std::span<const std::int64_t> kept_rows_R) override {
    cache_.reorder(kept_rows_R);
    std::vector<std::int64_t> sentences;
    for (const std::int64_t row : kept_rows_R) sentences.push_back(memory_.row_sentence[row]);
    memory_.row_sentence = std::move(sentences);
  }

 private:
  std::shared_ptr<const TransformerModel> model_;
  KvCache cache_;
  CrossMemory memory_;
};

}  // namespace

std::unique_ptr<StepDecoder> TransformerModel::start_decoding(const PackedIds& source, std::int64_t rows_per_sentence,
                                                              std::int64_t max_steps) {
  const torch::InferenceMode inference;
  TORCH_CHECK(!is_training(), "decoding wants eval mode");
  TORCH_CHECK(max_steps <= config_.max_positions, "at most ", config_.max_positions, " steps");
  const auto encoded = encode(source);
  CrossMemory memory{.kv_M2E = {}, .layout = encoded.layout, .row_sentence = {}};
  for (const auto& layer : *decoder_layers_)
    memory.kv_M2E.push_back(layer->as<DecoderLayer>()->cross_attention->project_memory(encoded.states_NE));
  for (std::int64_t sentence = 0; sentence < encoded.layout.batch(); ++sentence)
    memory.row_sentence.insert(memory.row_sentence.end(), rows_per_sentence, sentence);
  KvCache cache({.layers = config_.decoder_layers,
                 .slots = static_cast<std::int64_t>(memory.row_sentence.size()),
                 .steps = max_steps,
                 .width = config_.hidden_size},
                encoded.states_NE.options());
  auto self = std::static_pointer_cast<TransformerModel>(shared_from_this());
  return std::make_unique<TransformerStepDecoder>(std::move(self), std::move(cache), std::move(memory));
}

}  // namespace attend
