// Letters: B sequences, N tokens (packed), L labels, E hidden size.
#include "models/bert/big_bird_heads.h"

#include <algorithm>

#include <torch/torch.h>

namespace attend {

BigBirdSequenceClassifier::BigBirdSequenceClassifier(const BertConfig& config, TaskLabels labels, BertModelImpl::Start start)
    : BertWithHead(config, BertModelImpl::Pooler::kKept, start),
      labels_(std::move(labels)),
      dropout_(register_module("dropout", Dropout(config.classifier_dropout))),
      classifier_dense_(register_module("classifier_dense", Linear(config.hidden_size, config.hidden_size))),
      classifier_output_(
          register_module("classifier_output", Linear(config.hidden_size, static_cast<std::int64_t>(labels_.names.size())))) {
  initialize_head(classifier_dense_, config, start);
  initialize_head(classifier_output_, config, start);
}

torch::Tensor BigBirdSequenceClassifier::logits(const TextBatch& batch) {
  const auto first_BE = bert->first_tokens(bert->encode(batch));
  const auto inner_BE = classifier_dense_->forward(dropout_->forward(first_BE), config_.activation);
  return classifier_output_->forward(dropout_->forward(inner_BE));
}

BigBirdAnswerer::BigBirdAnswerer(const BertConfig& config, TaskLabels labels, BertModelImpl::Start start)
    : BertWithHead(config, BertModelImpl::Pooler::kNo, start),
      labels_(std::move(labels)),
      dropout_(register_module("dropout", Dropout(config.dropout))),
      classifier_block_(register_module("classifier_block", FeedForward(config.feed_forward()))),
      classifier_norm_(register_module("classifier_norm", ResidualNorm(config.norm()))),
      classifier_(register_module("classifier", Linear(config.hidden_size, static_cast<std::int64_t>(labels_.names.size())))) {
  for (Linear* layer : {&classifier_block_->inner, &classifier_block_->output, &classifier_}) initialize_head(*layer, config, start);
}

torch::Tensor BigBirdAnswerer::logits(const TextBatch& batch) {
  const auto hidden_NE = bert->encode(batch).hidden_NE;
  const auto inner_NE = classifier_block_->forward(dropout_->forward(hidden_NE));
  const auto logits_NL = classifier_->forward(classifier_norm_->forward(hidden_NE, inner_NE));
  constexpr double kBan = 1e6;
  return logits_NL - of_question_N1(batch) * kBan;
}

torch::Tensor BigBirdAnswerer::of_question_N1(const TextBatch& batch) const {
  std::vector<float> of_question;
  auto begin = batch.tokens.ids.begin();
  for (const std::int64_t length : batch.tokens.lengths) {
    const auto end = begin + length, separator = std::find(begin, end, config_.sep_id);
    const std::int64_t question = separator == end ? 1 : separator - begin + 1;  // without a separator all may be the answer
    for (std::int64_t i = 0; i < length; ++i) of_question.push_back(i > 0 && i < question ? 1 : 0);
    begin = end;
  }
  return torch::tensor(at::ArrayRef<float>(of_question)).to(device()).unsqueeze(1);
}

}  // namespace attend
