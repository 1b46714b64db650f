// Letters: B sequences, N tokens (packed), T targets, L labels, E hidden size.
#include "models/gpt/heads.h"

#include <torch/torch.h>

#include "core/random.h"
#include "models/layers/tied_cross_entropy.h"

namespace attend {
namespace {

// The tokens after which something is to be predicted, and what.
struct Targets {
  std::vector<std::int64_t> places, ids;
};

Targets targets_of(const CausalBatch& batch, std::int64_t vocab_size) {
  TORCH_CHECK(batch.targets.size() == batch.tokens.ids.size(), "a target, or none, for each token");
  Targets targets;
  for (std::size_t n = 0; n < batch.targets.size(); ++n) {
    if (batch.targets[n] == CausalBatch::kNoTarget) continue;
    TORCH_CHECK(batch.targets[n] >= 0 && batch.targets[n] < vocab_size, "target ", batch.targets[n], " is outside the vocabulary of ",
                vocab_size);
    targets.places.push_back(static_cast<std::int64_t>(n));
    targets.ids.push_back(batch.targets[n]);
  }
  return targets;
}

torch::Tensor select_rows(const torch::Tensor& x_NE, const std::vector<std::int64_t>& rows) {
  if (static_cast<std::int64_t>(rows.size()) == x_NE.size(0)) return x_NE;
  return x_NE.index_select(0, ids_tensor(rows, x_NE.device()));
}

}  // namespace

SummedLoss GptLanguageModel::loss(const CausalBatch& batch) {
  const Targets targets = targets_of(batch, config_.vocab_size);
  const auto hidden_TE = select_rows(gpt->forward(batch.tokens), targets.places);
  return tied_cross_entropy(hidden_TE, output_table(), torch::Tensor(), targets.ids, /*label_smoothing=*/0);
}

std::vector<float> GptLanguageModel::target_log_probabilities(const CausalBatch& batch) {
  const torch::NoGradGuard no_gradient;
  const Targets targets = targets_of(batch, config_.vocab_size);
  return tied_log_probabilities(select_rows(gpt->forward(batch.tokens), targets.places), output_table(), targets.ids);
}

void GptLanguageModel::pack(PanelFormat format) {
  GptWithHead::pack(format);
  packed_output_ = std::make_unique<const PanelWeight>(gpt->token_table(), format);
}

GptSequenceClassifier::GptSequenceClassifier(const GptConfig& config, GptModelImpl::Start start, TaskLabels labels)
    : GptWithHead(config, start),
      labels_(std::move(labels)),
      dropout_(this->register_module("dropout", Dropout(config.classifier_dropout))),
      score_LE_(this->register_parameter("score", torch::empty({static_cast<std::int64_t>(labels_.names.size()), config.hidden_size}))) {
  const torch::NoGradGuard no_gradient;
  score_LE_.normal_(0, config.initializer_range);
}

torch::Tensor GptSequenceClassifier::logits(const TextBatch& batch) {
  const auto hidden_NE = gpt->forward(batch.tokens);
  std::vector<std::int64_t> last_B;
  std::int64_t begin = 0;
  for (const std::int64_t length : batch.tokens.lengths) {
    std::int64_t last = begin + length - 1;
    while (last > begin && config_.pad_id && batch.tokens.ids[last] == *config_.pad_id) --last;
    last_B.push_back(last);
    begin += length;
  }
  const auto last_BE = hidden_NE.index_select(0, ids_tensor(last_B, hidden_NE.device()));
  return linear(dropout_->forward(last_BE), score_LE_, torch::Tensor());
}

std::shared_ptr<CausalLanguageModel> make_gpt(const GptConfig& config, std::uint64_t seed, torch::Device device) {
  config.validate();
  torch::manual_seed(mix_seed(seed, "parameters"));
  auto model = std::make_shared<GptLanguageModel>(config, GptModelImpl::Start::kDrawn);
  model->to(device);
  return model;
}

}  // namespace attend
