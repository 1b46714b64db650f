// Letters: B sequences, N tokens (packed), P masked positions, V vocabulary, E hidden size.
#include "models/bert/heads.h"

#include <torch/torch.h>

#include "core/random.h"
#include "models/layers/tied_cross_entropy.h"

namespace attend {
namespace {

// Cross-entropy of few classes, summed.
SummedLoss class_loss(const torch::Tensor& logits_BL, const std::vector<std::int64_t>& labels) {
  const auto labels_B = ids_tensor(labels, logits_BL.device());
  const auto log_p_B = torch::log_softmax(logits_BL, 1).gather(1, labels_B.unsqueeze(1)).squeeze(1);
  const auto loss = -log_p_B.sum();
  const torch::NoGradGuard no_gradient;
  const auto num_correct = (logits_BL.argmax(1) == labels_B).sum();
  return {.loss = loss,
          .num_targets = logits_BL.size(0),
          .numbers_2 = torch::stack({-loss.to(torch::kFloat64), num_correct.to(torch::kFloat64)})};
}

}  // namespace

void initialize_head(Linear& layer, const BertConfig& config, BertModelImpl::Start start) {
  if (start == BertModelImpl::Start::kUnset) return;
  const torch::NoGradGuard no_gradient;
  layer->weight.normal_(0, config.initializer_range);
}

AttentionMaps BertEncoder::attention(const TextBatch& sequence) {
  AttentionRecord record;
  (void)bert->encode(sequence, &record);
  return attention_maps(AttentionPart::kEncoder, record.self,
                        config_.attention_choice.leaves_out() ? NotComputed::kZeros : NotComputed::kNone);
}

BertMaskedLanguageModel::BertMaskedLanguageModel(const BertConfig& config, NextSentence next_sentence, BertModelImpl::Start start)
    : BertWithHead(config, next_sentence == NextSentence::kYes ? BertModelImpl::Pooler::kYes : unread_pooler(config), start),
      transform_(register_module("transform", Linear(config.hidden_size, config.hidden_size))),
      transform_norm_(register_module(
          "transform_norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({config.hidden_size}).eps(config.layer_norm_epsilon)))),
      output_bias_V_(register_parameter("output_bias", torch::zeros({config.vocab_size}))) {
  initialize_head(transform_, config, start);
  if (next_sentence == NextSentence::kNo) return;
  next_sentence_ = register_module("next_sentence", Linear(config.hidden_size, 2));
  initialize_head(next_sentence_, config, start);
}

torch::Tensor BertMaskedLanguageModel::predictions(const BertStates& states, const std::vector<std::int64_t>& positions) const {
  const auto positions_P = ids_tensor(positions, states.hidden_NE.device());
  const auto masked_PE = states.hidden_NE.index_select(0, positions_P);
  return torch::nn::LayerNorm(transform_norm_)->forward(transform_->forward(masked_PE, config_.activation));
}

MaskedLoss BertMaskedLanguageModel::loss(const MaskedBatch& batch) {
  const auto states = bert->encode(batch.text);
  MaskedLoss result;
  result.words = tied_cross_entropy(predictions(states, batch.masked_positions), output_table(), output_bias_V_, batch.masked_labels,
                                    /*label_smoothing=*/0);
  if (!batch.next_labels.empty()) result.next_sentence = class_loss(follows(states), batch.next_labels);
  return result;
}

torch::Tensor BertMaskedLanguageModel::mask_logits(const TextBatch& batch, const std::vector<std::int64_t>& positions) {
  return output_table().logits(predictions(bert->encode(batch), positions), output_bias_V_);
}

void BertMaskedLanguageModel::pack(PanelFormat format) {
  BertWithHead::pack(format);
  packed_output_ = std::make_unique<const PanelWeight>(bert->token_table(), format);
}

torch::Tensor BertMaskedLanguageModel::next_sentence_logits(const TextBatch& batch) { return follows(bert->encode(batch)); }

BertSequenceClassifier::BertSequenceClassifier(const BertConfig& config, TaskLabels labels, BertModelImpl::Start start)
    : BertWithHead(config, BertModelImpl::Pooler::kYes, start),
      labels_(std::move(labels)),
      dropout_(register_module("dropout", Dropout(config.classifier_dropout))),
      classifier_(register_module("classifier", Linear(config.hidden_size, static_cast<std::int64_t>(labels_.names.size())))) {
  initialize_head(classifier_, config, start);
}

torch::Tensor BertSequenceClassifier::logits(const TextBatch& batch) {
  return classifier_->forward(dropout_->forward(bert->pool(bert->encode(batch))));
}

BertTokenClassifier::BertTokenClassifier(const BertConfig& config, TokenTask task, TaskLabels labels, BertModelImpl::Start start)
    : BertWithHead(config, unread_pooler(config), start),
      task_(task),
      labels_(std::move(labels)),
      // transformers drops nothing in front of qa_outputs
      dropout_(register_module("dropout", Dropout(task == TokenTask::kTags ? config.classifier_dropout : 0))),
      classifier_(register_module("classifier", Linear(config.hidden_size, static_cast<std::int64_t>(labels_.names.size())))) {
  initialize_head(classifier_, config, start);
}

torch::Tensor BertTokenClassifier::logits(const TextBatch& batch) {
  return classifier_->forward(dropout_->forward(bert->encode(batch).hidden_NE));
}

std::shared_ptr<MaskedLanguageModel> make_bert(const BertConfig& config, BertMaskedLanguageModel::NextSentence next_sentence,
                                               std::uint64_t seed, torch::Device device) {
  config.validate();
  torch::manual_seed(mix_seed(seed, "parameters"));
  auto model = std::make_shared<BertMaskedLanguageModel>(config, next_sentence, BertModelImpl::Start::kDrawn);
  model->to(device);
  return model;
}

}  // namespace attend
