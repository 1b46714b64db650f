#include "models/kernels/tiles.h"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <utility>

#include <ATen/cpu/Utils.h>
#include <ATen/native/CPUBlas.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define ATTEND_TILES __attribute__((target("amx-tile,amx-bf16")))
#endif

namespace attend::tiles {
namespace {

float number(std::uint16_t upper_half) { return std::bit_cast<float>(static_cast<std::uint32_t>(upper_half) << 16); }

// What the tiles do, for CPUs without them, so that tests run everywhere: number by number, but with sums in double precision, and
// numbers below float32's normal range kept, which the tiles take for zero.
void multiply_plainly(const Tile* a, const Tile* b, std::int64_t num_blocks, float* square) {
  using Part = std::array<std::array<double, kPanel>, kTileInner>;  // [inner][row of A, or column of B]
  const auto sums = std::make_unique<std::array<std::array<double, kPanel>, kPanel>>();
  const auto a_parts = std::make_unique<std::array<Part, kParts>>(), b_parts = std::make_unique<std::array<Part, kParts>>();
  constexpr std::pair<int, int> kProducts[] = {{2, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}, {0, 2}};
  for (std::int64_t block = 0; block < num_blocks; ++block, a += kPanelTiles, b += kPanelTiles) {
    for (std::int64_t part = 0; part < kParts; ++part)
      for (std::int64_t k = 0; k < kTileInner; ++k)
        for (std::int64_t i = 0; i < kPanel; ++i) {
          (*a_parts)[part][k][i] = number(a[2 * part + i / kTileSide].numbers[i % kTileSide * kTileInner + k]);
          (*b_parts)[part][k][i] = number(b[2 * part + i / kTileSide].numbers[(k / 2 * kTileSide + i % kTileSide) * 2 + k % 2]);
        }
    for (const auto& [part_a, part_b] : kProducts)
      for (std::int64_t k = 0; k < kTileInner; ++k)
        for (std::int64_t i = 0; i < kPanel; ++i)
          for (std::int64_t j = 0; j < kPanel; ++j) (*sums)[i][j] += (*a_parts)[part_a][k][i] * (*b_parts)[part_b][k][j];
  }
  for (const auto& row : *sums) square = std::copy(row.begin(), row.end(), square);
}

}  // namespace

#if defined(__x86_64__)

namespace {

constexpr int kLineBytes = kTileInner * sizeof(std::uint16_t);

// Tiles 0 to 3 sum, 4 and 5 are the two halves of A's panel, 6 and 7 of B's.
ATTEND_TILES inline void load_a(const Tile* a) {
  _tile_loadd(4, a, kLineBytes);
  _tile_loadd(5, a + 1, kLineBytes);
}

ATTEND_TILES inline void load_b(const Tile* b) {
  _tile_loadd(6, b, kLineBytes);
  _tile_loadd(7, b + 1, kLineBytes);
}

ATTEND_TILES inline void multiply() {
  _tile_dpbf16ps(0, 4, 6);
  _tile_dpbf16ps(1, 4, 7);
  _tile_dpbf16ps(2, 5, 6);
  _tile_dpbf16ps(3, 5, 7);
}

ATTEND_TILES void multiply_in_tiles(const Tile* a, const Tile* b, std::int64_t num_blocks, float* square) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (std::int64_t block = 0; block < num_blocks; ++block, a += kPanelTiles, b += kPanelTiles) {
    const Tile *const a0 = a, *const a1 = a + 2, *const a2 = a + 4, *const b0 = b, *const b1 = b + 2, *const b2 = b + 4;
    // x = x0 + x1 + x2, the largest part first: the six products whose parts' numbers add up to 2 or less. From product to product one
    // side stays in its tiles; within that the smaller products come first, but for a0 b2.
    load_a(a2), load_b(b0), multiply();
    load_a(a1), multiply();
    load_b(b1), multiply();
    load_a(a0), multiply();
    load_b(b0), multiply();
    load_b(b2), multiply();
  }
  constexpr int kStride = kPanel * sizeof(float);
  _tile_stored(0, square, kStride);
  _tile_stored(1, square + kTileSide, kStride);
  _tile_stored(2, square + kTileSide * kPanel, kStride);
  _tile_stored(3, square + kTileSide * kPanel + kTileSide, kStride);
}

ATTEND_TILES void load_shape() {
  static constexpr struct alignas(64) {  // static: GCC 12 does not see that the instruction reads all of it
    std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
    std::uint16_t line_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t lines[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } shape;
  _tile_loadconfig(&shape);
}

ATTEND_TILES void forget_shape() { _tile_release(); }

}  // namespace

bool are_there() {
  static const bool result = at::native::cpublas::could_pack(at::kBFloat16) && at::cpu::init_amx();
  return result;
}

void configure() {
  if (are_there()) load_shape();
}

void release() {
  if (are_there()) forget_shape();
}

void multiply_panels(const Tile* a, const Tile* b, std::int64_t num_blocks, float* square) {
  (are_there() ? multiply_in_tiles : multiply_plainly)(a, b, num_blocks, square);
}

#else

bool are_there() { return false; }
void configure() {}
void release() {}
void multiply_panels(const Tile* a, const Tile* b, std::int64_t num_blocks, float* square) { multiply_plainly(a, b, num_blocks, square); }

#endif

}  // namespace attend::tiles
