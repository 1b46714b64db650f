#include "apps/pages/script_page.h"

#include <zlib.h>

#include <array>
#include <stdexcept>

#include "apps/pages/html.h"
#include "core/atomic_file.h"
#include "core/base64.h"

namespace attend {
namespace {

/// The data as they stand in a script element: nothing in them can end it.
std::string in_a_script(const Json& data) {
  std::string text;
  for (const char c : one_line(data)) {
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  }
  return text;
}

/// A source of a content security policy: only this text, to the byte.
std::string only(std::string_view text) {
  const std::string hex = sha256_hex(std::as_bytes(std::span(text.data(), text.size())));
  std::array<std::byte, 32> digest;
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<std::byte>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  return "'sha256-" + base64(digest) + "'";
}

}  // namespace

std::string script_page(const ScriptPage& page, const Json& data) {
  const std::string style(page.style), script(page.script), title = escaped(page.title);
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src " + only(style) + "; script-src " +
          only(script) + "; img-src blob: data:; base-uri 'none'; form-action 'none'\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += element("title", title) + "\n" + element("style", style) + "\n</head>\n<body>\n" + element("h1", title) + "\n";
  html += "<div id=\"attend\"><noscript>This page draws with JavaScript, which is off.</noscript></div>\n";
  html += "<script type=\"application/json\" id=\"" + page.data_id + "\">" + in_a_script(data) + "</script>\n";
  return html + element("script", script) + "\n</body>\n</html>\n";
}

std::string deflated(std::span<const std::byte> bytes) {
  uLongf size = compressBound(bytes.size());
  std::string packed(size, '\0');
  const int result = compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(),
                               Z_DEFAULT_COMPRESSION);
  if (result != Z_OK) throw std::runtime_error("zlib could not compress (" + std::to_string(result) + ")");
  packed.resize(size);
  return base64(std::as_bytes(std::span(packed)));
}

}  // namespace attend
