#include "data/conll_shape.h"

#include <algorithm>

#include "core/text.h"

namespace attend {
namespace {

/// The cell of a column, or "" where there is none.
std::string_view cell_at(const std::vector<std::string_view>& cells, std::int64_t column) {
  const auto count = static_cast<std::int64_t>(cells.size());
  const std::int64_t index = column < 0 ? count + column : column;
  return index < 0 || index >= count ? std::string_view{} : cells[static_cast<std::size_t>(index)];
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool has_tab(const ConllLine& line) { return trimmed(line.text, kConllBlanks).find('\t') != std::string_view::npos; }

/// Follows the numbers of words through the sentences.
class WordCount {
 public:
  void end_sentence() { next_ = 1; }
  void take(std::string_view id) {
    if (is_range_or_empty_node(id)) return;
    if (id != std::to_string(next_++)) holds_ = false;
    is_any_ = true;
  }
  bool holds() const { return holds_ && is_any_; }

 private:
  std::uint64_t next_ = 1;
  bool holds_ = true, is_any_ = false;
};

/// What a sentence's lines are: words, or such as begin with '#'.
enum class LineKind { kEnd, kWord, kHash };

LineKind kind_of(std::string_view line, std::vector<std::string_view>& cells) {
  split_conll(line, cells);
  if (cells.empty() || is_document_start(cells)) return LineKind::kEnd;
  return cells[0][0] == kConllComment ? LineKind::kHash : LineKind::kWord;
}

/// Columns, tags and numbers of the lines that do not begin with '#'.
ConllShape shape_of_words(const std::vector<ConllLine>& lines, std::int64_t tag_column) {
  ConllShape shape;
  WordCount count;
  std::vector<std::string_view> cells;
  for (const ConllLine& line : lines) {
    const LineKind kind = kind_of(line.text, cells);
    if (kind == LineKind::kEnd) count.end_sentence();
    if (kind != LineKind::kWord) continue;
    if (shape.num_columns == 0) {
      shape.num_columns = cells.size();
      shape.has_tabs = has_tab(line);
    }
    if (cells.size() == shape.num_columns) shape.tags.emplace(cell_at(cells, tag_column));
    count.take(cells[0]);
  }
  shape.counts_words = shape.num_columns > 2 && count.holds();
  return shape;
}

}  // namespace

void split_conll(std::string_view line, std::vector<std::string_view>& cells) {
  cells.clear();
  line = trimmed(line, kConllBlanks);
  const char separator = line.find('\t') != std::string_view::npos ? '\t' : ' ';
  for (std::size_t start = 0; start != std::string_view::npos;) {
    const std::size_t end = line.find(separator, start);
    if (const std::string_view cell = trimmed(line.substr(start, end - start), kConllBlanks); !cell.empty()) cells.push_back(cell);
    start = end == std::string_view::npos ? end : end + 1;
  }
}

bool is_document_start(const std::vector<std::string_view>& cells) { return !cells.empty() && cells[0] == "-DOCSTART-"; }

bool is_range_or_empty_node(std::string_view id) {
  const std::size_t mark = id.find_first_of("-.");
  return mark != std::string_view::npos && is_number(id.substr(0, mark)) && is_number(id.substr(mark + 1));
}

bool ConllShape::is_comment(const ConllLine& line, const std::vector<std::string_view>& cells, std::int64_t tag_column,
                            bool is_first) const {
  if (has_tabs && !has_tab(line)) return true;
  return is_first && (cells.size() != num_columns || !tags.contains(cell_at(cells, tag_column)));
}

ConllShape shape_of(const std::vector<ConllLine>& lines, std::int64_t tag_column) {
  ConllShape shape = shape_of_words(lines, tag_column);
  if (shape.num_columns == 0) return shape;   // nothing to tell them from
  std::size_t odd = 0, alike = 0, words = 0;  // of other columns; of the words' columns with a tag of their own; with a word's tag
  bool is_spoken = false;                     // "# " and more
  bool is_first = true;
  std::vector<std::string_view> cells;
  for (const ConllLine& line : lines) {
    const LineKind kind = kind_of(line.text, cells);
    if (kind == LineKind::kHash && shape.is_comment(line, cells, tag_column, is_first)) {
      ++(cells.size() == shape.num_columns && has_tab(line) == shape.has_tabs ? alike : odd);
      is_spoken = is_spoken || (cells[0].size() == 1 && cells.size() > 1);
      if (shape.first_comment == 0) shape.first_comment = line.number;
      continue;
    }
    words += kind == LineKind::kHash && is_first;
    is_first = kind == LineKind::kEnd;
  }
  shape.has_comments = (odd > 0 || (alike > 0 && words == 0)) && (is_spoken || odd + alike > 1);
  return shape;
}

}  // namespace attend
