#include "models/layers/attention_choice.h"

#include "core/error.h"

namespace attend {

void AttentionChoice::validate() const {
  if (kind == AttentionKind::kWindow && window < 1)
    throw UserError("attention_window is " + std::to_string(window) + "; expected 1 or more");
}

}  // namespace attend
