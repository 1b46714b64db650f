// Letters: R rows of a call, P panels side by side.
#include "models/kernels/panel_product.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/simd.h"
#include "models/kernels/pieces.h"
#include "models/kernels/tiles.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define ATTEND_DOTS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16")))
#define ATTEND_DOTS_INLINE ATTEND_DOTS inline __attribute__((always_inline))
#define ATTEND_BYTE_TILES __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,amx-tile,amx-bf16,amx-int8")))
#endif

namespace attend::panels {
namespace {

using namespace simd;

constexpr std::int64_t kMostRows = 6, kWide = 4;  // rows, and panels, whose sums stay in registers

// Sixteen sums of a row and a panel, 32 bits each, become numbers of y.
template <PanelFormat kFormat>
ATTEND_INLINE void finish(const Product& product, const void* sums, std::int64_t row, std::int64_t panel) {
  const std::int64_t output = panel * kPanel, count = std::min(kPanel, product.outputs - output);
  if (count <= 0) return;
  Floats result;
  if constexpr (kFormat == PanelFormat::kInt8) {
    Ints total, of_weight;
    std::memcpy(&total, sums, sizeof total);
    std::memcpy(&of_weight, product.sums + output, sizeof of_weight);
    const RowScale& scale = product.row_scales[row];
    result = __builtin_convertvector(total - of_weight * scale.zero, Floats) * scale.scale * load(product.scales + output);
  } else {
    std::memcpy(&result, sums, sizeof result);
  }
  if (product.bias) result += load_piece(product.bias + output, count);
  store_piece(product.y + row * product.outputs + output, result, count);
}

// What every CPU has.

template <PanelFormat kFormat>
struct PlainSums;
template <>
struct PlainSums<PanelFormat::kBFloat16> {
  Floats sums{};
  ATTEND_INLINE void add(const std::uint8_t* row, const Words& line) {
    std::uint32_t pair;
    std::memcpy(&pair, row, sizeof pair);
    sums += std::bit_cast<float>(pair << 16) * std::bit_cast<Floats>(line << 16);
    sums += std::bit_cast<float>(pair & 0xFFFF0000) * std::bit_cast<Floats>(line & 0xFFFF0000);
  }
};
template <>
struct PlainSums<PanelFormat::kInt8> {
  Ints sums{};
  ATTEND_INLINE void add(const std::uint8_t* row, const Words& line) {
    for (int i = 0; i < 4; ++i) sums += (std::bit_cast<Ints>(line << (24 - 8 * i)) >> 24) * static_cast<std::int32_t>(row[i]);
  }
};

template <PanelFormat kFormat>
ATTEND_INLINE void multiply_plainly(const Product& product, Range pairs, Range rows) {
  for (std::int64_t panel = 2 * pairs.begin; panel < 2 * pairs.end; ++panel)
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      PlainSums<kFormat> sums;
      const std::uint8_t* numbers = product.rows + row * product.lines * 4;
      const std::uint8_t* lines = product.panels + panel * product.lines * kLineBytes;
      for (std::int64_t i = 0; i < product.lines; ++i) {
        Words line;
        std::memcpy(&line, lines + i * kLineBytes, sizeof line);
        sums.add(numbers + i * 4, line);
      }
      finish<kFormat>(product, &sums.sums, row, panel);
    }
}

ATTEND_SIMD void plain_bfloat16(const Product& product, Range pairs, Range rows) {
  multiply_plainly<PanelFormat::kBFloat16>(product, pairs, rows);
}
ATTEND_SIMD void plain_int8(const Product& product, Range pairs, Range rows) { multiply_plainly<PanelFormat::kInt8>(product, pairs, rows); }

#if defined(__x86_64__)

// Sixteen dot products of pairs of bfloat16, or of fours of bytes, in one instruction.

template <PanelFormat kFormat>
struct Dots;
template <>
struct Dots<PanelFormat::kBFloat16> {
  using Sums = __m512;
  ATTEND_DOTS_INLINE static Sums zero() { return _mm512_setzero_ps(); }
  ATTEND_DOTS_INLINE static Sums add(Sums sums, __m512i row, __m512i line) { return _mm512_dpbf16_ps(sums, (__m512bh)row, (__m512bh)line); }
};
template <>
struct Dots<PanelFormat::kInt8> {
  using Sums = __m512i;
  ATTEND_DOTS_INLINE static Sums zero() { return _mm512_setzero_si512(); }
  ATTEND_DOTS_INLINE static Sums add(Sums sums, __m512i row, __m512i line) { return _mm512_dpbusd_epi32(sums, row, line); }
};

// kRows rows from `row` on, kPanels panels from `panel` on.
template <PanelFormat kFormat, int kRows, int kPanels>
ATTEND_DOTS void multiply_dots(const Product& product, std::int64_t row, std::int64_t panel) {
  using Kind = Dots<kFormat>;
  typename Kind::Sums sums[kRows][kPanels];
  for (int r = 0; r < kRows; ++r)
    for (int p = 0; p < kPanels; ++p) sums[r][p] = Kind::zero();
  const std::int64_t panel_bytes = product.lines * kLineBytes, row_bytes = product.lines * 4;
  const std::uint8_t *lines = product.panels + panel * panel_bytes, *numbers = product.rows + row * row_bytes;
  for (std::int64_t i = 0; i < product.lines; ++i) {
    __m512i line[kPanels];
    for (int p = 0; p < kPanels; ++p) line[p] = _mm512_loadu_si512(lines + p * panel_bytes + i * kLineBytes);
    for (int r = 0; r < kRows; ++r) {
      std::int32_t group;
      std::memcpy(&group, numbers + r * row_bytes + i * 4, sizeof group);
      const __m512i spread = _mm512_set1_epi32(group);
      for (int p = 0; p < kPanels; ++p) sums[r][p] = Kind::add(sums[r][p], spread, line[p]);
    }
  }
  for (int r = 0; r < kRows; ++r)
    for (int p = 0; p < kPanels; ++p) finish<kFormat>(product, &sums[r][p], row + r, panel + p);
}

template <PanelFormat kFormat, int kPanels>
void multiply_rows(const Product& product, std::int64_t panel, Range rows) {
  std::int64_t row = rows.begin;
  for (; row + kMostRows <= rows.end; row += kMostRows) multiply_dots<kFormat, kMostRows, kPanels>(product, row, panel);
  switch (rows.end - row) {
    case 1:
      return multiply_dots<kFormat, 1, kPanels>(product, row, panel);
    case 2:
      return multiply_dots<kFormat, 2, kPanels>(product, row, panel);
    case 3:
      return multiply_dots<kFormat, 3, kPanels>(product, row, panel);
    case 4:
      return multiply_dots<kFormat, 4, kPanels>(product, row, panel);
    case 5:
      return multiply_dots<kFormat, 5, kPanels>(product, row, panel);
    default:
      return;
  }
}

template <PanelFormat kFormat>
void multiply_with_dots(const Product& product, Range pairs, Range rows) {
  std::int64_t panel = 2 * pairs.begin;
  for (; panel + kWide <= 2 * pairs.end; panel += kWide) multiply_rows<kFormat, kWide>(product, panel, rows);
  for (; panel < 2 * pairs.end; panel += 2) multiply_rows<kFormat, 2>(product, panel, rows);
}

// Tiles 0 to 3 sum, 4 and 5 hold 16 rows each, 6 and 7 a panel's lines each.

template <PanelFormat kFormat>
ATTEND_BYTE_TILES inline void multiply_tiles() {
  if constexpr (kFormat == PanelFormat::kInt8) {
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  } else {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
}

struct alignas(64) Square {
  std::uint32_t sums[kTileRows][kPanel];
};

template <PanelFormat kFormat>
ATTEND_BYTE_TILES void multiply_in_tiles(const Product& product, Range pairs, Range rows) {
  const std::int64_t panel_bytes = product.lines * kLineBytes;
  const std::int64_t tile_rows_bytes = product.lines * 4 * kTileRows;
  std::array<Square, 4> squares;
  for (std::int64_t pair = pairs.begin; pair < pairs.end; ++pair) {
    const std::uint8_t* first = product.panels + 2 * pair * panel_bytes;
    for (std::int64_t row = rows.begin; row < rows.end; row += 2 * kTileRows) {
      const bool has_second = row + kTileRows < rows.end;
      const std::uint8_t* upper = product.rows + row / kTileRows * tile_rows_bytes;
      const std::uint8_t* lower = has_second ? upper + tile_rows_bytes : upper;
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
      for (std::int64_t line = 0; line < product.lines; line += kTileLines) {
        _tile_loadd(6, first + line * kLineBytes, kLineBytes);
        _tile_loadd(4, upper + line * kLineBytes, kLineBytes);
        _tile_loadd(7, first + panel_bytes + line * kLineBytes, kLineBytes);
        if (has_second) _tile_loadd(5, lower + line * kLineBytes, kLineBytes);
        multiply_tiles<kFormat>();
      }
      _tile_stored(0, &squares[0], kLineBytes);
      _tile_stored(1, &squares[1], kLineBytes);
      _tile_stored(2, &squares[2], kLineBytes);
      _tile_stored(3, &squares[3], kLineBytes);
      for (std::int64_t r = row; r < std::min(rows.end, row + 2 * kTileRows); ++r)
        for (std::int64_t p = 0; p < 2; ++p)
          finish<kFormat>(product, squares[static_cast<std::size_t>((r - row) / kTileRows * 2 + p)].sums[(r - row) % kTileRows], r,
                          2 * pair + p);
    }
  }
}

#endif

}  // namespace

#if defined(__x86_64__)

namespace {

bool has_byte_tiles() {
  constexpr unsigned kAmxInt8 = 1u << 25;  // of leaf 7's edx
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return tiles::are_there() && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & kAmxInt8) != 0;
}

}  // namespace

bool has_tiles(PanelFormat format) {
  static const bool has_bytes = has_byte_tiles();
  return format == PanelFormat::kInt8 ? has_bytes : tiles::are_there();
}

bool has_dots(PanelFormat format) {
  static const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  static const bool has_bytes = has_avx512 && __builtin_cpu_supports("avx512vnni");
  static const bool has_bfloat16 = has_avx512 && __builtin_cpu_supports("avx512bf16");
  return format == PanelFormat::kInt8 ? has_bytes : has_bfloat16;
}

void multiply_pairs(const Product& product, PanelPath path, Range pairs, Range rows) {
  const bool is_int8 = product.format == PanelFormat::kInt8;
  switch (path) {
    case PanelPath::kTiles:
      tiles::configure();
      (is_int8 ? multiply_in_tiles<PanelFormat::kInt8> : multiply_in_tiles<PanelFormat::kBFloat16>)(product, pairs, rows);
      return tiles::release();
    case PanelPath::kDots:
      return (is_int8 ? multiply_with_dots<PanelFormat::kInt8> : multiply_with_dots<PanelFormat::kBFloat16>)(product, pairs, rows);
    default:
      return (is_int8 ? plain_int8 : plain_bfloat16)(product, pairs, rows);
  }
}

#else

bool has_tiles(PanelFormat) { return false; }
bool has_dots(PanelFormat) { return false; }
void multiply_pairs(const Product& product, PanelPath, Range pairs, Range rows) {
  (product.format == PanelFormat::kInt8 ? plain_int8 : plain_bfloat16)(product, pairs, rows);
}

#endif

}  // namespace attend::panels
