#include "data/sentence_split.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <string>

namespace attend {
namespace {

constexpr std::string_view kMarks = ".!?", kSpaces = " \t\r\v\f\n";
constexpr std::array<std::string_view, 8> kClosing{")", "]", "\"", "'", "\u2019", "\u201D", "\u00BB", "\u203A"};
constexpr std::array<std::string_view, 12> kOpening{"(",      "[",      "\"",     "'",      "\u2018", "\u201C",
                                                    "\u201E", "\u201A", "\u00AB", "\u2039", "\u00BF", "\u00A1"};

// In lower case and sorted. What often ends a sentence (etc., Inc., p.m.) is not here unless it is written with full
// stops between its letters: the following upper case is then the better evidence.
constexpr std::string_view kAbbreviations[] = {"adm", "al",   "approx", "bros", "capt",   "cf",   "cmdr", "col", "dr",  "gen",
                                               "gov", "hon",  "lt",     "maj",  "messrs", "mlle", "mme",  "mr",  "mrs", "ms",
                                               "mt",  "pres", "prof",   "rep",  "rev",    "sen",  "sgt",  "st",  "viz", "vs"};
constexpr std::string_view kBeforeNumbers[] = {"apr", "art", "aug", "ca",  "ch", "dec", "eq", "feb", "fig", "figs", "jan",  "jul", "jun",
                                               "mar", "no",  "nos", "nov", "nr", "oct", "p",  "pp",  "sec", "sep",  "sept", "vol"};
static_assert(std::is_sorted(std::begin(kAbbreviations), std::end(kAbbreviations)));
static_assert(std::is_sorted(std::begin(kBeforeNumbers), std::end(kBeforeNumbers)));

bool is_listed(std::span<const std::string_view> list, const std::string& word) {
  return std::binary_search(list.begin(), list.end(), word);
}

bool is_in(std::string_view characters, char c) { return characters.find(c) != std::string_view::npos; }

template <std::size_t size>
std::size_t prefix_length(const std::array<std::string_view, size>& candidates, std::string_view text) {
  for (const std::string_view candidate : candidates)
    if (text.starts_with(candidate)) return candidate.size();
  return 0;
}

struct Character {
  utf8proc_category_t category;
  std::size_t bytes;
};

/// The first character of well-formed text that is not empty.
Character first_character(std::string_view text) {
  utf8proc_int32_t code_point = 0;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const utf8proc_ssize_t count = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  if (count <= 0) return {UTF8PROC_CATEGORY_CN, 1};
  return {utf8proc_category(code_point), static_cast<std::size_t>(count)};
}

bool is_digit(std::string_view text) { return first_character(text).category == UTF8PROC_CATEGORY_ND; }

bool may_begin_sentence(std::string_view text) {
  if (const std::size_t opening = prefix_length(kOpening, text)) return opening < text.size() && !is_in(kSpaces, text[opening]);
  const utf8proc_category_t category = first_character(text).category;
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT || category == UTF8PROC_CATEGORY_ND;
}

/// "J", "U.S", "e.g": single letters with full stops between.
bool is_dotted_letters(std::string_view word) {
  while (!word.empty()) {
    const Character letter = first_character(word);
    const bool is_letter = letter.category >= UTF8PROC_CATEGORY_LU && letter.category <= UTF8PROC_CATEGORY_LO;
    word.remove_prefix(letter.bytes);
    if (!is_letter || (!word.empty() && word.front() != '.')) return false;
    if (!word.empty()) word.remove_prefix(1);
  }
  return true;
}

/// Whether the full stop that `before` ends just ahead of belongs to its last word. `after` begins the next one.
bool is_abbreviation(std::string_view before, std::string_view after) {
  const std::size_t start = before.find_last_of(" \t\r\v\f\n([\"'") + 1;  // npos + 1 is 0
  const std::string_view word = before.substr(start);
  if (word.empty()) return false;
  // A small letter alone may well end a sentence ("vitamin c."); a capital is an initial.
  const bool is_one_small = first_character(word).bytes == word.size() && first_character(word).category != UTF8PROC_CATEGORY_LU;
  if (is_dotted_letters(word) && !is_one_small) return true;
  std::string lower(word);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return is_listed(kAbbreviations, lower) || (is_digit(after) && is_listed(kBeforeNumbers, lower));
}

}  // namespace

std::vector<std::string_view> split_sentences(std::string_view paragraph) {
  std::vector<std::string_view> sentences;
  const std::size_t first = paragraph.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return sentences;
  const std::string_view text = paragraph.substr(first, paragraph.find_last_not_of(kSpaces) + 1 - first);
  std::size_t begin = 0, at = 0;
  while ((at = text.find_first_of(kMarks, at)) != std::string_view::npos) {
    const std::size_t mark = at;
    while (at < text.size() && is_in(kMarks, text[at])) ++at;
    const bool is_full_stop = at == mark + 1 && text[mark] == '.';
    std::size_t end = at;
    while (const std::size_t closing = prefix_length(kClosing, text.substr(end))) end += closing;
    if (end == text.size()) break;
    if (!is_in(kSpaces, text[end])) continue;
    const std::size_t next = text.find_first_not_of(kSpaces, end);  // there is one: the text ends with no space
    const std::string_view after = text.substr(next);
    if (!may_begin_sentence(after)) continue;
    if (is_full_stop && end == at && is_abbreviation(text.substr(begin, mark - begin), after)) continue;
    sentences.push_back(text.substr(begin, end - begin));
    begin = at = next;
  }
  sentences.push_back(text.substr(begin));
  return sentences;
}

}  // namespace attend
