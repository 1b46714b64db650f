// GPT with its heads: the language model (Radford et al. 2018, equation 2: the output tied to the embeddings), classes of sequences on the
// last token (the same paper's section 3.2), and none.
//
// Letters: B sequences, N tokens of the batch (packed), L labels, V vocabulary, E hidden size.
#pragma once

#include "models/causal_model.h"
#include "models/gpt/model.h"
#include "models/layers/output_table.h"

namespace attend {

/// What all of them tell of the body.
template <class Interface>
class GptWithHead : public Interface {
 public:
  std::int64_t vocab_size() const override { return config_.vocab_size; }
  std::int64_t max_positions() const override { return config_.max_positions; }
  std::int64_t num_segments() const override { return 1; }
  torch::Device device() const override { return gpt->token_table().device(); }
  void freeze(std::int64_t layers) override { gpt->freeze(layers); }

  GptModel gpt;

 protected:
  GptWithHead(const GptConfig& config, GptModelImpl::Start start)
      : gpt(this->register_module("gpt", GptModel(config, start))), config_(config) {}

  GptConfig config_;
};

class GptEncoder final : public GptWithHead<TextEncoder> {
 public:
  GptEncoder(const GptConfig& config, GptModelImpl::Start start) : GptWithHead(config, start) {}
  torch::Tensor hidden(const TextBatch& batch) override { return gpt->forward(batch.tokens); }
  AttentionMaps attention(const TextBatch& sequence) override {
    AttentionRecord record;
    (void)gpt->forward(sequence.tokens, /*past=*/nullptr, &record);
    return attention_maps(AttentionPart::kDecoder, record.self,
                          config_.attention_choice.leaves_out() ? NotComputed::kZeros : NotComputed::kFuture);
  }
  Json hf_config() const override;
  void save(const std::filesystem::path& folder) const override;
};

class GptLanguageModel final : public GptWithHead<CausalLanguageModel> {
 public:
  GptLanguageModel(const GptConfig& config, GptModelImpl::Start start) : GptWithHead(config, start) {}
  torch::Tensor logits(const PackedIds& tokens) override { return project(gpt->forward(tokens)); }
  SummedLoss loss(const CausalBatch& batch) override;
  std::vector<float> target_log_probabilities(const CausalBatch& batch) override;
  std::unique_ptr<StepDecoder> start_decoding(const PackedIds& prompts, std::int64_t rows_per_prompt, std::int64_t max_steps) override;
  Json hf_config() const override;
  void save(const std::filesystem::path& folder) const override;

  /// The tied output projection: hidden_NE -> logits_NV.
  torch::Tensor project(const torch::Tensor& hidden_NE) const { return output_table().logits(hidden_NE); }
  void pack(PanelFormat format) override;

 private:
  OutputTable output_table() const { return {gpt->token_table(), packed_output_.get()}; }

  PackedOutput packed_output_;
};

/// A linear layer, without bias, on each sequence's last token that is not padding.
class GptSequenceClassifier final : public GptWithHead<SequenceClassifier> {
 public:
  /// The head is drawn in any case.
  GptSequenceClassifier(const GptConfig& config, GptModelImpl::Start start, TaskLabels labels);
  torch::Tensor logits(const TextBatch& batch) override;
  const TaskLabels& labels() const override { return labels_; }
  Json hf_config() const override;
  void save(const std::filesystem::path& folder) const override;

 private:
  TaskLabels labels_;
  Dropout dropout_;
  torch::Tensor score_LE_;
};

/// A new model to pretrain; the parameters are a function of `seed`. Throws UserError where the configuration cannot be.
std::shared_ptr<CausalLanguageModel> make_gpt(const GptConfig& config, std::uint64_t seed, torch::Device device);

// Folders whose config.json says "gpt2"; see models/causal_model.h and models/text_model.h.
std::shared_ptr<CausalLanguageModel> load_gpt(const ModelFolder& folder);
std::shared_ptr<TextEncoder> load_gpt_encoder(const ModelFolder& folder);
std::shared_ptr<SequenceClassifier> load_gpt_sequence_classifier(const ModelFolder& folder, const std::optional<NewHead>& head);

}  // namespace attend
