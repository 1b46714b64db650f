#include "models/layers/row_attention.h"

#include "models/layers/attention_kernel.h"

namespace attend {

torch::Tensor attend_gathered(const torch::Tensor& q_RE, const torch::Tensor& kv_P2E, const std::vector<std::int64_t>& places,
                              const std::vector<std::int64_t>& lengths, std::int64_t num_heads) {
  const auto kv_M2E = kv_P2E.index_select(0, ids_tensor(places, q_RE.device()));  // M keys of all rows
  const PackedLayout queries(std::vector<std::int64_t>(lengths.size(), 1), q_RE.device()), keys(lengths, q_RE.device());
  return kernels::plain().cross_attend(q_RE, kv_M2E, {.queries = queries, .keys = keys, .num_heads = num_heads});
}

}  // namespace attend
