#include "models/layers/inner_attention.h"

namespace attend {

std::shared_ptr<InnerAttention> make_inner_attention(const AttentionConfig& config) {
  switch (config.choice.kind) {
    case AttentionKind::kFull:
      return full_attention(config);
    case AttentionKind::kWindow:
      return window_attention(config);
    case AttentionKind::kBigBird:
      return big_bird_attention(config);
    case AttentionKind::kLinformer:
      return linformer_attention(config);
    case AttentionKind::kLinear:
      return linear_attention(config);
    case AttentionKind::kReformer:
      return reformer_attention(config);
  }
  TORCH_CHECK(false, "no such kind of attention");
}

}  // namespace attend
