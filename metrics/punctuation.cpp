#include "metrics/punctuation.h"

#include "core/text.h"

namespace attend {

namespace {

bool is_ascii_digit(char32_t c) { return c >= U'0' && c <= U'9'; }
bool is_not_ascii_digit(char32_t c) { return !is_ascii_digit(c); }
bool is_period_or_comma(char32_t c) { return c == U'.' || c == U','; }
bool is_dash(char32_t c) { return c == U'-'; }

/// mteval's range [ -\/] holds the space, too.
bool stands_alone(char32_t c) { return c == U' ' || (is_ascii_punctuation(c) && c != U'\'' && c != U',' && c != U'-' && c != U'.'); }

}  // namespace

CodePoints isolate_ascii_punctuation(CodePointView text) { return isolate(text, stands_alone); }

CodePoints separate_periods_and_dashes(CodePointView text) {
  const CodePoints not_after_digit = separate_pairs(text, is_not_ascii_digit, is_period_or_comma, Isolate::kSecond);
  const CodePoints not_before_digit = separate_pairs(not_after_digit, is_period_or_comma, is_not_ascii_digit, Isolate::kFirst);
  return separate_pairs(not_before_digit, is_ascii_digit, is_dash, Isolate::kSecond);
}

void decode_entities(CodePoints& text) {
  if (text.find(U'&') == CodePoints::npos) return;
  replace_all(text, U"&quot;", U"\"");
  replace_all(text, U"&amp;", U"&");
  replace_all(text, U"&lt;", U"<");
  replace_all(text, U"&gt;", U">");
}

}  // namespace attend
