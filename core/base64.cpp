#include "core/base64.h"

#include <algorithm>
#include <cstdint>

namespace attend {

std::string base64(std::span<const std::byte> bytes) {
  constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  for (std::size_t from = 0, to = 0; from < bytes.size(); from += 3, to += 4) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - from);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < count ? std::to_integer<std::uint32_t>(bytes[from + i]) : 0);
    for (std::size_t i = 0; i <= count; ++i) text[to + i] = kLetters[group >> (18 - 6 * i) & 63];
  }
  return text;
}

}  // namespace attend
