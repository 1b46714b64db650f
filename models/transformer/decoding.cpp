// One token at a time: the decoder of section 3.1 with its past kept in a cache.
//
// Letters: R decoded rows, E hidden size, V vocabulary.
#include <torch/torch.h>

#include "models/transformer/model.h"

namespace attend {
namespace {

class TransformerStepDecoder final : public StepDecoder {
 public:
  TransformerStepDecoder(std::shared_ptr<const TransformerModel> model, DecoderPast past, Memory memory)
      : model_(std::move(model)), past_(std::move(past)), memory_(std::move(memory)) {}

  torch::Tensor step(std::span<const std::int64_t> last_ids_R) override {
    const torch::InferenceMode inference;
    const std::int64_t rows = past_.rows().rows();
    TORCH_CHECK(static_cast<std::int64_t>(last_ids_R.size()) == rows, "one token a row");
    const auto positions_RE = model_->decoder_position(past_.rows().steps_done()).expand({rows, -1});
    const auto x_RE = model_->embed(model_->target_table(), ids_tensor(last_ids_R, model_->device()), positions_RE);
    const PackedLayout layout(std::vector<std::int64_t>(last_ids_R.size(), 1), model_->device());
    return model_->project(model_->step(x_RE, layout, memory_, past_)).to(torch::kFloat32);
  }

  void reorder(std::span<const std::int64_t> kept_rows_R) override {
    past_.reorder(kept_rows_R);
    std::vector<std::int64_t> sentences;
    for (const std::int64_t row : kept_rows_R) sentences.push_back(memory_.row_sentence[row]);
    memory_.row_sentence = std::move(sentences);
  }

 private:
  std::shared_ptr<const TransformerModel> model_;
  DecoderPast past_;
  Memory memory_;
};

}  // namespace

std::unique_ptr<StepDecoder> TransformerModel::start_decoding(const PackedIds& source, std::int64_t rows_per_sentence,
                                                              std::int64_t max_steps) {
  const torch::InferenceMode inference;
  TORCH_CHECK(!is_training(), "decoding wants eval mode");
  TORCH_CHECK(max_steps <= config_.max_positions, "at most ", config_.max_positions, " steps");
  Memory memory = encode(source);
  DecoderPast past({.lengths = std::vector<std::int64_t>(memory.layout.lengths().size()), .rows_per_prompt = rows_per_sentence}, max_steps);
  for (const auto& module : *decoder_layers_) {
    const auto& layer = *module->as<DecoderLayer>();
    memory.kv_M2E.push_back(layer.cross_attention->project_memory(memory.states_ME));
    past.add_layer(layer.self_attention->inner->start_past(past.rows(), memory.states_ME.options()));
  }
  memory.states_ME.reset();  // keys and values are all that the steps read
  for (std::int64_t sentence = 0; sentence < memory.layout.batch(); ++sentence)
    memory.row_sentence.insert(memory.row_sentence.end(), rows_per_sentence, sentence);
  auto self = std::static_pointer_cast<TransformerModel>(shared_from_this());
  return std::make_unique<TransformerStepDecoder>(std::move(self), std::move(past), std::move(memory));
}

}  // namespace attend
