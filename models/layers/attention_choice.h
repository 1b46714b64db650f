// Which tokens a token attends to, and by which equation: the part of a family's configuration that says so (no LibTorch here).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "core/fields.h"

namespace attend {

enum class AttentionKind { kFull, kWindow, kLinformer, kLinear };

template <>
struct EnumNames<AttentionKind> {
  static constexpr std::array values{std::pair{AttentionKind::kFull, "full"}, std::pair{AttentionKind::kWindow, "window"},
                                     std::pair{AttentionKind::kLinformer, "linformer"}, std::pair{AttentionKind::kLinear, "linear"}};
};

struct AttentionChoice {
  AttentionKind kind = AttentionKind::kFull;
  std::int64_t window = 256;
  std::int64_t projected = 128;

  static void fields(auto& self, auto&& visit) {
    visit("attention", self.kind, "the kind of attention: docs/attention.md");
    visit("attention_projected", self.projected, "of linformer: rows to which keys and values are projected along the length, k");
    visit("attention_window", self.window, "of window: tokens that a token sees, itself counted; half on each side in an encoder");
  }

  /// Throws UserError, with the field's name, for what cannot be with this dropout on the attention weights.
  void validate(double attention_dropout) const;
  /// Throws UserError for a kind that reads a text as a whole.
  void require_causal() const;
  /// Whether some tokens are not looked at.
  bool leaves_out() const { return kind == AttentionKind::kWindow; }
  /// Numbers of a layer's own parameters.
  std::int64_t parameters(std::int64_t max_positions) const;
};

}  // namespace attend
