// UTF-8 by table 3-7 of the Unicode Standard: which bytes may follow which lead byte decides overlong forms, surrogates
// and values beyond U+10FFFF all at once.
#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "core/text.h"

namespace attend {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// The C0 and C1 controls and DEL.
bool is_control(char32_t code_point) { return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0); }

std::string spelled_out(char32_t control) {
  if (control == '\n') return "\\n";
  if (control == '\r') return "\\r";
  if (control == '\t') return "\\t";
  return std::string("\\x") + "0123456789abcdef"[control >> 4] + "0123456789abcdef"[control & 15];
}

}  // namespace

Utf8Sequence utf8_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {lead, 1, true};
  if (lead < 0xC2 || lead > 0xF4) return {kReplacement, 1, false};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned char low = 0x80, high = 0xBF;  // of the second byte
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  char32_t code_point = lead & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i >= text.size() || byte(at + i) < low || byte(at + i) > high) return {kReplacement, i, false};
    code_point = code_point << 6 | (byte(at + i) & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  return {code_point, length, true};
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    // Most texts are mostly ASCII: eight bytes at once, none of which has the highest bit.
    for (std::uint64_t bytes = 0; at + sizeof(bytes) <= text.size(); at += sizeof(bytes)) {
      std::memcpy(&bytes, text.data() + at, sizeof(bytes));
      if (bytes & 0x8080808080808080) break;
    }
    if (at == text.size()) break;
    const Utf8Sequence decoded = utf8_at(text, at);
    if (!decoded.is_valid) return false;
    at += decoded.length;
  }
  return true;
}

bool is_white_space(char32_t code_point) {
  return code_point == ' ' || (code_point >= '\t' && code_point <= '\r') || code_point == 0x85 || code_point == 0xA0 ||
         code_point == 0x1680 || (code_point >= 0x2000 && code_point <= 0x200A) || code_point == 0x2028 || code_point == 0x2029 ||
         code_point == 0x202F || code_point == 0x205F || code_point == 0x3000;
}

std::string repair_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Sequence decoded = utf8_at(text, at);
    if (decoded.is_valid)
      repaired.append(text.substr(at, decoded.length));
    else
      append_utf8(repaired, kReplacement);
    at += decoded.length;
  }
  return repaired;
}

std::vector<char32_t> decode_utf8(std::string_view text) {
  std::vector<char32_t> code_points;
  code_points.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Sequence decoded = utf8_at(text, at);
    code_points.push_back(decoded.code_point);
    at += decoded.length;
  }
  return code_points;
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto add = [&](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
    throw std::invalid_argument("append_utf8: not a Unicode scalar value");
  if (code_point < 0x80) {
    add(code_point);
  } else if (code_point < 0x800) {
    add(0xC0 | code_point >> 6);
    add(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    add(0xE0 | code_point >> 12);
    add(0x80 | (code_point >> 6 & 0x3F));
    add(0x80 | (code_point & 0x3F));
  } else {
    add(0xF0 | code_point >> 18);
    add(0x80 | (code_point >> 12 & 0x3F));
    add(0x80 | (code_point >> 6 & 0x3F));
    add(0x80 | (code_point & 0x3F));
  }
}

std::string excerpt(std::string_view text, std::size_t max_bytes) {
  constexpr std::string_view kMore = "...";
  const bool is_cut = text.size() > max_bytes;
  const std::size_t room = !is_cut ? text.size() : max_bytes > kMore.size() ? max_bytes - kMore.size() : 0;
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Sequence decoded = utf8_at(text, at);
    if (at + decoded.length > room) break;
    if (is_control(decoded.code_point))
      shown += spelled_out(decoded.code_point);
    else
      append_utf8(shown, decoded.code_point);
    at += decoded.length;
  }
  return is_cut ? shown + std::string(kMore) : shown;
}

}  // namespace attend
