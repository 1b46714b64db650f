// Which tokens a token attends to, and by which equation: the part of a family's configuration that says so (no LibTorch here).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "core/fields.h"

namespace attend {

enum class AttentionKind { kFull, kWindow, kLinear };

template <>
struct EnumNames<AttentionKind> {
  static constexpr std::array values{std::pair{AttentionKind::kFull, "full"}, std::pair{AttentionKind::kWindow, "window"},
                                     std::pair{AttentionKind::kLinear, "linear"}};
};

struct AttentionChoice {
  AttentionKind kind = AttentionKind::kFull;
  std::int64_t window = 256;

  static void fields(auto& self, auto&& visit) {
    visit("attention", self.kind, "the kind of attention: docs/attention.md");
    visit("attention_window", self.window, "of window: tokens that a token sees, itself counted; half on each side in an encoder");
  }

  /// Throws UserError, with the field's name, for what cannot be with this dropout on the attention weights.
  void validate(double attention_dropout) const;
};

}  // namespace attend
