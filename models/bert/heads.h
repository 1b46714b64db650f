// BERT with the heads of its paper: masked words and next sentence (section 3.1), classes of sequences, labels of tokens
// (section 4, figure 4), and none.
//
// Letters: B sequences, N tokens of the batch (packed), L labels, P masked positions, V vocabulary, E hidden size.
#pragma once

#include <torch/nn/modules/normalization.h>

#include "models/bert/model.h"
#include "models/layers/output_table.h"
#include "models/name_rules.h"

namespace attend {

/// The pooler of a body whose head reads none.
inline BertModelImpl::Pooler unread_pooler(const BertConfig& config) {
  return config.is_big_bird() ? BertModelImpl::Pooler::kKept : BertModelImpl::Pooler::kNo;
}

/// The start of a head's layer.
void initialize_head(Linear& layer, const BertConfig& config, BertModelImpl::Start start);

/// What all of them tell of the body.
template <class Interface>
class BertWithHead : public Interface {
 public:
  std::int64_t vocab_size() const override { return config_.vocab_size; }
  std::int64_t max_positions() const override { return config_.max_positions; }
  std::int64_t num_segments() const override { return config_.type_vocab_size; }
  torch::Device device() const override { return bert->token_table().device(); }
  void freeze(std::int64_t layers) override { bert->freeze(layers); }

  BertModel bert;

 protected:
  BertWithHead(const BertConfig& config, BertModelImpl::Pooler pooler, BertModelImpl::Start start)
      : bert(this->register_module("bert", BertModel(config, pooler, start))), config_(config) {}

  BertConfig config_;
};

class BertEncoder final : public BertWithHead<TextEncoder> {
 public:
  BertEncoder(const BertConfig& config, BertModelImpl::Pooler pooler, BertModelImpl::Start start) : BertWithHead(config, pooler, start) {}
  torch::Tensor hidden(const TextBatch& batch) override { return bert->encode(batch).hidden_NE; }
  AttentionMaps attention(const TextBatch& sequence) override;
  Json hf_config() const override;
  void save(const std::filesystem::path& folder) const override;
};

class BertMaskedLanguageModel final : public BertWithHead<MaskedLanguageModel> {
 public:
  enum class NextSentence { kNo, kYes };
  BertMaskedLanguageModel(const BertConfig& config, NextSentence next_sentence, BertModelImpl::Start start);

  bool has_next_sentence() const override { return !next_sentence_.is_empty(); }
  MaskedLoss loss(const MaskedBatch& batch) override;
  torch::Tensor mask_logits(const TextBatch& batch, const std::vector<std::int64_t>& positions) override;
  torch::Tensor next_sentence_logits(const TextBatch& batch) override;
  Json hf_config() const override;
  void save(const std::filesystem::path& folder) const override;
  void pack(PanelFormat format) override;

 private:
  // LayerNorm(activation(W h + b)) at `positions`: what the tied table is multiplied with.
  torch::Tensor predictions(const BertStates& states, const std::vector<std::int64_t>& positions) const;
  torch::Tensor follows(const BertStates& states) const { return next_sentence_->forward(bert->pool(states)); }

  OutputTable output_table() const { return {bert->token_table(), packed_output_.get()}; }

  Linear transform_;
  torch::nn::LayerNorm transform_norm_;
  torch::Tensor output_bias_V_;
  Linear next_sentence_{nullptr};
  PackedOutput packed_output_;
};

/// A linear layer on the pooled first token.
class BertSequenceClassifier final : public BertWithHead<SequenceClassifier> {
 public:
  BertSequenceClassifier(const BertConfig& config, TaskLabels labels, BertModelImpl::Start start);
  torch::Tensor logits(const TextBatch& batch) override;
  const TaskLabels& labels() const override { return labels_; }
  Json hf_config() const override;
  void save(const std::filesystem::path& folder) const override;

 private:
  TaskLabels labels_;
  Dropout dropout_;
  Linear classifier_;
};

/// A linear layer on each token.
class BertTokenClassifier final : public BertWithHead<TokenClassifier> {
 public:
  BertTokenClassifier(const BertConfig& config, TokenTask task, TaskLabels labels, BertModelImpl::Start start);
  torch::Tensor logits(const TextBatch& batch) override;
  const TaskLabels& labels() const override { return labels_; }
  Json hf_config() const override;
  void save(const std::filesystem::path& folder) const override;

 private:
  TokenTask task_;
  TaskLabels labels_;
  Dropout dropout_;
  Linear classifier_;
};

/// A new model to pretrain; the parameters are a function of `seed`. Throws UserError where the configuration cannot be.
std::shared_ptr<MaskedLanguageModel> make_bert(const BertConfig& config, BertMaskedLanguageModel::NextSentence next_sentence,
                                               std::uint64_t seed, torch::Device device);

// Folders whose config.json says "bert", "attend-bert" or "big_bird"; see models/text_model.h.
std::shared_ptr<TextEncoder> load_bert_encoder(const ModelFolder& folder);
std::shared_ptr<MaskedLanguageModel> load_bert_masked_language_model(const ModelFolder& folder, const std::optional<MaskedHeads>& wanted);
std::shared_ptr<SequenceClassifier> load_bert_sequence_classifier(const ModelFolder& folder, const std::optional<NewHead>& head);
std::shared_ptr<TokenClassifier> load_bert_token_classifier(const ModelFolder& folder, TokenTask task, const std::optional<NewHead>& head);

}  // namespace attend
