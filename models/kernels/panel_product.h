// The inner loops of panel_weight.h: lines of a panel times rows that are cut to match. No LibTorch tensors here.
#pragma once

#include <cstdint>

#include "models/kernels/panel_weight.h"

namespace attend::panels {

inline constexpr std::int64_t kPanel = 16;      ///< outputs
inline constexpr std::int64_t kLineBytes = 64;  ///< 4 for each of them
inline constexpr std::int64_t kTileLines = 16;  ///< a panel has a multiple of them
inline constexpr std::int64_t kTileRows = 16;

/// Numbers of one output in a line.
constexpr std::int64_t group_of(PanelFormat format) { return format == PanelFormat::kInt8 ? 4 : 2; }

/// x = scale (q - zero).
struct RowScale {
  float scale;
  std::int32_t zero;
};

struct Product {
  PanelFormat format;
  const std::uint8_t* panels;
  std::int64_t lines;          ///< of a panel
  const std::uint8_t* rows;    ///< 4 bytes a line of a panel; for tiles in blocks [16 rows][16 lines], as they load them
  const RowScale* row_scales;  ///< int8
  const float* scales;         ///< int8, of each output
  const std::int32_t* sums;    ///< int8, of each output's numbers
  const float* bias;           ///< may be null
  float* y;
  std::int64_t outputs;  ///< of a row of y
};

struct Range {
  std::int64_t begin, end;
};

bool has_tiles(PanelFormat format);
bool has_dots(PanelFormat format);

/// Pairs of panels, all of `rows`, which begin at a multiple of kTileRows.
void multiply_pairs(const Product& product, PanelPath path, Range pairs, Range rows);

}  // namespace attend::panels
