// The number formats that models compute in.
#pragma once

#include <array>
#include <utility>

#include "core/fields.h"

namespace attend {

enum class Precision { kFloat32, kBFloat16, kInt8, kAuto };

template <>
struct EnumNames<Precision> {
  static constexpr std::array values{std::pair{Precision::kFloat32, "float32"}, std::pair{Precision::kBFloat16, "bfloat16"},
                                     std::pair{Precision::kInt8, "int8"}, std::pair{Precision::kAuto, "auto"}};
};

}  // namespace attend
