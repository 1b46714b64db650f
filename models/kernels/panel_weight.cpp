#include "models/kernels/panel_weight.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include "core/simd.h"
#include "models/kernels/panel_product.h"
#include "models/kernels/pieces.h"

namespace attend {
namespace {

using namespace simd;
using namespace panels;

constexpr std::int64_t kMostInputs = 65536;     // 255 x 127 x 65,536 is below 2^31
constexpr std::int64_t kTaskBytes = 64 * 1024;  // of the weight: smaller products are not worth waking a thread for
constexpr std::int64_t kTaskRows = 256;         // that go over a pair of panels while it lies in the cache
constexpr std::int64_t kFewRows = 4;

std::int64_t rounded_up(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }

std::uint16_t bfloat16(float x) {
  if (std::isnan(x)) return 0x7FC0;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// Rows of float32 as a product reads them.
ATTEND_SIMD void round_row(const float* x, std::int64_t count, std::uint16_t* to) {
  using Halves = std::uint16_t __attribute__((vector_size(2 * kWidth)));
  for_each_piece(0, count, [&](std::int64_t i, std::int64_t width) {
    const Words bits = std::bit_cast<Words>(load_piece(x + i, width));
    const Words rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    const Halves halves = __builtin_convertvector((bits & 0x7FFFFFFF) > 0x7F800000 ? Words{} + 0x7FC0 : rounded, Halves);
    std::memcpy(to + i, &halves, static_cast<std::size_t>(width) * sizeof(std::uint16_t));
  });
}

// x = scale (q - zero), with 0 itself a number. NaN as the scale of a row that is not finite.
ATTEND_SIMD RowScale quantize_row(const float* x, std::int64_t count, std::uint8_t* to) {
  using Bytes = std::uint8_t __attribute__((vector_size(kWidth)));
  Floats least{}, most{};
  Words largest{};  // without signs: infinity and NaN are above every number
  for_each_piece(0, count, [&](std::int64_t i, std::int64_t width) {
    const Floats piece = load_piece(x + i, width);
    const Words bits = std::bit_cast<Words>(piece) & 0x7FFFFFFF;
    least = piece < least ? piece : least;
    most = piece > most ? piece : most;
    largest = bits > largest ? bits : largest;
  });
  bool is_finite = true;
  for (std::int64_t i = 0; i < kWidth; ++i) is_finite = is_finite && largest[i] < 0x7F800000;
  const float low = -max_lane(-least), span = max_lane(most) - low;
  if (!is_finite || !std::isfinite(span) || span == 0) {
    std::memset(to, 0, static_cast<std::size_t>(count));
    return {.scale = is_finite && span == 0 ? 1 : std::numeric_limits<float>::quiet_NaN(), .zero = 0};
  }
  const float scale = std::max(span / 255, std::numeric_limits<float>::min()), inverse = 1 / scale;
  const float zero = std::nearbyint(-low * inverse);
  for_each_piece(0, count, [&](std::int64_t i, std::int64_t width) {
    const Floats q = load_piece(x + i, width) * inverse + (zero + 0.5f);
    const Floats above = q < 0.0f ? Floats{} : q, within = above > 255.0f ? broadcast(255.0f) : above;
    const Bytes bytes = __builtin_convertvector(__builtin_convertvector(within, Ints), Bytes);
    std::memcpy(to + i, &bytes, static_cast<std::size_t>(width));
  });
  return {.scale = scale, .zero = static_cast<std::int32_t>(zero)};
}

// A row's numbers, 64 bytes to each block of 16 rows.
void into_tiles(const std::uint8_t* row, std::int64_t row_bytes, std::int64_t number, std::uint8_t* to) {
  to += number / kTileRows * kTileRows * row_bytes + number % kTileRows * kLineBytes;
  for (std::int64_t i = 0; i < row_bytes; i += kLineBytes) std::memcpy(to + i * kTileRows, row + i, kLineBytes);
}

}  // namespace

bool has_path(PanelPath path, PanelFormat format) {
  switch (path) {
    case PanelPath::kTiles:
      return has_tiles(format);
    case PanelPath::kDots:
      return has_dots(format);
    default:
      return true;
  }
}

PanelWeight::PanelWeight(const torch::Tensor& weight_OI, PanelFormat format)
    : format_(format), inputs_(weight_OI.size(1)), outputs_(weight_OI.size(0)) {
  TORCH_CHECK(weight_OI.is_cpu() && weight_OI.scalar_type() == torch::kFloat32 && weight_OI.dim() == 2, "a float32 matrix on the CPU");
  TORCH_CHECK(inputs_ >= 1 && inputs_ <= kMostInputs, "1 to ", kMostInputs, " inputs");
  const auto weight = weight_OI.detach().contiguous();
  const float* numbers = weight.const_data_ptr<float>();
  const std::int64_t group = group_of(format_), padded = rounded_up(outputs_, 2 * kPanel);
  lines_ = rounded_up(inputs_, group * kTileLines) / group;
  panels_ = torch::zeros({padded / kPanel, lines_, kLineBytes}, torch::kUInt8);
  std::uint8_t* bytes = panels_.mutable_data_ptr<std::uint8_t>();
  if (format_ == PanelFormat::kInt8) {
    scales_.resize(static_cast<std::size_t>(padded));
    sums_.resize(static_cast<std::size_t>(padded));
  }
  at::parallel_for(0, outputs_, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o) {
      const float* row = numbers + o * inputs_;
      std::uint8_t* first = bytes + (o / kPanel * lines_ * kPanel + o % kPanel) * 4;  // 4 bytes an output and line
      if (format_ == PanelFormat::kBFloat16) {
        for (std::int64_t i = 0; i < inputs_; ++i) {
          const std::uint16_t number = bfloat16(row[i]);
          std::memcpy(first + i / group * kLineBytes + i % group * 2, &number, 2);
        }
        continue;
      }
      float most = 0;  // NaN once a number is not finite: the output is none then
      for (std::int64_t i = 0; i < inputs_; ++i) most = std::isfinite(row[i]) ? std::max(most, std::abs(row[i])) : NAN;
      const float scale = most / 127;
      std::int32_t sum = 0;
      for (std::int64_t i = 0; i < inputs_ && scale > 0; ++i) {
        // Where the scale is near float32's least number, it is rounded so much that the quotient may be above 127.
        const auto number = static_cast<std::int8_t>(std::clamp<long>(std::lround(row[i] / scale), -127, 127));
        std::memcpy(first + i / group * kLineBytes + i % group, &number, 1);
        sum += number;
      }
      scales_[static_cast<std::size_t>(o)] = scale;
      sums_[static_cast<std::size_t>(o)] = sum;
    }
  });
}

torch::Tensor PanelWeight::multiply(const torch::Tensor& x_RI, const torch::Tensor& bias_O, PanelPath path) const {
  TORCH_CHECK(x_RI.is_cpu() && x_RI.scalar_type() == torch::kFloat32, "rows of float32 on the CPU");
  TORCH_CHECK(x_RI.dim() == 2 && x_RI.size(1) == inputs_, "rows of ", inputs_, " numbers");
  TORCH_CHECK(!bias_O.defined() || bias_O.numel() == outputs_, "a bias of ", outputs_, " numbers");
  const auto x = x_RI.contiguous();
  const auto bias = bias_O.defined() ? bias_O.contiguous() : bias_O;
  const std::int64_t rows = x.size(0), padded_rows = rounded_up(rows, kTileRows), row_bytes = lines_ * 4;
  auto y_RO = torch::empty({rows, outputs_}, x.options());
  if (rows == 0) return y_RO;
  if (path == PanelPath::kFastest)
    path = rows > kFewRows && has_tiles(format_) ? PanelPath::kTiles : has_dots(format_) ? PanelPath::kDots : PanelPath::kPlain;
  TORCH_CHECK(has_path(path, format_), "this CPU has no such instructions");
  // Numbers past the inputs meet zeros of the weight; rows past the last one are computed and not kept.
  const auto operand = torch::empty({padded_rows, row_bytes}, torch::kUInt8);
  std::uint8_t* packed = operand.mutable_data_ptr<std::uint8_t>();
  std::vector<RowScale> row_scales(static_cast<std::size_t>(rows));
  const float* from = x.const_data_ptr<float>();
  at::parallel_for(0, path == PanelPath::kTiles ? padded_rows : rows, std::max<std::int64_t>(1, kTaskBytes / row_bytes),
                   [&](std::int64_t begin, std::int64_t end) {
                     std::vector<std::uint8_t> line(path == PanelPath::kTiles ? static_cast<std::size_t>(row_bytes) : 0);
                     for (std::int64_t r = begin; r < end; ++r) {
                       std::uint8_t* to = line.empty() ? packed + r * row_bytes : line.data();
                       const std::int64_t used = r < rows ? inputs_ * 4 / group_of(format_) : 0;
                       std::memset(to + used, 0, static_cast<std::size_t>(row_bytes - used));
                       if (r < rows && format_ == PanelFormat::kBFloat16)
                         round_row(from + r * inputs_, inputs_, reinterpret_cast<std::uint16_t*>(to));
                       else if (r < rows)
                         row_scales[static_cast<std::size_t>(r)] = quantize_row(from + r * inputs_, inputs_, to);
                       if (!line.empty()) into_tiles(line.data(), row_bytes, r, packed);
                     }
                   });
  const Product product{.format = format_,
                        .panels = panels_.const_data_ptr<std::uint8_t>(),
                        .lines = lines_,
                        .rows = packed,
                        .row_scales = row_scales.data(),
                        .scales = scales_.data(),
                        .sums = sums_.data(),
                        .bias = bias.defined() ? bias.const_data_ptr<float>() : nullptr,
                        .y = y_RO.mutable_data_ptr<float>(),
                        .outputs = outputs_};
  const std::int64_t pairs = panels_.size(0) / 2, chunks = (rows + kTaskRows - 1) / kTaskRows;
  const std::int64_t pair_bytes = 2 * lines_ * kLineBytes * std::max<std::int64_t>(1, std::min(rows, kTaskRows) / kFewRows);
  at::parallel_for(0, pairs * chunks, std::max<std::int64_t>(1, kTaskBytes / pair_bytes), [&](std::int64_t begin, std::int64_t end) {
    // A thread goes over its pairs with one chunk of rows after the other.
    for (std::int64_t task = begin; task < end;) {
      const std::int64_t chunk = task / pairs, first = task % pairs, last = std::min(pairs, first + end - task);
      const std::int64_t first_row = chunk * kTaskRows, last_row = std::min(rows, first_row + kTaskRows);
      multiply_pairs(product, path, {first, last}, {first_row, last_row});
      task += last - first;
    }
  });
  return y_RO;
}

torch::Tensor PanelWeight::weight_OI() const {
  auto weight = torch::empty({outputs_, inputs_});
  float* numbers = weight.mutable_data_ptr<float>();
  const std::uint8_t* bytes = panels_.const_data_ptr<std::uint8_t>();
  const std::int64_t group = group_of(format_);
  for (std::int64_t o = 0; o < outputs_; ++o)
    for (std::int64_t i = 0; i < inputs_; ++i) {
      const std::uint8_t* at = bytes + (o / kPanel * lines_ * kPanel + i / group * kPanel + o % kPanel) * 4 + i % group * 4 / group;
      if (format_ == PanelFormat::kBFloat16) {
        std::uint16_t number = 0;
        std::memcpy(&number, at, 2);
        numbers[o * inputs_ + i] = std::bit_cast<float>(static_cast<std::uint32_t>(number) << 16);
      } else {
        numbers[o * inputs_ + i] = static_cast<float>(std::bit_cast<std::int8_t>(*at)) * scales_[static_cast<std::size_t>(o)];
      }
    }
  return weight;
}

std::int64_t PanelWeight::bytes() const {
  return panels_.numel() + static_cast<std::int64_t>(scales_.size() * sizeof(float) + sums_.size() * sizeof(std::int32_t));
}

}  // namespace attend
