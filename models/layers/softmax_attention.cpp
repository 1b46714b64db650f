// Attention(Q, K, V) = softmax(Q K^T / sqrt(d_k)) V (equation 1 of "Attention Is All You Need"), over all of a sequence and all of a row's
// past; or over a window around each token, local attention (Luong et al. 2015; Beltagy et al. 2020, section 3.1).
//
// Letters: N tokens (packed), R decoded rows, P places, E width.
#include <algorithm>

#include <torch/torch.h>

#include "models/layers/attention_kernel.h"
#include "models/layers/inner_attention.h"
#include "models/layers/row_attention.h"

namespace attend {
namespace {

/// The keys and values of all that was read, allocated once.
class KeyValuePast final : public LayerPast {
 public:
  KeyValuePast(const DecodedRows& rows, const AttentionConfig& config, std::int64_t window, const torch::TensorOptions& options)
      : rows_(rows),
        width_(config.hidden_size),
        num_heads_(config.num_heads),
        window_(window),
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
    const std::int64_t most_keys = window_ > 0 ? std::min(window_, rows_.most_keys()) : rows_.most_keys();
    return attend_rows(q_RE, num_heads_, most_keys, [&](std::int64_t row, const float** keys) {
      const float** next = keys;
      rows_.each_place(row, first_seen(row), [&](std::int64_t place) { *next++ = base + place * 2 * width_; });
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
      rows_.each_place(r, first_seen(r), [&](std::int64_t place) { places.push_back(place); });
      lengths.push_back(rows_.num_read(r) + 1 - first_seen(r));
    }
    return attend_gathered(q_RE, kv_P2E_, places, lengths, num_heads_);
  }

  // The first of the row's tokens that its current one sees.
  std::int64_t first_seen(std::int64_t row) const { return window_ > 0 ? std::max<std::int64_t>(0, rows_.num_read(row) + 1 - window_) : 0; }

  const DecodedRows& rows_;
  std::int64_t width_, num_heads_, window_;
  torch::Tensor kv_P2E_;
};

class SoftmaxAttention final : public InnerAttention {
 public:
  /// `window`: 0 for none.
  SoftmaxAttention(const AttentionConfig& config, std::int64_t window) : config_(config), window_(window) {}

  torch::Tensor forward(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const override {
    const AttentionShape shape = shape_of(tokens, causality, is_training() ? config_.dropout : 0);
    return kernel_for(qkv_N3E.narrow(1, 0, config_.hidden_size), shape).self_attend(qkv_N3E, shape);
  }
  torch::Tensor weights(const torch::Tensor& qkv_N3E, const PackedLayout& tokens, Causality causality) const override {
    const auto heads = qkv_N3E.unflatten(1, {3, config_.num_heads, -1}).unbind(1);
    return attention_weights(heads[0], heads[1], shape_of(tokens, causality, 0));
  }
  std::unique_ptr<LayerPast> start_past(const DecodedRows& rows, const torch::TensorOptions& options) const override {
    return std::make_unique<KeyValuePast>(rows, config_, window_, options);
  }

 private:
  AttentionShape shape_of(const PackedLayout& tokens, Causality causality, double dropout) const {
    return {
        .queries = tokens, .keys = tokens, .causality = causality, .num_heads = config_.num_heads, .dropout = dropout, .window = window_};
  }

  AttentionConfig config_;
  std::int64_t window_;
};

}  // namespace

std::shared_ptr<InnerAttention> full_attention(const AttentionConfig& config) { return std::make_shared<SoftmaxAttention>(config, 0); }

std::shared_ptr<InnerAttention> window_attention(const AttentionConfig& config) {
  return std::make_shared<SoftmaxAttention>(config, config.choice.window);
}

}  // namespace attend
