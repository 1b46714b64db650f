// Base64 (RFC 4648): bytes as text.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace attend {

/// With padding, in one line.
std::string base64(std::span<const std::byte> bytes);

}  // namespace attend
