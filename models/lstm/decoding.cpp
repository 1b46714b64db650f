// One token at a time.
//
// Letters: R decoded rows, H width, V vocabulary.
#include <torch/torch.h>

#include "models/lstm/model.h"

namespace attend {
namespace {

class LstmStepDecoder final : public StepDecoder {
 public:
  LstmStepDecoder(std::shared_ptr<const LstmModel> model, const LstmMemory& memory, std::int64_t rows_per_sentence)
      : model_(std::move(model)), step_weights_(model_->step_weights()) {
    for (std::int64_t sentence = 0; sentence < memory.layout.batch(); ++sentence)
      row_sentence_.insert(row_sentence_.end(), rows_per_sentence, sentence);
    source_ = model_->aligned_source(memory);
    state_ = model_->first_state(memory);
    select(row_sentence_);
    select_source(row_sentence_);
  }

  torch::Tensor step(std::span<const std::int64_t> last_ids_R) override {
    const torch::InferenceMode inference;
    TORCH_CHECK(last_ids_R.size() == row_sentence_.size(), "one token a row");
    const auto gates_R4H = model_->read_ids(ids_tensor(last_ids_R, model_->device()));
    return model_->project(model_->step(gates_R4H, state_, source_, step_weights_).hidden_RH).to(torch::kFloat32);
  }

  void reorder(std::span<const std::int64_t> kept_rows_R) override {
    const torch::InferenceMode inference;
    select(kept_rows_R);
    std::vector<std::int64_t> sentences;
    for (const std::int64_t row : kept_rows_R) sentences.push_back(row_sentence_[row]);
    if (sentences != row_sentence_) select_source(kept_rows_R);  // beams of a sentence see the same source
    row_sentence_ = std::move(sentences);
  }

 private:
  void select(std::span<const std::int64_t> rows) {
    const auto kept = ids_tensor(rows, model_->device());
    for (LstmState& layer : state_.layers) layer = {.hidden = layer.hidden.index_select(0, kept), .cell = layer.cell.index_select(0, kept)};
    if (state_.attentional_RH.defined()) state_.attentional_RH = state_.attentional_RH.index_select(0, kept);
  }
  void select_source(std::span<const std::int64_t> rows) {
    if (source_.states_RSH.defined()) source_ = source_.select(ids_tensor(rows, model_->device()));
  }

  std::shared_ptr<const LstmModel> model_;
  std::vector<torch::Tensor> step_weights_;
  AlignedSource source_;
  LstmDecoderState state_;
  std::vector<std::int64_t> row_sentence_;
};

}  // namespace

std::unique_ptr<StepDecoder> LstmModel::start_decoding(const PackedIds& source, std::int64_t rows_per_sentence, std::int64_t max_steps) {
  const torch::InferenceMode inference;
  TORCH_CHECK(!is_training(), "decoding wants eval mode");
  TORCH_CHECK(max_steps <= config_.max_positions, "at most ", config_.max_positions, " steps");
  auto self = std::static_pointer_cast<const LstmModel>(std::const_pointer_cast<const torch::nn::Module>(shared_from_this()));
  return std::make_unique<LstmStepDecoder>(std::move(self), encode(source), rows_per_sentence);
}

}  // namespace attend
