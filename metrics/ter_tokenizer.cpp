#include "metrics/ter_tokenizer.h"

#include "metrics/punctuation.h"

namespace attend {

namespace {

bool within(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

bool is_removed_punctuation(char32_t c) { return c < 0x80 && CodePointView(U".,?:;!\"()").find(c) != CodePointView::npos; }

bool is_asian_punctuation(char32_t c) {
  const bool ideographic =
      within(c, 0x3001, 0x3002) || within(c, 0x3008, 0x3011) || within(c, 0x3014, 0x301F) || within(c, 0xFF61, 0xFF65) || c == 0x30FB;
  return ideographic || CodePointView(U"\uFF0E\uFF0C\uFF1F\uFF1A\uFF1B\uFF01\uFF02\uFF08\uFF09").find(c) != CodePointView::npos;
}

/// Ideographs, strokes, radicals, compatibility forms, and U+3200 to U+3F22: so sacreBLEU has the end of the enclosed letters.
/// Its rules for Hiragana and Katakana are anchored at the start of a line that starts with a space: they never match, and are
/// not here.
bool is_split_asian(char32_t c) {
  return within(c, 0x4E00, 0x9FFF) || within(c, 0x3400, 0x4DBF) || within(c, 0x31C0, 0x31EF) || within(c, 0x2E80, 0x2EFF) ||
         within(c, 0x3300, 0x33FF) || within(c, 0xF900, 0xFAFF) || within(c, 0xFE30, 0xFE4F) || within(c, 0x3200, 0x3F22) ||
         is_asian_punctuation(c);
}

CodePoints separate_western(CodePoints text) {
  replace_all(text, U"\n-", U"");
  replace_all(text, U"\n", U" ");
  decode_entities(text);
  text = isolate_ascii_punctuation(U" " + text + U" ");
  replace_all(text, U"'s ", U" 's ");
  return separate_periods_and_dashes(text);
}

}  // namespace

CodePoints tokenize_for_ter(CodePointView line, const TerOptions& options) {
  CodePoints text = options.case_sensitive ? CodePoints(line) : to_lower(line);
  if (options.normalized) {
    text = separate_western(std::move(text));
    if (options.asian_support) text = isolate(text, is_split_asian);
  }
  if (options.no_punct) {
    std::erase_if(text, is_removed_punctuation);
    if (options.asian_support) std::erase_if(text, is_asian_punctuation);
  }
  return text;
}

}  // namespace attend
