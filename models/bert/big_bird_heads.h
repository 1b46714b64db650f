// Heads of transformers' Big Bird that are not BERT's: classes of sequences, and answers to questions.
//
// Letters: B sequences, N tokens of the batch (packed), L labels, E hidden size.
#pragma once

#include "models/bert/heads.h"

namespace attend {

/// Two layers on the first token: W_2 activation(W_1 h_[CLS] + b_1) + b_2.
class BigBirdSequenceClassifier final : public BertWithHead<SequenceClassifier> {
 public:
  BigBirdSequenceClassifier(const BertConfig& config, TaskLabels labels, BertModelImpl::Start start);
  torch::Tensor logits(const TextBatch& batch) override;
  const TaskLabels& labels() const override { return labels_; }
  Json hf_config() const override;
  void save(const std::filesystem::path& folder) const override;

 private:
  TaskLabels labels_;
  Dropout dropout_;
  Linear classifier_dense_, classifier_output_;
};

/// A feed-forward block more, LayerNorm(h + FFN(h)), then a linear layer on each token. An answer may not start or end in the question: its
/// logits, up to the first separator, are a million lower, but for the first token's, which stands for no answer.
class BigBirdAnswerer final : public BertWithHead<TokenClassifier> {
 public:
  BigBirdAnswerer(const BertConfig& config, TaskLabels labels, BertModelImpl::Start start);
  torch::Tensor logits(const TextBatch& batch) override;
  const TaskLabels& labels() const override { return labels_; }
  Json hf_config() const override;
  void save(const std::filesystem::path& folder) const override;

 private:
  torch::Tensor of_question_N1(const TextBatch& batch) const;

  TaskLabels labels_;
  Dropout dropout_;
  FeedForward classifier_block_;
  ResidualNorm classifier_norm_;
  Linear classifier_;
};

}  // namespace attend
