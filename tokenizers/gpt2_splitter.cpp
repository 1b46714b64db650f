#include "tokenizers/gpt2_splitter.h"

#include <array>
#include <cstdint>
#include <vector>

#include "core/text.h"

namespace attend {
namespace {

struct CodePointRange {
  char32_t first, last;
};

#include "tokenizers/gpt2_unicode.inc"

enum class Kind : std::uint8_t { kOther, kLetter, kNumber, kSpace };

constexpr std::size_t kCodePoints = 0x110000;

template <class Table>
constexpr void mark_kinds(Table& kinds) {
  const auto mark = [&](const auto& ranges, Kind kind) {
    for (const CodePointRange& range : ranges)
      for (char32_t code = range.first; code <= range.last && code < kinds.size(); ++code) kinds[code] = kind;
  };
  mark(kLetter, Kind::kLetter);
  mark(kNumber, Kind::kNumber);
  mark(kSpace, Kind::kSpace);
}

constexpr std::array<Kind, 128> kAsciiKinds = [] {
  std::array<Kind, 128> kinds{};
  mark_kinds(kinds);
  return kinds;
}();

Kind kind_of(char32_t code_point) {
  static const std::vector<Kind> kinds = [] {
    std::vector<Kind> made(kCodePoints, Kind::kOther);
    mark_kinds(made);
    return made;
  }();
  return kinds[code_point];
}

struct Character {
  Kind kind;
  std::size_t length;
};

Character character_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {kAsciiKinds[byte], 1};
  const Utf8Sequence sequence = utf8_at(text, at);
  return {kind_of(sequence.code_point), sequence.length};
}

std::size_t run_end(std::string_view text, std::size_t at, Kind kind) {
  while (at < text.size()) {
    const Character next = character_at(text, at);
    if (next.kind != kind) break;
    at += next.length;
  }
  return at;
}

/// Of 's, 't, 'm, 'd, 're, 've, 'll at the text's begin; 0 where it is none of them.
std::size_t contraction_length(std::string_view text) {
  if (text.size() < 2) return 0;
  const char first = text[1];
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if (text.size() < 3) return 0;
  const char second = text[2];
  return ((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l') ? 3 : 0;
}

}  // namespace

std::size_t gpt2_word_end(std::string_view text, std::size_t begin) {
  if (text[begin] == '\'')
    if (const std::size_t length = contraction_length(text.substr(begin)); length > 0) return begin + length;
  const Character first = character_at(text, begin);
  if (first.kind != Kind::kSpace) return run_end(text, begin + first.length, first.kind);
  std::size_t last = begin, end = begin + first.length;
  for (; end < text.size(); last = end, end += character_at(text, end).length) {
    const Character next = character_at(text, end);
    if (next.kind == Kind::kSpace) continue;
    // The last of several characters of white space goes with what follows, where it is a space, or alone.
    if (last > begin) return last;
    return text[begin] == ' ' ? run_end(text, end + next.length, next.kind) : end;
  }
  return end;
}

std::size_t last_gpt2_cut(std::string_view text, Cuts cuts) {
  for (std::size_t at = text.size(); at > 1;) {
    at = text.find_last_of(cuts == Cuts::kAtSpaces ? " " : " \r\n", at - 1);
    if (at == std::string_view::npos || at == 0) break;
    std::size_t before = at - 1;
    while (before > 0 && at - before < 4 && (static_cast<unsigned char>(text[before]) & 0xC0) == 0x80) --before;
    if (character_at(text, before).kind != Kind::kSpace) return at;
  }
  return 0;
}

}  // namespace attend
