// A CPU's bfloat16 tiles (Intel's AMX), and the product of two panels of numbers cut into parts.
#pragma once

#include <cstdint>

namespace attend::tiles {

inline constexpr std::int64_t kParts = 3;                       ///< of a float32
inline constexpr std::int64_t kTileSide = 16, kTileInner = 32;  ///< rows of A's tile and columns of B's, and what both sum over
inline constexpr std::int64_t kPanel = 2 * kTileSide;           ///< rows of A, or columns of B, that are multiplied at once
inline constexpr std::int64_t kPanelTiles = 2 * kParts;         ///< of one kTileInner of a panel: [part][half of the panel]

/// A's are [row][inner], B's [pair of inner][column][2].
struct alignas(64) Tile {
  std::uint16_t numbers[kTileSide * kTileInner];
};

/// Whether this CPU has them, the system lets this process use them, and oneDNN would: ONEDNN_MAX_CPU_ISA=AVX512_CORE switches them off.
bool are_there();

/// A thread asks for its tiles before it multiplies, and gives them back. Nothing where there are none.
void configure();
void release();

/// The product of two panels of `num_blocks` times kTileInner numbers: square [kPanel, kPanel] =
/// a2 b0 + a1 b0 + a1 b1 + a0 b1 + a0 b0 + a0 b2, summed in float32. Between configure and release. Without tiles it is done slowly.
void multiply_panels(const Tile* a, const Tile* b, std::int64_t num_blocks, float* square);

}  // namespace attend::tiles
