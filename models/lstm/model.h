// An LSTM that reads a sentence and writes another (Sutskever et al. 2014): the encoder reads both ways (Bahdanau et al. 2015,
// section 3.2), the decoder looks at its states (models/lstm/alignment.h) and reads its last look again (input feeding: Luong et al. 2015,
// section 3.3).
//
// Letters: N source tokens and T target tokens of the batch (packed), B sentences, R decoded rows, H width, V vocabulary.
#pragma once

#include <memory>
#include <vector>

#include <torch/nn/modules/container/modulelist.h>

#include "models/interfaces.h"
#include "models/layers/lstm.h"
#include "models/layers/residual_norm.h"
#include "models/lstm/alignment.h"
#include "models/name_rules.h"

namespace attend {

/// One layer of the encoder: two LSTMs of half the width, one from each end.
class BidirectionalLstmImpl : public torch::nn::Module {
 public:
  explicit BidirectionalLstmImpl(std::int64_t width);
  /// x_NH -> their states side by side.
  LstmImpl::Output forward(const torch::Tensor& x_NH, const PackedLayout& layout) const;

  Lstm forwards, backwards;
};
TORCH_MODULE(BidirectionalLstm);

/// What the encoder has read.
struct LstmMemory {
  torch::Tensor states_NH;
  PackedLayout layout;
  std::vector<LstmState> last;  ///< of each layer, a row a sentence: what the decoder starts from
};

/// Where the decoder's rows stand.
struct LstmDecoderState {
  std::vector<LstmState> layers;
  torch::Tensor attentional_RH;  ///< what the last look was made into: h~ of Luong et al. 2015; undefined without attention
  std::int64_t step = 0;
};

/// One step of the decoder.
struct LstmStep {
  torch::Tensor hidden_RH;  ///< what the output is projected from
  Look look;                ///< undefined tensors without attention
};

class LstmModel final : public Seq2SeqModel {
 public:
  /// Parameters drawn from torch's default generator; or left as they are, to be read from a file.
  enum class Start { kDrawn, kUnset };
  LstmModel(const LstmConfig& config, Start start);

  torch::Tensor logits(const PairBatch& batch) override;
  /// In training hard attention adds REINFORCE's terms to the loss.
  SummedLoss loss(const PairBatch& batch, double label_smoothing) override;
  /// Its alignment; of a model without attention nothing.
  std::vector<AttentionMaps> attention(const PairBatch& pair) override;
  std::unique_ptr<StepDecoder> start_decoding(const PackedIds& source, std::int64_t rows_per_sentence, std::int64_t max_steps) override;

  TokenRoles token_roles() const override {
    return {.pad = config_.pad_id, .eos = config_.eos_id, .decoder_start = config_.decoder_start_id};
  }
  std::int64_t vocab_size() const override { return config_.output_vocab_size(); }
  std::int64_t source_vocab_size() const override { return config_.vocab_size; }
  std::int64_t max_positions() const override { return config_.max_positions; }
  torch::Device device() const override { return source_table_.device(); }
  Json hf_config() const override { return lstm_to_hf(config_); }
  void save(const std::filesystem::path& folder) const override;

  const LstmConfig& config() const { return config_; }
  LstmMemory encode(const PackedIds& source) const;
  /// Of each target token the weights of the source's, a row a token, zero past the sentence: what the alignment of a pair is.
  torch::Tensor alignment_TS(const PairBatch& batch);

  // The decoder's parts, for training and for a step.
  /// The weights of all layers' steps, recurrent ones beside what is read: made once a batch.
  std::vector<torch::Tensor> step_weights() const;
  /// What the first layer's gates are told by target ids: ids_T -> gates_T4H.
  torch::Tensor read_ids(const torch::Tensor& ids_T) const;
  /// One step of R rows: gates_R4H from read_ids, `source` undefined without attention. The state moves on.
  LstmStep step(const torch::Tensor& gates_R4H, LstmDecoderState& state, const AlignedSource& source,
                const std::vector<torch::Tensor>& step_weights, const torch::Tensor& is_drawn_R = {}) const;
  AlignedSource aligned_source(const LstmMemory& memory) const;
  LstmDecoderState first_state(const LstmMemory& memory) const;
  torch::Tensor project(const torch::Tensor& hidden_RH) const { return linear(hidden_RH, target_table_, torch::Tensor()); }

 private:
  // What is read of a target, packed: the states that are projected, and what each look was.
  struct ReadTarget {
    torch::Tensor hidden_TH, weights_TS, log_probability_T, entropy_T, is_drawn_T;
  };
  void initialize();
  void check_ids(const PackedIds& ids, std::int64_t vocab_size) const;
  bool looks_first() const { return config_.looks() && config_.score == AlignmentScore::kAdditive; }
  ReadTarget read_target(const PackedIds& target, const LstmMemory& memory) const;
  torch::Tensor read_in_one(const PackedIds& input, const TimeMajor& time, const LstmMemory& memory) const;

  LstmConfig config_;
  torch::Tensor source_table_, target_table_;  // the same tensor where embeddings are shared
  Dropout dropout_;
  torch::nn::ModuleList encoder_layers_, decoder_layers_;
  Alignment alignment_{nullptr};
  Linear attentional_{nullptr};  // h~_t = tanh(W_c [c_t; h_t])
};

/// Names of an LSTM's tensors: its own.
NameRules lstm_name_rules(const LstmModel& model);

/// A new model; the parameters are a function of `seed`. Throws UserError where the configuration cannot be.
std::shared_ptr<Seq2SeqModel> make_lstm(const LstmConfig& config, std::uint64_t seed, torch::Device device);
/// A folder of ours. Throws UserError.
std::shared_ptr<Seq2SeqModel> load_lstm(const ModelFolder& folder);

}  // namespace attend
