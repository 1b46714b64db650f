#include "models/layers/attention_mask.h"

#include <torch/torch.h>

namespace attend {

AttentionMask::AttentionMask(torch::Tensor may_attend_BQK) : may_attend_BQK_(std::move(may_attend_BQK)) {
  TORCH_CHECK(may_attend_BQK_.scalar_type() == torch::kBool, "an attention mask is bool, true where a query may attend");
  TORCH_CHECK(may_attend_BQK_.dim() == 3, "an attention mask is [batch, queries, keys]");
}

AttentionMask AttentionMask::padded(const PackedLayout& queries, const PackedLayout& keys, const Reach& reach) {
  auto may_attend_BQK = keys.is_token_BL().unsqueeze(1).expand({keys.batch(), queries.longest(), keys.longest()});
  if (reach.left < Reach::kAll || reach.right < Reach::kAll) {
    auto within_QK = torch::ones({queries.longest(), keys.longest()}, may_attend_BQK.options());
    if (reach.right < Reach::kAll) within_QK = within_QK.tril(reach.right);
    if (reach.left < Reach::kAll) within_QK = within_QK.triu(-reach.left);
    may_attend_BQK = may_attend_BQK.logical_and(within_QK);
    if (reach.left < Reach::kAll) {  // else a place of the padding may see nothing, and its weights would be 0 / 0: it sees itself
      const auto itself_QK = torch::eye(queries.longest(), keys.longest(), may_attend_BQK.options());
      may_attend_BQK = may_attend_BQK.logical_or(queries.is_token_BL().logical_not().unsqueeze(2).logical_and(itself_QK));
    }
  }
  return AttentionMask(may_attend_BQK);
}

}  // namespace attend
