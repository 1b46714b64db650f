#include "metrics/bleu_tokenizers.h"

#include <stdexcept>

#include "metrics/punctuation.h"

namespace attend {

namespace {

CodePoints tokenize_13a(CodePointView line) {
  CodePoints text(line);
  replace_all(text, U"<skipped>", U"");
  replace_all(text, U"-\n", U"");
  replace_all(text, U"\n", U" ");
  decode_entities(text);
  return separate_periods_and_dashes(isolate_ascii_punctuation(U" " + text + U" "));
}

/// No white space is put at the ends, so that a period after a number at the very end stays with it, as in mteval-v14.pl.
CodePoints tokenize_intl(CodePointView line) {
  const auto is_not_number = [](char32_t c) { return !is_number(c); };
  const CodePoints not_after_number = separate_pairs(line, is_not_number, is_punctuation, Isolate::kSecond);
  const CodePoints not_before_number = separate_pairs(not_after_number, is_punctuation, is_not_number, Isolate::kFirst);
  return isolate(not_before_number, is_symbol);
}

/// sacreBLEU writes the ranges above U+FFFF with Python's four-digit escape. Python then reads U+2001 to U+2A6D: general
/// punctuation, arrows and mathematical signs are split, ideographs above U+FFFF are not. Its digits need the same.
bool is_chinese(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  static constexpr Range kRanges[] = {
      {0x2001, 0x2A6D},                                      // see above; holds dingbats, miscellaneous symbols and more
      {0x2E80, 0x2EFF},                                      // radicals
      {0x2F00, 0x2FDF},                                      // Kangxi radicals
      {0x2FF0, 0x303F},                                      // description characters, punctuation
      {0x3100, 0x312F},                                      // Bopomofo
      {0x31A0, 0x31BF},                                      // Bopomofo, extended
      {0x31C0, 0x31EF},                                      // strokes
      {0x3200, 0x33FF},                                      // enclosed letters, compatibility
      {0x3400, 0x4DB5},                                      // ideographs, extension A
      {0x4E00, 0x9FBB},                                      // ideographs
      {0xF900, 0xFA2D},                                      // compatibility ideographs
      {0xFA30, 0xFA6A}, {0xFA70, 0xFAD9}, {0xFE10, 0xFE1F},  // vertical forms
      {0xFE30, 0xFE4F},                                      // compatibility forms
      {0xFF00, 0xFFEF},                                      // full and half width
  };
  for (const Range& range : kRanges)
    if (c >= range.first && c <= range.last) return true;
  return false;
}

CodePoints tokenize_zh(CodePointView line) {
  return separate_periods_and_dashes(isolate_ascii_punctuation(isolate(strip(line), is_chinese)));
}

}  // namespace

CodePoints tokenize_for_bleu(CodePointView line, BleuTokenizer tokenizer) {
  switch (tokenizer) {
    case BleuTokenizer::k13a:
      return tokenize_13a(line);
    case BleuTokenizer::kIntl:
      return tokenize_intl(line);
    case BleuTokenizer::kZh:
      return tokenize_zh(line);
    case BleuTokenizer::kChar:
      return isolate(line, [](char32_t) { return true; });
    case BleuTokenizer::kNone:
      return CodePoints(line);
  }
  throw std::logic_error("unknown BLEU tokenizer");
}

}  // namespace attend
