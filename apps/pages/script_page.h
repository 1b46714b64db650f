// A page that draws with scripts of its own: one HTML file that loads nothing, with its data inside.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/json.h"

namespace attend {

struct ScriptPage {
  std::string title;    ///< text
  std::string data_id;  ///< of the element that holds the data; the scripts fill the one called "attend"
  std::string_view style, script;
};

/// A whole document. Its content security policy lets nothing in but this style and this script, to the byte; no text in the data can end
/// their element.
std::string script_page(const ScriptPage& page, const Json& data);

/// In zlib's format, which browsers call "deflate", as base64.
std::string deflated(std::span<const std::byte> bytes);

}  // namespace attend
