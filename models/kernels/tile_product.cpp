// Letters: N rows, M columns, K the inner dimension.
#include "models/kernels/tile_product.h"

#include <algorithm>
#include <bit>
#include <memory>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "models/kernels/pieces.h"
#include "models/kernels/tiles.h"

namespace attend {
namespace {

using namespace simd;
using namespace tiles;

constexpr std::int64_t kGroupTiles = 384;             // of the longer side, cut by a thread for itself: 384 KiB of its second cache
constexpr std::int64_t kShared = 1024, kDepth = 512;  // of the shorter side, and of the inner dimension, cut at once: 3 MiB
constexpr std::int64_t kAhead = 2;                    // blocks of a panel that are asked for before they are cut
constexpr std::int64_t kLeastSize = 64, kLeastWork = 1 << 23;  // below that cutting costs more than it gains

std::int64_t blocks(std::int64_t n, std::int64_t size) { return (n + size - 1) / size; }

// Element (i, k) lies at data[i * row_stride + k * column_stride], where one of the strides is 1.
struct View {
  const float* data;
  std::int64_t row_stride, column_stride;

  View at(std::int64_t row, std::int64_t column) const {
    return {data + row * row_stride + column * column_stride, row_stride, column_stride};
  }
};

// 16 x 16 elements from the matrix's first on; zeros where it ends before.
ATTEND_INLINE void load_block(const View& x, std::int64_t rows, std::int64_t columns, Floats (&block)[kWidth]) {
  const bool is_transposed = x.column_stride != 1;
  const std::int64_t lines = is_transposed ? columns : rows, width = is_transposed ? rows : columns;
  const std::int64_t stride = is_transposed ? x.column_stride : x.row_stride;
  for (std::int64_t i = 0; i < kWidth; ++i) block[i] = i < lines && width > 0 ? load_piece(x.data + i * stride, width) : Floats{};
  if (is_transposed) transpose(block);
}

// The upper half of each number, to nearest; the largest numbers are cut off, for to nearest they would be infinite.
ATTEND_INLINE Words upper_halves(const Floats& x) {
  const Words bits = std::bit_cast<Words>(x);
  const Words rounded = (bits & 0x7FFFFFFF) < 0x7F7F8000 ? bits + 0x8000 : bits;
  return rounded & 0xFFFF0000;
}

// The parts of sixteen numbers, each as the float32 that it is. The last one needs no rounding.
ATTEND_INLINE void cut(const Floats& x, Words (&parts)[kParts]) {
  parts[0] = upper_halves(x);
  const Floats rest = x - std::bit_cast<Floats>(parts[0]);
  parts[1] = upper_halves(rest);
  parts[2] = std::bit_cast<Words>(rest - std::bit_cast<Floats>(parts[1])) & 0xFFFF0000;
}

// Sixteen numbers' upper halves, then those of sixteen others.
ATTEND_INLINE void store_halves(const Words& first, const Words& second, std::uint16_t* to) {
  using Halves = std::uint16_t __attribute__((vector_size(4 * kWidth)));
  Halves odd;
  for (int i = 0; i < 2 * kWidth; ++i) odd[i] = static_cast<std::uint16_t>(2 * i + 1);
  const Halves halves = __builtin_shuffle(std::bit_cast<Halves>(first), std::bit_cast<Halves>(second), odd);
  std::memcpy(to, &halves, sizeof halves);
}

// What one side of a product gives to one multiplication of panels: kPanel rows of A, or columns of B, by kTileInner, as tiles
// [part][half of the panel].
//
// A's tiles are [row][inner].
ATTEND_INLINE void pack_a(const View& a, std::int64_t rows, std::int64_t inner, Tile* to) {
  for (std::int64_t i = 0; i < kPanel; i += kTileSide) {
    const std::int64_t height = std::clamp<std::int64_t>(rows - i, 0, kWidth);
    Floats left[kWidth], right[kWidth];
    load_block(a.at(i, 0), height, std::min(inner, kWidth), left);
    load_block(a.at(i, kWidth), height, std::clamp<std::int64_t>(inner - kWidth, 0, kWidth), right);
    for (std::int64_t row = 0; row < kTileSide; ++row) {
      Words first[kParts], second[kParts];
      cut(left[row], first);
      cut(right[row], second);
      for (std::int64_t part = 0; part < kParts; ++part)
        store_halves(first[part], second[part], to[2 * part + i / kTileSide].numbers + row * kTileInner);
    }
  }
}

// B's are [pair of inner][column][2], a pair a word.
ATTEND_INLINE void pack_b(const View& b, std::int64_t inner, std::int64_t columns, Tile* to) {
  for (std::int64_t k = 0; k < kTileInner; k += kWidth)
    for (std::int64_t j = 0; j < kPanel; j += kTileSide) {
      Floats block[kWidth];
      load_block(b.at(k, j), std::clamp<std::int64_t>(inner - k, 0, kWidth), std::clamp<std::int64_t>(columns - j, 0, kWidth), block);
      for (std::int64_t row = 0; row < kWidth; row += 2) {
        Words even[kParts], odd[kParts];
        cut(block[row], even);
        cut(block[row + 1], odd);
        for (std::int64_t part = 0; part < kParts; ++part) {
          const Words pairs = (even[part] >> 16) | odd[part];
          std::memcpy(to[2 * part + j / kTileSide].numbers + (k + row) * kTileSide, &pairs, sizeof pairs);
        }
      }
    }
}

// Asks for what will be read soon, to the right along the matrix's lines in memory, which is all that packing waits for.
ATTEND_INLINE void prefetch_lines(const View& x) {
  const std::int64_t stride = std::max(x.row_stride, x.column_stride);
  for (std::int64_t line = 0; line < kPanel; ++line)
    for (std::int64_t i = 0; i < kPanel; i += kWidth) __builtin_prefetch(x.data + line * stride + kAhead * kPanel + i);
}

// A range of a product's rows, or columns, and of its inner dimension: from the first element of `matrix` on.
struct Side {
  View matrix;
  bool is_a;  // rows of A; else columns of B
  std::int64_t length, depth;

  std::int64_t num_panels() const { return blocks(length, kPanel); }
  std::int64_t num_blocks() const { return blocks(depth, kTileInner); }
  std::int64_t panel_size(std::int64_t panel) const { return std::min(kPanel, length - panel * kPanel); }
  std::int64_t panel_tiles() const { return num_blocks() * kPanelTiles; }
  Side part(std::int64_t first_panel, std::int64_t panels) const {
    const std::int64_t begin = first_panel * kPanel;
    return {is_a ? matrix.at(begin, 0) : matrix.at(0, begin), is_a, std::min(panels * kPanel, length - begin), depth};
  }
};

// Blocks [begin, end) of a side, counted so that memory is read in order. Tiles: [panel][kTileInner of the depth][kPanelTiles].
ATTEND_SIMD void pack(const Side& side, std::int64_t begin, std::int64_t end, Tile* packed) {
  const View& matrix = side.matrix;
  const bool lies_along_inner = (side.is_a ? matrix.column_stride : matrix.row_stride) == 1;
  const std::int64_t num_panels = side.num_panels(), num_blocks = side.num_blocks();
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int64_t panel = lies_along_inner ? i / num_blocks : i % num_panels,
                       block = lies_along_inner ? i % num_blocks : i / num_panels;
    const std::int64_t inner = std::min(kTileInner, side.depth - block * kTileInner), size = side.panel_size(panel);
    Tile* const to = packed + panel * side.panel_tiles() + block * kPanelTiles;
    const View from = side.is_a ? matrix.at(panel * kPanel, block * kTileInner) : matrix.at(block * kTileInner, panel * kPanel);
    prefetch_lines(from);
    if (side.is_a)
      pack_a(from, size, inner, to);
    else
      pack_b(from, inner, size, to);
  }
}

struct Result {
  float* data;
  std::int64_t row_stride;
  const float* bias;  // where it is added: before the first sum; null: none
  bool adds, relu;
};

// What was summed goes to its place in C.
ATTEND_SIMD void put(const float* square, const Result& c, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t i = 0; i < rows; ++i)
    for_each_piece(0, columns, [&](std::int64_t j, std::int64_t count) {
      Floats sums = load(square + i * kPanel + j);
      float* const to = c.data + i * c.row_stride + j;
      if (c.adds) sums += load_piece(to, count);
      if (c.bias) sums += load_piece(c.bias + j, count);
      if (c.relu) sums = sums < 0.0f ? Floats{} : sums;  // a NaN stays
      store_piece(to, sums, count);
    });
}

// Memory that a thread keeps for the next product.
struct Kept {
  std::unique_ptr<Tile[]> tiles;
  std::int64_t size = 0;

  Tile* at_least(std::int64_t count) {
    if (size < count) {
      tiles.reset();
      tiles = std::make_unique_for_overwrite<Tile[]>(static_cast<std::size_t>(count));
      size = count;
    }
    return tiles.get();
  }
};

// The longer side is dealt out in groups of panels, as many to each thread; with more threads than panels several get the same one, each
// for some of the shared panels.
struct Deal {
  std::int64_t group, splits;
};

Deal deal(const Side& mine, const Side& shared) {
  const std::int64_t threads = at::get_num_threads(), panels = mine.num_panels();
  if (panels < threads) return {.group = 1, .splits = std::clamp<std::int64_t>(threads / panels, 1, shared.num_panels())};
  const std::int64_t most = std::max<std::int64_t>(1, kGroupTiles / mine.panel_tiles());
  return {.group = blocks(panels, blocks(blocks(panels, most), threads) * threads), .splits = 1};
}

// C (+)= A B, `mine` and `shared` being A and B, or B and A.
void multiply_sides(const Side& mine, const Side& shared, const Result& c) {
  static thread_local Kept kept_for_all, kept_for_one;
  const std::int64_t num_shared = shared.num_panels(), panel_tiles = shared.panel_tiles();
  Tile* const shared_tiles = kept_for_all.at_least(num_shared * panel_tiles);
  at::parallel_for(0, num_shared * shared.num_blocks(), 4,
                   [&](std::int64_t begin, std::int64_t end) { pack(shared, begin, end, shared_tiles); });
  const auto [group, splits] = deal(mine, shared);
  const auto work = [&, group = group, splits = splits](std::int64_t begin, std::int64_t end) {
    alignas(64) float square[kPanel * kPanel];
    Tile* const packed = kept_for_one.at_least(group * panel_tiles);
    configure();
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t first = task / splits * group, split = task % splits;
      const Side part = mine.part(first, group);
      const std::int64_t num_mine = part.num_panels();
      pack(part, 0, num_mine * part.num_blocks(), packed);
      for (std::int64_t j = num_shared * split / splits; j < num_shared * (split + 1) / splits; ++j)
        for (std::int64_t i = 0; i < num_mine; ++i) {
          const Tile *const packed_i = packed + i * panel_tiles, *const packed_j = shared_tiles + j * panel_tiles;
          multiply_panels(mine.is_a ? packed_i : packed_j, mine.is_a ? packed_j : packed_i, mine.num_blocks(), square);
          const std::int64_t row = kPanel * (mine.is_a ? first + i : j), column = kPanel * (mine.is_a ? j : first + i);
          const std::int64_t size_i = part.panel_size(i), size_j = shared.panel_size(j);
          Result to = c;
          to.data += row * c.row_stride + column;
          if (to.bias) to.bias += column;
          put(square, to, mine.is_a ? size_i : size_j, mine.is_a ? size_j : size_i);
        }
    }
    release();
  };
  at::parallel_for(0, blocks(mine.num_panels(), group) * splits, 1, work);
}

torch::Tensor readable(const torch::Tensor& x) { return x.stride(0) == 1 || x.stride(1) == 1 ? x : x.contiguous(); }

void multiply(const torch::Tensor& a_NK, const torch::Tensor& b_KM, const Result& c) {
  const auto a_kept = readable(a_NK), b_kept = readable(b_KM);
  const View a{a_kept.const_data_ptr<float>(), a_kept.stride(0), a_kept.stride(1)};
  const View b{b_kept.const_data_ptr<float>(), b_kept.stride(0), b_kept.stride(1)};
  const std::int64_t n = a_NK.size(0), k = a_NK.size(1), m = b_KM.size(1);
  const bool a_is_longer = n >= m;
  for (std::int64_t begin = 0; begin < std::min(n, m); begin += kShared)
    for (std::int64_t inner = 0; inner < k; inner += kDepth) {
      const std::int64_t depth = std::min(kDepth, k - inner), size = std::min(kShared, std::min(n, m) - begin);
      const Side rows{a.at(a_is_longer ? 0 : begin, inner), true, a_is_longer ? n : size, depth};
      const Side columns{b.at(inner, a_is_longer ? begin : 0), false, a_is_longer ? size : m, depth};
      Result part = c;
      part.data += a_is_longer ? begin : begin * c.row_stride;
      part.adds = c.adds || inner > 0;
      part.bias = !c.bias || inner > 0 ? nullptr : c.bias + (a_is_longer ? begin : 0);
      part.relu = c.relu && inner + depth == k;
      multiply_sides(a_is_longer ? rows : columns, a_is_longer ? columns : rows, part);
    }
}

void check_product(const torch::Tensor& a_NK, const torch::Tensor& b_KM) {
  TORCH_CHECK(a_NK.dim() == 2 && b_KM.dim() == 2 && a_NK.size(1) == b_KM.size(0) && a_NK.size(1) > 0, "no product of ", a_NK.sizes(),
              " and ", b_KM.sizes());
}

}  // namespace

bool has_tile_product(const torch::Tensor& a_NK, const torch::Tensor& b_KM) {
  const auto is_readable = [](const torch::Tensor& x) { return x.is_cpu() && x.scalar_type() == torch::kFloat32 && x.dim() == 2; };
  if (!is_readable(a_NK) || !is_readable(b_KM)) return false;
  const std::int64_t n = a_NK.size(0), k = a_NK.size(1), m = b_KM.size(1);
  return std::min({n, k, m}) >= kLeastSize && n * k * m >= kLeastWork && tiles::are_there();
}

void tile_product(torch::Tensor& c_NM, const torch::Tensor& a_NK, const torch::Tensor& b_KM, const TileProduct& options) {
  TORCH_CHECK(c_NM.is_contiguous(), "tiles write a contiguous matrix");
  check_product(a_NK, b_KM);
  TORCH_CHECK(c_NM.sizes() == torch::IntArrayRef({a_NK.size(0), b_KM.size(1)}), "a product of another shape than ", c_NM.sizes());
  const auto bias_M = options.bias_M.defined() ? options.bias_M.contiguous() : options.bias_M;
  TORCH_CHECK(!bias_M.defined() || bias_M.numel() == c_NM.size(1), "a bias of ", bias_M.numel(), " numbers for ", c_NM.sizes());
  multiply(a_NK, b_KM,
           {c_NM.mutable_data_ptr<float>(), c_NM.size(1), bias_M.defined() ? bias_M.const_data_ptr<float>() : nullptr, options.adds,
            options.relu});
}

torch::Tensor tile_product(const torch::Tensor& a_NK, const torch::Tensor& b_KM, const TileProduct& options) {
  check_product(a_NK, b_KM);
  auto c_NM = torch::empty({a_NK.size(0), b_KM.size(1)}, a_NK.options());
  tile_product(c_NM, a_NK, b_KM, options);
  return c_NM;
}

}  // namespace attend
