// Which tokens a token attends to, and by which equation: the part of a family's configuration that says so (no LibTorch here).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "core/fields.h"

namespace attend {

enum class AttentionKind { kFull, kWindow, kLinformer, kLinear, kReformer };

template <>
struct EnumNames<AttentionKind> {
  static constexpr std::array values{std::pair{AttentionKind::kFull, "full"}, std::pair{AttentionKind::kWindow, "window"},
                                     std::pair{AttentionKind::kLinformer, "linformer"}, std::pair{AttentionKind::kLinear, "linear"},
                                     std::pair{AttentionKind::kReformer, "reformer"}};
};

struct AttentionChoice {
  AttentionKind kind = AttentionKind::kFull;
  std::int64_t window = 256;
  std::int64_t projected = 128;
  std::int64_t buckets = 32, chunk = 64, rounds = 2;

  static void fields(auto& self, auto&& visit) {
    visit("attention", self.kind, "the kind of attention: docs/attention.md");
    visit("attention_buckets", self.buckets, "of reformer: buckets of a hash, an even number; 1: all tokens are in one");
    visit("attention_chunk", self.chunk, "of reformer: tokens that a token sees of its bucket, as attention_window counts them");
    visit("attention_projected", self.projected, "of linformer: rows to which keys and values are projected along the length, k");
    visit("attention_rounds", self.rounds, "of reformer: hashes, in any of which two tokens may meet");
    visit("attention_window", self.window, "of window: tokens that a token sees, itself counted; half on each side in an encoder");
  }

  /// Throws UserError, with the field's name, for what cannot be with this dropout on the attention weights.
  void validate(double attention_dropout) const;
  /// Tensors as wide as the model that a layer makes of its input, side by side: queries, keys and values; or queries that are the keys
  /// too, and values.
  std::int64_t projections() const { return kind == AttentionKind::kReformer ? 2 : 3; }
  /// Throws UserError for a kind that reads a text as a whole.
  void require_causal() const;
  /// Whether some tokens are not looked at.
  bool leaves_out() const { return kind == AttentionKind::kWindow; }
  /// Numbers of a layer's own parameters.
  std::int64_t parameters(std::int64_t max_positions) const;
};

}  // namespace attend
