// Scaled dot-product attention, equation 1 of "Attention Is All You Need", behind one interface:
//
//   Attention(Q, K, V) = softmax(Q K^T / sqrt(d_k)) V
//
// Letters: N query tokens and M key tokens of the batch (packed), H heads, D head width (d_k), E = H D.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/layers/attention_mask.h"
#include "models/layers/packed.h"

namespace attend {

/// What a call needs beyond equation 1; a kernel says beforehand whether it can.
struct AttentionNeeds {
  torch::DeviceType device = torch::kCPU;
  torch::ScalarType dtype = torch::kFloat32;
  std::int64_t head_width = 64;
  bool dropout = false;     ///< dropout on the attention weights
  bool window = false;      ///< in time and memory that grow with the window, not with the sequence
  bool long_texts = false;  ///< at least one text of the batch is_long
};

/// Queries, keys and values after their projections, and which sentence each token belongs to.
struct AttentionShape {
  const PackedLayout& queries;
  const PackedLayout& keys;
  Causality causality = Causality::kBidirectional;
  std::int64_t num_heads = 1;
  double dropout = 0;       ///< probability with which an attention weight is dropped
  std::int64_t window = 0;  ///< tokens that a query sees (Reach::of); 0: no window

  Reach reach() const { return Reach::of(causality, window); }
};

/// Whether a text is so long that its queries and keys no longer fit a core's cache: from here on LibTorch's blocks are faster than ours
/// (docs/attention.md has the figures).
constexpr bool is_long(std::int64_t num_queries, std::int64_t num_keys) { return num_queries >= 1536 && num_keys >= 1536; }

/// softmax(Q K^T / sqrt(d_k)) as written: q_NHD, k_MHD -> weights_BHQK, zero where a query may not attend. Before dropout.
torch::Tensor attention_weights(const torch::Tensor& q_NHD, const torch::Tensor& k_MHD, const AttentionShape& shape);

class AttentionKernel {
 public:
  virtual ~AttentionKernel() = default;
  virtual std::string name() const = 0;
  virtual bool supports(const AttentionNeeds& needs) const = 0;

  /// q_NHD, k_MHD, v_MHD -> context_NE.
  virtual torch::Tensor attend(const torch::Tensor& q_NHD, const torch::Tensor& k_MHD, const torch::Tensor& v_MHD,
                               const AttentionShape& shape) const = 0;

  /// The same from one projection's output, queries, keys and values side by side: qkv_N3E -> context_NE.
  virtual torch::Tensor self_attend(const torch::Tensor& qkv_N3E, const AttentionShape& shape) const;
  /// Queries from one side, keys and values side by side from the other: q_NE, kv_M2E -> context_NE.
  virtual torch::Tensor cross_attend(const torch::Tensor& q_NE, const torch::Tensor& kv_M2E, const AttentionShape& shape) const;
};

/// Every kernel, the fastest first. "plain" is equation 1 as written, and supports everything: the others are tested against it.
const std::vector<const AttentionKernel*>& attention_kernels();
const AttentionKernel& attention_kernel(const std::string& name);
/// The first that supports what is needed.
const AttentionKernel& best_attention_kernel(const AttentionNeeds& needs);
/// The same for queries, q_NE, and what is to be done with them.
const AttentionKernel& kernel_for(const torch::Tensor& q_NE, const AttentionShape& shape);

namespace kernels {  // one source each
const AttentionKernel& plain();
const AttentionKernel& fused();
const AttentionKernel& packed();
const AttentionKernel& chunked();
const AttentionKernel& long_texts();
}  // namespace kernels

}  // namespace attend
