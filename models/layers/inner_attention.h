// Between a layer's projections: queries, keys and values in, contexts out. What is computed (the kind, a layer's configuration, made
// with it) is apart from how (the kernel: models/layers/attention_kernel.h).
//
// Letters: N tokens (packed), E width, H heads; of weights B sequences, Q queries, K keys, the longest sequence each.
#pragma once

#include <memory>

#include <torch/nn/module.h>

#include "models/layers/attention_mask.h"
#include "models/layers/attention_record.h"
#include "models/layers/configs.h"
#include "models/layers/packed.h"
#include "models/layers/past.h"

namespace attend {

/// How the tokens of one call attend, in one of a model's layers.
struct AttentionCall {
  const PackedLayout& tokens;  ///< which sequence each token belongs to; in a step of decoding one token a row
  Causality causality = Causality::kBidirectional;
  std::size_t layer = 0;
  DecoderPast* past = nullptr;        ///< what the rows have read: attention is causal then, and goes on from it
  AttentionRecord* record = nullptr;  ///< where to put the weights, of a call without a past
};

/// A kind of attention of a sequence to itself. It may have parameters. Where AttentionChoice::projections() is 2, qkv_N3E is queries,
/// which are the keys too, and values: qv_N2E.
class InnerAttention : public torch::nn::Module {
 public:
  /// The tokens of the call among themselves: qkv_N3E -> context_NE.
  virtual torch::Tensor forward(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const = 0;
  /// The kind's equation written out: how much of each token's value each token's context takes, weights_BHQK of qkv_N3E. Weights times
  /// values are forward()'s contexts, which the tests hold it to. Time and memory grow with the square of the length.
  virtual torch::Tensor weights(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const = 0;
  /// Draws the parameters, where it has any.
  virtual void initialize() {}
  /// An empty past of a layer. `rows` outlive it.
  virtual std::unique_ptr<LayerPast> start_past(const DecodedRows& rows, const torch::TensorOptions& options) const = 0;
};

/// The kind that the configuration names: a table, a line a kind.
std::shared_ptr<InnerAttention> make_inner_attention(const AttentionConfig& config);

/// Every key that causality allows: equation 1 of "Attention Is All You Need".
std::shared_ptr<InnerAttention> full_attention(const AttentionConfig& config);
/// Of those the ones in a window around each token (Reach::of).
std::shared_ptr<InnerAttention> window_attention(const AttentionConfig& config);
/// Of those the ones in a few blocks: the first and the last, a query's own and its neighbours, some drawn at random; bidirectional only
/// (Zaheer et al. 2020).
std::shared_ptr<InnerAttention> big_bird_attention(const AttentionConfig& config);
/// Every key, through projections along the length; bidirectional only (Wang et al. 2020).
std::shared_ptr<InnerAttention> linformer_attention(const AttentionConfig& config);
/// Every key, weighted by phi(q) phi(k) instead of an exponential: sums over the keys are made once (Katharopoulos et al. 2020).
std::shared_ptr<InnerAttention> linear_attention(const AttentionConfig& config);
/// The keys that are hashed into a query's bucket, near it there (Kitaev et al. 2020).
std::shared_ptr<InnerAttention> reformer_attention(const AttentionConfig& config);

}  // namespace attend
