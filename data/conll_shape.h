// What the first lines of a CoNLL file show of it: whether it has comments, and whether its first column counts the words.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace attend {

struct ConllLine {
  std::string text;
  std::uint64_t number = 0;  ///< in the file, from 1
};

inline constexpr std::string_view kConllBlanks = " \t";
inline constexpr char kConllComment = '#';

/// The columns of a line: separated by TABs where it has one, else by runs of spaces. None of a blank line.
void split_conll(std::string_view line, std::vector<std::string_view>& cells);

/// A line that ends a document, "-DOCSTART- -X- O".
bool is_document_start(const std::vector<std::string_view>& cells);

/// CoNLL-U's words of several tokens, "2-3", and empty nodes, "4.1": they stand beside the words and are none.
bool is_range_or_empty_node(std::string_view id);

struct ConllShape {
  bool has_comments = false;
  std::uint64_t first_comment = 0;  ///< its line
  bool counts_words = false;        ///< 1, 2, 3 in each sentence: CoNLL-U, CoNLL 2009 and alike
  bool has_tabs = false;
  std::size_t num_columns = 0;              ///< of the first line that does not begin with '#'; 0: there is none
  std::set<std::string, std::less<>> tags;  ///< of lines that do not begin with '#'

  /// Whether a line that begins with '#' is a comment, in a file that has them: one that looks like no word of this file, because its
  /// columns are others or its tag is nobody else's. Inside a sentence only one that has no TAB where the words have.
  bool is_comment(const ConllLine& line, const std::vector<std::string_view>& cells, std::int64_t tag_column, bool is_first) const;
};

/// Lines that begin with '#' are comments where the file shows it. They stand before a sentence's first word, or have no TAB where the
/// words have, and
///   1. their columns are not those of the words ("# text = A lamp ." above ten columns), or
///   2. none of them has a tag that a word has ("# id 17 domain=en" above four columns).
/// One line like "#word" is too little: it needs "# " or a second one. Columns count from 0, or from the last, which is -1.
ConllShape shape_of(const std::vector<ConllLine>& lines, std::int64_t tag_column);

}  // namespace attend
