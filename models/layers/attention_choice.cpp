#include "models/layers/attention_choice.h"

#include "core/error.h"

namespace attend {

void AttentionChoice::validate(double attention_dropout) const {
  if (kind == AttentionKind::kWindow && window < 1)
    throw UserError("attention_window is " + std::to_string(window) + "; expected 1 or more");
  if (kind == AttentionKind::kLinear && attention_dropout > 0)
    throw UserError("attention_dropout is " + std::to_string(attention_dropout) + "; linear attention has no weights to drop: expected 0");
}

}  // namespace attend
