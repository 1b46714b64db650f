// Texts of thousands of tokens on a CPU: LibTorch's scaled_dot_product_attention, which works in blocks of queries and keys, a text at a
// time and without a mask. The short texts beside them go where they go alone, so that a text's answer does not depend on its batch.
//
// Letters: N query and M key tokens (packed), H heads, D head width, E = H D.
#include <algorithm>

#include <torch/torch.h>

#include "models/layers/attention_kernel.h"

namespace attend::kernels {
namespace {

// x_NHD of one text -> x_1HND
torch::Tensor as_batch(const torch::Tensor& x_NHD, std::int64_t first, std::int64_t count) {
  return x_NHD.narrow(0, first, count).transpose(0, 1).unsqueeze(0);
}

class LongAttention final : public AttentionKernel {
 public:
  std::string name() const override { return "long"; }
  bool supports(const AttentionNeeds& needs) const override {
    return needs.long_texts && !needs.dropout && !needs.window && packed().supports(needs);
  }

  torch::Tensor attend(const torch::Tensor& q_NHD, const torch::Tensor& k_MHD, const torch::Tensor& v_MHD,
                       const AttentionShape& shape) const override {
    std::vector<torch::Tensor> contexts;
    for (std::int64_t b = 0; b < shape.queries.batch(); ++b) {
      const std::int64_t query = shape.queries.offsets()[b], num_queries = shape.queries.lengths()[b];
      const std::int64_t key = shape.keys.offsets()[b], num_keys = shape.keys.lengths()[b];
      if (is_long(num_queries, num_keys)) {
        const auto context_1HND =
            torch::scaled_dot_product_attention(as_batch(q_NHD, query, num_queries), as_batch(k_MHD, key, num_keys),
                                                as_batch(v_MHD, key, num_keys), {}, 0, shape.causality == Causality::kCausal);
        contexts.push_back(context_1HND.squeeze(0).transpose(0, 1).flatten(1));
      } else {
        const PackedLayout queries({num_queries}, q_NHD.device()), keys({num_keys}, q_NHD.device());
        contexts.push_back(packed().attend(q_NHD.narrow(0, query, num_queries), k_MHD.narrow(0, key, num_keys),
                                           v_MHD.narrow(0, key, num_keys),
                                           {.queries = queries, .keys = keys, .causality = shape.causality, .num_heads = shape.num_heads}));
      }
    }
    return torch::cat(contexts);
  }
};

}  // namespace

const AttentionKernel& long_texts() {
  static const LongAttention kernel;
  return kernel;
}

}  // namespace attend::kernels
