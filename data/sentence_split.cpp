#include "data/sentence_split.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <string>

#include "core/text.h"

namespace attend {
namespace {

constexpr std::string_view kMarks = ".!?";
// They end sentences and nothing else, so that nothing need follow them: the full stops and marks of Chinese and Japanese (also half
// width), of the Indian scripts, of Arabic and Urdu, of Armenian, Ethiopic, Burmese and Khmer.
constexpr std::array<std::string_view, 12> kSureMarks{"\u3002", "\uFF01", "\uFF1F", "\uFF61", "\u0964", "\u0965",
                                                      "\u061F", "\u06D4", "\u0589", "\u1362", "\u104B", "\u17D4"};
constexpr std::string_view kMarkBytes = ".!?\xE3\xEF\xE0\xD8\xDB\xD6\xE1";  // with which all of them begin
constexpr std::array<std::string_view, 14> kClosing{")",      "]",      "\"",     "'",      "\u2019", "\u201D", "\u00BB",
                                                    "\u203A", "\u300D", "\u300F", "\uFF09", "\u3011", "\u300B", "\u3009"};
constexpr std::array<std::string_view, 18> kOpening{"(",      "[",      "\"",     "'",      "\u2018", "\u201C",
                                                    "\u201E", "\u201A", "\u00AB", "\u2039", "\u00BF", "\u00A1",
                                                    "\u300C", "\u300E", "\uFF08", "\u3010", "\u300A", "\u3008"};

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

/// Bytes of the white space that a text begins with; 0 for none, and for an empty text. What holds words together is none.
std::size_t space_length(std::string_view text) {
  if (text.empty()) return 0;
  const Utf8Sequence first = utf8_at(text, 0);
  const bool holds_together = first.code_point == 0xA0 || first.code_point == 0x2007 || first.code_point == 0x202F;
  return is_white_space(first.code_point) && !holds_together ? first.length : 0;
}

std::size_t spaces_length(std::string_view text) {
  std::size_t length = 0;
  while (const std::size_t space = space_length(text.substr(length))) length += space;
  return length;
}

/// The marks that a text begins with: how many bytes, and whether one of them is sure.
struct Marks {
  std::size_t bytes = 0;
  bool is_sure = false;
};
Marks marks_of(std::string_view text) {
  Marks marks;
  while (marks.bytes < text.size()) {
    const std::size_t sure = prefix_length(kSureMarks, text.substr(marks.bytes));
    if (sure == 0 && !is_in(kMarks, text[marks.bytes])) break;
    marks.is_sure = marks.is_sure || sure > 0;
    marks.bytes += std::max<std::size_t>(sure, 1);
  }
  return marks;
}

bool is_digit(std::string_view text) { return first_character(text).category == UTF8PROC_CATEGORY_ND; }

bool may_begin_sentence(std::string_view text) {
  if (const std::size_t opening = prefix_length(kOpening, text)) return opening < text.size() && space_length(text.substr(opening)) == 0;
  const utf8proc_category_t category = first_character(text).category;
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT || category == UTF8PROC_CATEGORY_LO ||
         category == UTF8PROC_CATEGORY_ND;
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
  const std::string_view text = trimmed(paragraph);
  if (text.empty()) return sentences;
  std::size_t begin = 0, at = 0;
  while ((at = text.find_first_of(kMarkBytes, at)) != std::string_view::npos) {
    const std::size_t mark = at;
    const Marks marks = marks_of(text.substr(mark));
    if (marks.bytes == 0) {  // another character that begins with the same byte
      ++at;
      continue;
    }
    at += marks.bytes;
    const bool is_full_stop = marks.bytes == 1 && text[mark] == '.';
    std::size_t end = at;
    while (const std::size_t closing = prefix_length(kClosing, text.substr(end))) end += closing;
    if (end == text.size()) break;
    const std::size_t next = end + spaces_length(text.substr(end));  // there is more: the text ends with no space
    if (!marks.is_sure) {
      if (next == end) continue;
      const std::string_view after = text.substr(next);
      if (!may_begin_sentence(after)) continue;
      if (is_full_stop && end == at && is_abbreviation(text.substr(begin, mark - begin), after)) continue;
    }
    sentences.push_back(text.substr(begin, end - begin));
    begin = at = next;
  }
  sentences.push_back(text.substr(begin));
  return sentences;
}

}  // namespace attend
