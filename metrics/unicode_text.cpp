#include "metrics/unicode_text.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <iterator>

#include "core/text.h"

namespace attend {

namespace {

struct CodePointRange {
  char32_t first, last;
};

struct LowerRun {
  char32_t first, last;
  std::uint32_t step;  // every step-th code point of the range
  std::int32_t delta;
};

#include "metrics/unicode_classes.inc"

constexpr char32_t kCapitalSigma = 0x3A3;
constexpr char32_t kSmallSigma = 0x3C3;
constexpr char32_t kFinalSigma = 0x3C2;
constexpr char32_t kCapitalDottedI = 0x130;
constexpr char32_t kCombiningDotAbove = 0x307;

/// The range of a sorted table that holds the code point, or null.
template <class Range, std::size_t size>
const Range* find_range(const Range (&table)[size], char32_t code_point) {
  const Range* after = std::upper_bound(std::begin(table), std::end(table), code_point,
                                        [](char32_t value, const Range& range) { return value < range.first; });
  if (after == std::begin(table)) return nullptr;
  const Range* range = after - 1;
  return code_point <= range->last ? range : nullptr;
}

template <std::size_t size>
bool in_class(const CodePointRange (&table)[size], char32_t code_point) {
  return find_range(table, code_point) != nullptr;
}

char32_t lower_of_one(char32_t code_point) {
  if (code_point < 0x80) return code_point >= U'A' && code_point <= U'Z' ? code_point + 32 : code_point;
  const LowerRun* run = find_range(kLower, code_point);
  if (run == nullptr || (code_point - run->first) % run->step != 0) return code_point;
  return static_cast<char32_t>(static_cast<std::int32_t>(code_point) + run->delta);
}

/// Unicode's Final_Sigma: a cased letter stands before the sigma at `position` and none after it, case-ignorable ones passed over.
bool ends_a_word(CodePointView text, std::size_t position) {
  std::size_t before = position;
  while (before > 0 && in_class(kCaseIgnorable, text[before - 1])) --before;
  if (before == 0 || !in_class(kCased, text[before - 1])) return false;
  std::size_t after = position + 1;
  while (after < text.size() && in_class(kCaseIgnorable, text[after])) ++after;
  return after == text.size() || !in_class(kCased, text[after]);
}

}  // namespace

CodePoints to_code_points(std::string_view utf8) {
  const std::vector<char32_t> decoded = decode_utf8(utf8);
  return CodePoints(decoded.begin(), decoded.end());
}

bool is_punctuation(char32_t code_point) { return in_class(kPunctuation, code_point); }
bool is_symbol(char32_t code_point) { return in_class(kSymbol, code_point); }
bool is_number(char32_t code_point) { return in_class(kNumber, code_point); }
bool is_word(char32_t code_point) { return in_class(kWord, code_point); }

bool is_space(char32_t code_point) {
  if (code_point > 0x20 && code_point < 0x80) return false;  // nearly all text
  return in_class(kSpace, code_point);
}

CodePoints to_lower(CodePointView text) {
  CodePoints lowered;
  lowered.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == kCapitalSigma) {
      lowered += ends_a_word(text, i) ? kFinalSigma : kSmallSigma;
    } else if (text[i] == kCapitalDottedI) {
      lowered += U'i';
      lowered += kCombiningDotAbove;
    } else {
      lowered += lower_of_one(text[i]);
    }
  }
  return lowered;
}

CodePointView strip_right(CodePointView text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

CodePointView strip(CodePointView text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return strip_right(text);
}

void strip_right(std::string& utf8) {
  while (!utf8.empty()) {
    std::size_t start = utf8.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(utf8[start]) & 0xC0) == 0x80) --start;
    const CodePoints last = to_code_points(std::string_view(utf8).substr(start));
    if (last.size() != 1 || !is_space(last.front())) return;
    utf8.resize(start);
  }
}

std::vector<CodePointView> split_words(CodePointView text) {
  std::vector<CodePointView> words;
  std::size_t position = 0;
  while (true) {
    while (position < text.size() && is_space(text[position])) ++position;
    if (position == text.size()) return words;
    const std::size_t start = position;
    while (position < text.size() && !is_space(text[position])) ++position;
    words.push_back(text.substr(start, position - start));
  }
}

CodePoints join_words(const std::vector<CodePointView>& words) {
  CodePoints joined;
  for (const CodePointView word : words) {
    if (!joined.empty()) joined += U' ';
    joined += word;
  }
  return joined;
}

void replace_all(CodePoints& text, CodePointView from, CodePointView to) {
  assert(!from.empty());
  std::size_t found = text.find(from);
  if (found == CodePoints::npos) return;
  CodePoints replaced;
  std::size_t copied = 0;
  for (; found != CodePoints::npos; found = text.find(from, copied)) {
    replaced.append(text, copied, found - copied).append(to);
    copied = found + from.size();
  }
  replaced.append(text, copied, CodePoints::npos);
  text = std::move(replaced);
}

std::vector<char32_t> WordNumbers::numbers(const std::vector<CodePointView>& words) {
  std::vector<char32_t> result;
  result.reserve(words.size());
  for (const CodePointView word : words) result.push_back(number(word));
  return result;
}

}  // namespace attend
