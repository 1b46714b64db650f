// A window of equation 1 in chunks of its side: the queries of a chunk see its own keys, those of the chunk before and, where attention is
// not causal, those of the chunk after. Time and memory grow with the window, not with the sequence, on every device.
//
// Letters: B sentences, H heads, D head width, C chunks, S tokens of a chunk, W keys that a chunk's queries may see (2 S or 3 S).
#include <cmath>
#include <limits>

#include <torch/torch.h>

#include "models/layers/attention_kernel.h"

namespace attend::kernels {
namespace {

// x_BHLD, with `front` and `back` zeros around the L tokens -> [B, H, chunks, D, `width`], chunk c from token c * step - front on.
torch::Tensor chunks_of(const torch::Tensor& x_BHLD, std::int64_t front, std::int64_t back, std::int64_t width, std::int64_t step) {
  return torch::constant_pad_nd(x_BHLD, {0, 0, front, back}).unfold(2, width, step);
}

class ChunkedAttention final : public AttentionKernel {
 public:
  std::string name() const override { return "chunked"; }
  bool supports(const AttentionNeeds& needs) const override { return needs.window; }

  torch::Tensor attend(const torch::Tensor& q_NHD, const torch::Tensor& k_MHD, const torch::Tensor& v_MHD,
                       const AttentionShape& shape) const override {
    const Reach reach = shape.reach();
    const std::int64_t size = std::max<std::int64_t>(1, std::min(reach.left, shape.queries.longest()));
    const std::int64_t chunks = (shape.queries.longest() + size - 1) / size, rest = chunks * size - shape.queries.longest();
    const std::int64_t after = reach.right > 0 ? size : 0, width = 2 * size + after;
    const auto q_BHCSD =
        chunks_of(shape.queries.pad(q_NHD).transpose(1, 2), 0, rest, size, size).transpose(3, 4) / std::sqrt(double(q_NHD.size(2)));
    const auto k_BHCDW = chunks_of(shape.keys.pad(k_MHD).transpose(1, 2), size, rest + after, width, size);
    const auto v_BHCDW = chunks_of(shape.keys.pad(v_MHD).transpose(1, 2), size, rest + after, width, size);

    // Key w of a chunk stands w - S - s places after its query s; outside of the sentence nothing is to be seen.
    const auto distance_SW = torch::arange(width, q_NHD.options().dtype(torch::kInt64)).unsqueeze(0) - size -
                             torch::arange(size, q_NHD.options().dtype(torch::kInt64)).unsqueeze(1);
    const auto within_SW = (distance_SW >= -reach.left).logical_and(distance_SW <= reach.right);
    const auto is_key_BCW = torch::constant_pad_nd(shape.keys.is_token_BL(), {size, rest + after}).unfold(1, width, size);
    // A query of the padding would see nothing, and its weights would be NaN: it sees its own place, and is left out below.
    const auto may_attend_BCSW = is_key_BCW.unsqueeze(2).logical_and(within_SW).logical_or(distance_SW == 0).unsqueeze(1);

    auto scores_BHCSW = torch::matmul(q_BHCSD, k_BHCDW);
    scores_BHCSW = scores_BHCSW.masked_fill(may_attend_BCSW.logical_not(), -std::numeric_limits<double>::infinity());
    auto weights_BHCSW = torch::softmax(scores_BHCSW, -1);
    if (shape.dropout > 0) weights_BHCSW = torch::dropout(weights_BHCSW, shape.dropout, /*train=*/true);
    const auto context_BHLD = torch::matmul(weights_BHCSW, v_BHCDW.transpose(3, 4)).flatten(2, 3).narrow(2, 0, shape.queries.longest());
    return shape.queries.unpad(context_BHLD.transpose(1, 2)).flatten(1);
  }
};

}  // namespace

const AttentionKernel& chunked() {
  static const ChunkedAttention kernel;
  return kernel;
}

}  // namespace attend::kernels
