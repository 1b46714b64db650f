// The functions between the two products of a feed-forward network, by their names in transformers' config.json.
#pragma once

#include <array>
#include <utility>

#include "core/fields.h"

namespace attend {

enum class Activation { kNone, kRelu, kSilu, kGelu, kGeluTanh };

template <>
struct EnumNames<Activation> {
  static constexpr std::array values{std::pair{Activation::kRelu, "relu"}, std::pair{Activation::kSilu, "swish"},
                                     std::pair{Activation::kGelu, "gelu"}, std::pair{Activation::kGeluTanh, "gelu_new"}};
};

}  // namespace attend
