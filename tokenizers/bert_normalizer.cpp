#include "tokenizers/bert_normalizer.h"

#include <algorithm>
#include <iterator>

namespace attend {
namespace {

struct CodePointRange {
  char32_t first, last;
};
struct CombiningRange {
  char32_t first, last;
  std::uint8_t combining_class;
};
struct DecompositionBlock {
  char32_t first, last;
  std::size_t index;
};
struct DecompositionTail {
  char32_t first, second, third;  // what decomposes, and what follows the first part; third is 0 where nothing does
};
struct LowerRun {
  char32_t first, last;
  std::uint32_t step;  // every step-th code point of the range
  std::int32_t delta;
};

#include "tokenizers/bert_unicode.inc"

constexpr std::size_t kCodePoints = 0x110000;
constexpr char32_t kCapitalDottedI = 0x130, kCombiningDotAbove = 0x307;

// Syllables of Hangul come apart by arithmetic.
constexpr char32_t kHangul = 0xAC00, kHangulLast = 0xD7A3, kLeading = 0x1100, kVowel = 0x1161, kTrailing = 0x11A7;
constexpr char32_t kTrailingCount = 28, kVowelTimesTrailing = 588;

template <class Range, std::size_t size>
const Range* find_range(const Range (&table)[size], char32_t code_point) {
  const Range* after = std::upper_bound(std::begin(table), std::end(table), code_point,
                                        [](char32_t value, const Range& range) { return value < range.first; });
  if (after == std::begin(table)) return nullptr;
  const Range* range = after - 1;
  return code_point <= range->last ? range : nullptr;
}

std::vector<std::uint8_t> make_classes() {
  std::vector<std::uint8_t> classes(kCodePoints, 0);
  const auto mark = [&](const auto& table, std::uint8_t bit) {
    for (const auto& range : table)
      for (char32_t code = range.first; code <= range.last; ++code) classes[code] |= bit;
  };
  mark(kRemoved, bert_class::kRemoved);
  mark(kSpace, bert_class::kSpace);
  mark(kPunctuation, bert_class::kPunctuation);
  mark(kIdeograph, bert_class::kIdeograph);
  mark(kMark, bert_class::kMark);
  mark(kCombining, bert_class::kCombining);
  mark(kDecomposition, bert_class::kDecomposing);
  for (char32_t code = kHangul; code <= kHangulLast; ++code) classes[code] |= bert_class::kDecomposing;
  for (const LowerRun& run : kLower)
    for (char32_t code = run.first; code <= run.last; code += run.step) classes[code] |= bert_class::kCapital;
  classes[kCapitalDottedI] |= bert_class::kCapital;
  return classes;
}

char32_t lower_of(char32_t capital) {
  const LowerRun* run = find_range(kLower, capital);
  return static_cast<char32_t>(static_cast<std::int32_t>(capital) + run->delta);
}

std::uint8_t combining_class(char32_t code_point) {
  const CombiningRange* range = find_range(kCombining, code_point);
  return range ? range->combining_class : 0;
}

}  // namespace

const std::uint8_t* bert_classes() {
  static const std::vector<std::uint8_t> classes = make_classes();
  return classes.data();
}

bool is_word_character(char32_t code_point) { return find_range(kWordCharacter, code_point) != nullptr; }

BertNormalizer::BertNormalizer(const BertNormalization& normalization) : normalization_(normalization), classes_(bert_classes()) {
  for (char32_t code = 0; code < ascii_.size(); ++code) {
    ascii_[code] = code;
    if (normalization.clean && (classes_[code] & bert_class::kRemoved)) ascii_[code] = kGone;
    if (normalization.clean && ascii_[code] != kGone && (classes_[code] & bert_class::kSpace)) ascii_[code] = U' ';
    if (normalization.lowercase && (classes_[code] & bert_class::kCapital)) ascii_[code] = lower_of(code);
  }
}

void BertNormalizer::take(char32_t code_point, TextSpan span, Pending& pending) const {
  const std::uint8_t classes = classes_[code_point];
  if (normalization_.clean) {
    if (classes & bert_class::kRemoved) return;
    if (classes & bert_class::kSpace) code_point = U' ';
  }
  const bool spaced = normalization_.space_ideographs && (classes & bert_class::kIdeograph);
  if (spaced) take_apart(U' ', span, pending);
  take_apart(code_point, span, pending);
  if (spaced) take_apart(U' ', span, pending);
}

void BertNormalizer::take_apart(char32_t code_point, TextSpan span, Pending& pending) const {
  if (!normalization_.strip_accents) return add(code_point, span, pending);
  const auto part = [&](char32_t code, bool replaces) {
    take_part({code, classes_[code] & bert_class::kCombining ? combining_class(code) : std::uint8_t{0}, replaces}, span, pending);
  };
  if (!(classes_[code_point] & bert_class::kDecomposing)) return part(code_point, true);
  if (code_point >= kHangul && code_point <= kHangulLast) {
    const char32_t index = code_point - kHangul;
    part(kLeading + index / kVowelTimesTrailing, true);
    part(kVowel + index % kVowelTimesTrailing / kTrailingCount, false);
    if (index % kTrailingCount != 0) part(kTrailing + index % kTrailingCount, false);
    return;
  }
  const DecompositionBlock* block = find_range(kDecomposition, code_point);
  part(kDecomposed[block->index + (code_point - block->first)], true);
  const auto* tail = std::lower_bound(std::begin(kDecompositionTail), std::end(kDecompositionTail), code_point,
                                      [](const DecompositionTail& entry, char32_t code) { return entry.first < code; });
  if (tail == std::end(kDecompositionTail) || tail->first != code_point) return;
  part(tail->second, false);
  if (tail->third != 0) part(tail->third, false);
}

void BertNormalizer::take_part(Mark part, TextSpan span, Pending& pending) const {
  if (part.combining_class != 0) {
    pending.marks.push_back(part);
    if (part.replaces) pending.mark_spans.push_back(span);
    return;
  }
  finish_marks(pending);
  if (!(classes_[part.code_point] & bert_class::kMark)) add(part.code_point, span, pending);
  pending.before = span;
}

/// Canonical ordering. As in the reference the n-th of those that replace a character takes the n-th place of the text, whoever it
/// was before, and the others the place of the one before them.
void BertNormalizer::finish_marks(Pending& pending) const {
  if (pending.marks.empty()) return;
  std::stable_sort(pending.marks.begin(), pending.marks.end(),
                   [](const Mark& a, const Mark& b) { return a.combining_class < b.combining_class; });
  auto next = pending.mark_spans.begin();
  TextSpan span = pending.before;
  for (const Mark& mark : pending.marks) {
    if (mark.replaces) span = *next++;
    if (!(classes_[mark.code_point] & bert_class::kMark)) add(mark.code_point, span, pending);
  }
  pending.before = span;
  pending.marks.clear();
  pending.mark_spans.clear();
}

void BertNormalizer::add(char32_t code_point, TextSpan span, Pending& pending) const {
  if (!normalization_.lowercase || !(classes_[code_point] & bert_class::kCapital)) {
    pending.ready.push_back({code_point, span});
  } else if (code_point == kCapitalDottedI) {
    pending.ready.push_back({U'i', span});
    pending.ready.push_back({kCombiningDotAbove, span});
  } else {
    pending.ready.push_back({lower_of(code_point), span});
  }
}

}  // namespace attend
