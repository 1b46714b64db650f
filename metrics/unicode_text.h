// Text as the metrics see it: code points, with the classes, the white space and the lower case of Python and its `regex` module,
// because the digits of sacreBLEU and of SQuAD's scripts depend on them.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace attend {

using CodePoints = std::u32string;
using CodePointView = std::u32string_view;

/// Code points of UTF-8; ill-formed parts become U+FFFD.
CodePoints to_code_points(std::string_view utf8);

bool is_punctuation(char32_t code_point);  ///< \p{P}
bool is_symbol(char32_t code_point);       ///< \p{S}
bool is_number(char32_t code_point);       ///< \p{N}
bool is_space(char32_t code_point);        ///< Python's str.isspace()
bool is_word(char32_t code_point);         ///< \w of Python's re: letters, numbers, underscore

/// Python's str.lower(): one code point at a time, but U+0130 becomes two, and a capital sigma that ends a word becomes a final one.
CodePoints to_lower(CodePointView text);

/// Without white space at the end: Python's str.rstrip().
CodePointView strip_right(CodePointView text);
/// Without white space at either end: Python's str.strip().
CodePointView strip(CodePointView text);
/// The same on UTF-8, in place.
void strip_right(std::string& utf8);

/// The words between white space; views into `text`. Python's str.split().
std::vector<CodePointView> split_words(CodePointView text);

/// One space between the words.
CodePoints join_words(const std::vector<CodePointView>& words);

/// Every `from` (not empty), from left to right, becomes `to`.
void replace_all(CodePoints& text, CodePointView from, CodePointView to);

/// Gives equal words equal numbers, from 0. Keeps views: the texts must outlive it.
class WordNumbers {
 public:
  char32_t number(CodePointView word) { return numbers_.try_emplace(word, static_cast<char32_t>(numbers_.size())).first->second; }
  std::vector<char32_t> numbers(const std::vector<CodePointView>& words);

 private:
  std::unordered_map<CodePointView, char32_t> numbers_;
};

}  // namespace attend
