// Rewriting rules that the tokenizers of BLEU and TER share: white space put around what is to be a word of its own.
#pragma once

#include "metrics/unicode_text.h"

namespace attend {

/// White space on both sides of every code point for which `stands_alone` holds.
template <class Predicate>
CodePoints isolate(CodePointView text, Predicate stands_alone) {
  CodePoints result;
  result.reserve(text.size() + text.size() / 4);
  for (const char32_t c : text) {
    if (stands_alone(c))
      result.append({U' ', c, U' '});
    else
      result += c;
  }
  return result;
}

/// Which member of a matched pair gets white space on both sides.
enum class Isolate { kFirst, kSecond };

/// Every pair of neighbours for which is_first and is_second hold is pulled apart. Matches are found from left to right and do
/// not overlap, as a regular expression's substitution finds them: in "..." not every pair is seen, and the digits depend on it.
template <class First, class Second>
CodePoints separate_pairs(CodePointView text, First is_first, Second is_second, Isolate isolated) {
  CodePoints result;
  result.reserve(text.size() + text.size() / 4);
  std::size_t i = 0;
  while (i < text.size()) {
    if (i + 1 == text.size() || !is_first(text[i]) || !is_second(text[i + 1])) {
      result += text[i++];
      continue;
    }
    if (isolated == Isolate::kFirst)
      result.append({U' ', text[i], U' ', text[i + 1]});
    else
      result.append({text[i], U' ', text[i + 1], U' '});
    i += 2;
  }
  return result;
}

/// mteval-v13a's first rule: every ASCII punctuation mark and symbol except ' , - . becomes a word.
CodePoints isolate_ascii_punctuation(CodePointView text);

/// mteval-v13a's other rules: periods and commas become words unless between digits, a dash does after a digit.
CodePoints separate_periods_and_dashes(CodePointView text);

/// &quot; &amp; &lt; &gt; become what they stand for, in this order ("&amp;lt;" becomes "<").
void decode_entities(CodePoints& text);

}  // namespace attend
