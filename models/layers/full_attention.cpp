// Attention(Q, K, V) = softmax(Q K^T / sqrt(d_k)) V (equation 1), over all of a sequence, and over all of a row's past.
//
// Letters: N tokens (packed), R decoded rows, P places, E width.
#include <torch/torch.h>

#include "models/layers/attention_kernel.h"
#include "models/layers/inner_attention.h"
#include "models/layers/row_attention.h"

namespace attend {
namespace {

/// The keys and values of all that was read, allocated once.
class KeyValuePast final : public LayerPast {
 public:
  KeyValuePast(const DecodedRows& rows, const AttentionConfig& config, const torch::TensorOptions& options)
      : rows_(rows),
        width_(config.hidden_size),
        num_heads_(config.num_heads),
        kv_P2E_(torch::empty({rows.num_places(), 2 * config.hidden_size}, options)) {}

  void keep_prompts(const torch::Tensor& qkv_N3E, const PackedLayout&) override {
    TORCH_CHECK(qkv_N3E.size(0) == rows_.prompt_tokens(), "keys and values of every prompt's tokens");
    keep(qkv_N3E, 0);
  }

  torch::Tensor step(const torch::Tensor& qkv_R3E) override {
    TORCH_CHECK(rows_.steps_done() < rows_.max_steps(), "the past holds ", rows_.max_steps(), " steps");
    keep(qkv_R3E, rows_.current_place());
    const auto q_RE = qkv_R3E.narrow(1, 0, width_);
    if (!can_attend_rows(q_RE, num_heads_)) return step_plain(q_RE);
    const float* base = kv_P2E_.const_data_ptr<float>();
    return attend_rows(q_RE, num_heads_, rows_.most_keys(), [&](std::int64_t row, const float** keys) {
      const float** next = keys;
      rows_.each_place(row, 0, [&](std::int64_t place) { *next++ = base + place * 2 * width_; });
      return next - keys;
    });
  }

 private:
  void keep(const torch::Tensor& qkv_N3E, std::int64_t place) {
    kv_P2E_.narrow(0, place, qkv_N3E.size(0)).copy_(qkv_N3E.narrow(1, width_, 2 * width_));
  }

  torch::Tensor step_plain(const torch::Tensor& q_RE) const {
    std::vector<std::int64_t> places, lengths;
    for (std::int64_t r = 0; r < rows_.rows(); ++r) {
      rows_.each_place(r, 0, [&](std::int64_t place) { places.push_back(place); });
      lengths.push_back(rows_.num_read(r) + 1);
    }
    return attend_gathered(q_RE, kv_P2E_, places, lengths, num_heads_);
  }

  const DecodedRows& rows_;
  std::int64_t width_, num_heads_;
  torch::Tensor kv_P2E_;
};

class FullAttention final : public InnerAttention {
 public:
  explicit FullAttention(const AttentionConfig& config) : config_(config) {}

  torch::Tensor forward(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const override {
    const double dropout = is_training() ? config_.dropout : 0;
    const AttentionShape shape{
        .queries = tokens, .keys = tokens, .causality = causality, .num_heads = config_.num_heads, .dropout = dropout};
    return kernel_for(qkv_N3E, config_.hidden_size / config_.num_heads, dropout).self_attend(qkv_N3E, shape);
  }
  std::unique_ptr<LayerPast> start_past(const DecodedRows& rows, const torch::TensorOptions& options) const override {
    return std::make_unique<KeyValuePast>(rows, config_, options);
  }

 private:
  AttentionConfig config_;
};

}  // namespace

std::shared_ptr<InnerAttention> full_attention(const AttentionConfig& config) { return std::make_shared<FullAttention>(config); }

}  // namespace attend
