// Which tokens a token attends to, and by which equation: the part of a family's configuration that says so (no LibTorch here).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "core/fields.h"

namespace attend {

enum class AttentionKind { kFull, kWindow, kBigBird, kLinformer, kReformer, kLinear };

template <>
struct EnumNames<AttentionKind> {
  static constexpr std::array values{std::pair{AttentionKind::kFull, "full"},         std::pair{AttentionKind::kWindow, "window"},
                                     std::pair{AttentionKind::kBigBird, "bigbird"},   std::pair{AttentionKind::kLinformer, "linformer"},
                                     std::pair{AttentionKind::kReformer, "reformer"}, std::pair{AttentionKind::kLinear, "linear"}};
};

struct AttentionChoice {
  AttentionKind kind = AttentionKind::kFull;
  std::int64_t window = 256;
  std::int64_t block = 64;
  std::int64_t random = 3;
  std::int64_t projected = 128;
  std::int64_t buckets = 32, chunk = 64, rounds = 2;

  static void fields(auto& self, auto&& visit) {
    visit("attention", self.kind, "the kind of attention: docs/attention.md");
    visit("attention_block", self.block, "of bigbird: tokens of a block; the first and the last block see all and are seen by all");
    visit("attention_buckets", self.buckets, "of reformer: buckets of a hash, an even number; 1: all tokens are in one");
    visit("attention_chunk", self.chunk, "of reformer: tokens that a token sees of its bucket, as attention_window counts them");
    visit("attention_projected", self.projected, "of linformer: rows to which keys and values are projected along the length, k");
    visit("attention_random", self.random, "of bigbird: blocks drawn at random that each block sees besides its neighbours");
    visit("attention_rounds", self.rounds, "of reformer: hashes, in any of which two tokens may meet");
    visit("attention_window", self.window, "of window: tokens that a token sees, itself counted; half on each side in an encoder");
  }

  /// Throws UserError, with the field's name, for what cannot be with this dropout on the attention weights, or for some text that a model
  /// of so many positions reads.
  void validate(double attention_dropout, std::int64_t max_positions) const;
  /// Tensors as wide as the model that a layer makes of its input, side by side: queries, keys and values; or queries that are the keys
  /// too, and values.
  std::int64_t projections() const { return kind == AttentionKind::kReformer ? 2 : 3; }
  /// Throws UserError for a kind that reads a text as a whole.
  void require_causal() const;
  /// Whether there are weights that dropout could drop.
  bool drops_weights() const { return kind != AttentionKind::kLinear && kind != AttentionKind::kReformer; }
  /// Whether some tokens are not looked at.
  bool leaves_out() const { return kind == AttentionKind::kWindow || kind == AttentionKind::kBigBird || kind == AttentionKind::kReformer; }
  /// Numbers of a layer's own parameters.
  std::int64_t parameters(std::int64_t max_positions) const;
};

}  // namespace attend
