// Linformer (Wang et al. 2020): keys and values are projected along the length, from n tokens to k rows, so that n k scores are made
// instead of n n:
//
//   softmax(Q (E K)^T / sqrt(d)) F V                                                          (equation 7)
//
// with E and F [k, n] of each layer, shared by its heads ("headwise sharing", section 4). Of a shorter text the first columns are used.
//
// Letters: B sequences, H heads, L tokens of the longest, D head width; P projected rows (k).
#include <cmath>

#include <torch/torch.h>

#include "models/layers/inner_attention.h"

namespace attend {
namespace {

class LinformerAttention final : public InnerAttention {
 public:
  explicit LinformerAttention(const AttentionConfig& config) : config_(config) {
    const std::vector<std::int64_t> shape{config.choice.projected, config.max_positions};
    key_projection_ = register_parameter("key_projection", torch::empty(shape));
    value_projection_ = register_parameter("value_projection", torch::empty(shape));
  }

  // Theorem 2's projections: N(0, 1 / k).
  void initialize() override {
    const torch::NoGradGuard no_gradient;
    for (auto& projection : {key_projection_, value_projection_})
      torch::Tensor(projection).normal_(0, 1 / std::sqrt(static_cast<double>(config_.choice.projected)));
  }

  torch::Tensor forward(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const override {
    auto weights_BHLP = projected_weights(qkv_N3E, tokens, causality);
    if (is_training() && config_.dropout > 0) weights_BHLP = torch::dropout(weights_BHLP, config_.dropout, /*train=*/true);
    const auto v_BHLD = padded(qkv_N3E, tokens, 2);
    const auto context_BHLD = torch::matmul(weights_BHLP, torch::matmul(first_columns(value_projection_, tokens), v_BHLD));
    return tokens.unpad(context_BHLD.transpose(1, 2)).flatten(1);
  }

  torch::Tensor weights(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const override {
    return torch::matmul(projected_weights(qkv_N3E, tokens, causality), first_columns(value_projection_, tokens));
  }

  std::unique_ptr<LayerPast> start_past(const DecodedRows&, const torch::TensorOptions&) const override {
    TORCH_CHECK(false, "Linformer projects a text as a whole; it cannot go on from what was read");
  }

 private:
  torch::Tensor padded(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, std::int64_t which) const {
    return tokens.pad(qkv_N3E.unflatten(1, {3, config_.num_heads, -1}).select(1, which)).transpose(1, 2);
  }
  torch::Tensor first_columns(const torch::Tensor& projection, const PackedLayout& tokens) const {
    return projection.narrow(1, 0, tokens.longest());
  }
  torch::Tensor projected_weights(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const {
    TORCH_CHECK(causality == Causality::kBidirectional, "Linformer's projections mix all places of a text");
    TORCH_CHECK(tokens.longest() <= config_.max_positions, "a text longer than the projection");
    const auto q_BHLD = padded(qkv_N3E, tokens, 0), k_BHLD = padded(qkv_N3E, tokens, 1);
    const auto keys_BHPD = torch::matmul(first_columns(key_projection_, tokens), k_BHLD);
    const double sqrt_d = std::sqrt(static_cast<double>(q_BHLD.size(3)));
    return torch::softmax(torch::matmul(q_BHLD, keys_BHPD.transpose(2, 3)) / sqrt_d, -1);
  }

  AttentionConfig config_;
  torch::Tensor key_projection_, value_projection_;  // [P, positions]: E and F
};

}  // namespace

std::shared_ptr<InnerAttention> linformer_attention(const AttentionConfig& config) { return std::make_shared<LinformerAttention>(config); }

}  // namespace attend
