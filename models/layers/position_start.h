// What learnt position embeddings start from, as a configuration names it.
#pragma once

#include <array>
#include <utility>

#include "core/fields.h"

namespace attend {

/// What the position embeddings, which are learnt, start from: the paper's noise, or the sinusoids of Vaswani et al. 2017, in which the
/// token before lies in the same direction wherever one stands.
enum class PositionStart { kNormal, kSinusoidal };
template <>
struct EnumNames<PositionStart> {
  static constexpr std::array values{std::pair{PositionStart::kNormal, "normal"}, std::pair{PositionStart::kSinusoidal, "sinusoidal"}};
};

}  // namespace attend
