// Linear attention (Katharopoulos et al. 2020, "Transformers are RNNs"), with phi(x) = elu(x) + 1 (its equation 7):
//
//   V'_i = phi(Q_i)^T sum_j phi(K_j) V_j^T  /  phi(Q_i)^T sum_j phi(K_j)                      (equation 5)
//
// over all j, or causally over j <= i (equations 8 to 12), where the two sums run along: S_i = S_{i-1} + phi(K_i) V_i^T,
// Z_i = Z_{i-1} + phi(K_i). The sums are all that a step of decoding needs of the past (equations 16 to 20).
//
// Letters: B sequences, H heads, L tokens of the longest, D head width; C chunks of T tokens; R decoded rows, N tokens (packed), E width.
#include <torch/torch.h>

#include "models/layers/inner_attention.h"

namespace attend {
namespace {

constexpr std::int64_t kChunk = 64;  // tokens whose attention to one another is written out, in causal attention

torch::Tensor phi(const torch::Tensor& x) { return torch::elu(x) + 1; }

struct Features {
  torch::Tensor q_BHLD, k_BHLD, v_BHLD;  // phi of queries and keys; zero where there is no token
};

Features features_of(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, std::int64_t num_heads) {
  const auto heads = qkv_N3E.unflatten(1, {3, num_heads, -1}).unbind(1);
  const auto padded = [&](const torch::Tensor& x_NHD) { return tokens.pad(x_NHD).transpose(1, 2); };
  return {padded(phi(heads[0])), padded(phi(heads[1])), padded(heads[2])};
}

// Nothing was seen where there is no token: 0 / 0, which unpad() leaves out, must not become NaN on the way.
torch::Tensor divided(const torch::Tensor& context, const torch::Tensor& normalizer) {
  return context / normalizer.masked_fill(normalizer == 0, 1);
}

torch::Tensor over_all(const Features& x) {
  const auto sum_BHDD = torch::matmul(x.k_BHLD.transpose(2, 3), x.v_BHLD);
  const auto normalizer_BHL1 = torch::matmul(x.q_BHLD, x.k_BHLD.sum(2).unsqueeze(3));
  return divided(torch::matmul(x.q_BHLD, sum_BHDD), normalizer_BHL1);
}

// Chunk by chunk: what came before the chunk through the running sums, the chunk's own tokens written out.
torch::Tensor over_past(const Features& x) {
  const std::int64_t length = x.q_BHLD.size(2), rest = (kChunk - length % kChunk) % kChunk;
  const auto chunked = [&](const torch::Tensor& x_BHLD) {
    return torch::constant_pad_nd(x_BHLD, {0, 0, 0, rest}).unflatten(2, {-1, kChunk});
  };
  const auto q_BHCTD = chunked(x.q_BHLD), k_BHCTD = chunked(x.k_BHLD), v_BHCTD = chunked(x.v_BHLD);
  const auto before = [](const torch::Tensor& of_chunk) { return of_chunk.cumsum(2) - of_chunk; };
  const auto sum_BHCDD = before(torch::matmul(k_BHCTD.transpose(3, 4), v_BHCTD));
  const auto keys_BHCD = before(k_BHCTD.sum(3));
  const auto own_BHCTT = torch::matmul(q_BHCTD, k_BHCTD.transpose(3, 4)).tril();
  const auto context = torch::matmul(q_BHCTD, sum_BHCDD) + torch::matmul(own_BHCTT, v_BHCTD);
  const auto normalizer = torch::matmul(q_BHCTD, keys_BHCD.unsqueeze(4)) + own_BHCTT.sum(4, /*keepdim=*/true);
  return divided(context, normalizer).flatten(2, 3).narrow(2, 0, length);
}

/// The running sums of each row.
class RunningSums final : public LayerPast {
 public:
  RunningSums(const DecodedRows& rows, const AttentionConfig& config, const torch::TensorOptions& options)
      : rows_(rows), num_heads_(config.num_heads) {
    const std::int64_t width = config.hidden_size / config.num_heads;
    sum_RHDD_ = torch::zeros({rows.rows(), num_heads_, width, width}, options);
    keys_RHD_ = torch::zeros({rows.rows(), num_heads_, width}, options);
  }

  void keep_prompts(const torch::Tensor& qkv_N3E, const PackedLayout& prompts) override {
    const Features x = features_of(qkv_N3E, prompts, num_heads_);
    const auto row_prompt = ids_tensor(rows_.read_prompt_of_rows(), qkv_N3E.device());  // one more for rows without a prompt: zeros
    const auto with_none = [](const torch::Tensor& sums) { return torch::cat({sums, torch::zeros_like(sums.narrow(0, 0, 1))}); };
    sum_RHDD_ = with_none(torch::matmul(x.k_BHLD.transpose(2, 3), x.v_BHLD)).index_select(0, row_prompt);
    keys_RHD_ = with_none(x.k_BHLD.sum(2)).index_select(0, row_prompt);
  }

  torch::Tensor step(const torch::Tensor& qkv_R3E) override {
    const auto heads = qkv_R3E.unflatten(1, {3, num_heads_, -1}).unbind(1);
    const auto q_RH1D = phi(heads[0]).unsqueeze(2), k_RHD = phi(heads[1]);
    sum_RHDD_ = sum_RHDD_ + k_RHD.unsqueeze(3) * heads[2].unsqueeze(2);
    keys_RHD_ = keys_RHD_ + k_RHD;
    return divided(torch::matmul(q_RH1D, sum_RHDD_), torch::matmul(q_RH1D, keys_RHD_.unsqueeze(3))).flatten(1);
  }

  void reorder(std::span<const std::int64_t> kept_rows) override {
    const auto kept = ids_tensor(kept_rows, sum_RHDD_.device());
    sum_RHDD_ = sum_RHDD_.index_select(0, kept);
    keys_RHD_ = keys_RHD_.index_select(0, kept);
  }

 private:
  const DecodedRows& rows_;
  std::int64_t num_heads_;
  torch::Tensor sum_RHDD_, keys_RHD_;
};

class LinearAttention final : public InnerAttention {
 public:
  explicit LinearAttention(const AttentionConfig& config) : config_(config) {}

  torch::Tensor forward(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const override {
    const Features x = features_of(qkv_N3E, tokens, config_.num_heads);
    const auto context_BHLD = causality == Causality::kCausal ? over_past(x) : over_all(x);
    return tokens.unpad(context_BHLD.transpose(1, 2)).flatten(1);
  }

  torch::Tensor weights(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const override {
    const Features x = features_of(qkv_N3E, tokens, config_.num_heads);
    auto products_BHQK = torch::matmul(x.q_BHLD, x.k_BHLD.transpose(2, 3));
    if (causality == Causality::kCausal) products_BHQK = products_BHQK.tril();
    return divided(products_BHQK, products_BHQK.sum(3, /*keepdim=*/true));
  }

  std::unique_ptr<LayerPast> start_past(const DecodedRows& rows, const torch::TensorOptions& options) const override {
    return std::make_unique<RunningSums>(rows, config_, options);
  }

 private:
  AttentionConfig config_;
};

}  // namespace

std::shared_ptr<InnerAttention> linear_attention(const AttentionConfig& config) { return std::make_shared<LinearAttention>(config); }

}  // namespace attend
