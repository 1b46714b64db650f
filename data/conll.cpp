#include "data/conll.h"

#include <utility>

#include "core/error.h"
#include "core/limits.h"
#include "core/log.h"

namespace attend {
namespace {

constexpr std::size_t kShapeBytes = 4u << 20;  // read ahead at most; a line is at most limits::kLineBytes

}  // namespace

ConllReader::ConllReader(const std::filesystem::path& path, const ConllColumns& columns) : ConllReader(LineReader(path), columns) {}

ConllReader::ConllReader(std::istream& in, const std::string& name, const ConllColumns& columns)
    : ConllReader(LineReader(in, name), columns) {}

ConllReader::ConllReader(LineReader lines, const ConllColumns& columns) : lines_(std::move(lines)), columns_(columns) {
  std::size_t bytes = 0;
  for (ConllLine line; ahead_.size() < kShapeLines && bytes < kShapeBytes && lines_.next(line.text);) {
    line.number = lines_.line_number();
    bytes += line.text.size();
    ahead_.push_back(std::exchange(line, {}));
  }
  shape_ = shape_of(ahead_, columns_.tag);
  if (!columns_.comment && shape_.has_comments)
    log_info_once(name() + ": lines that begin with '#' before a sentence are comments, the first in line " +
                  std::to_string(shape_.first_comment) + "; --comment '' reads them as words");
  if (shape_.counts_words && columns_.token == 0)
    log_warning_once(name() +
                     ": the first column counts the words of each sentence, and it is read as the words; --token-column 1 reads "
                     "the column after it");
}

std::string ConllReader::place() const { return name() + ", line " + std::to_string(line_.number); }

bool ConllReader::next_line() {
  if (next_ahead_ < ahead_.size()) {
    line_ = std::move(ahead_[next_ahead_++]);
    if (next_ahead_ == ahead_.size()) ahead_ = {}, next_ahead_ = 0;
  } else {
    if (!lines_.next(line_.text)) return false;
    line_.number = lines_.line_number();
  }
  if (!is_valid_utf8(line_.text))
    throw UserError(place() + ": not valid UTF-8; expected UTF-8 text", "convert the file, for example with: iconv -f ISO-8859-1 -t UTF-8");
  split_conll(line_.text, cells_);
  return true;
}

bool ConllReader::is_comment(bool is_first) const {
  if (columns_.comment) return !columns_.comment->empty() && trimmed(line_.text, kConllBlanks).starts_with(*columns_.comment);
  return shape_.has_comments && cells_[0][0] == kConllComment && shape_.is_comment(line_, cells_, columns_.tag, is_first);
}

bool ConllReader::is_no_word() const { return shape_.counts_words && token_ != 0 && tag_ != 0 && is_range_or_empty_node(cells_[0]); }

std::size_t ConllReader::column_index(std::int64_t column) const {
  const auto count = static_cast<std::int64_t>(num_columns_);
  const std::int64_t index = column < 0 ? count + column : column;
  if (index < 0 || index >= count)
    throw UserError(place() + ": no column " + std::to_string(column) + " among " + std::to_string(count),
                    "columns are counted from 0, or from the last, which is -1");
  return static_cast<std::size_t>(index);
}

void ConllReader::choose_columns() {
  num_columns_ = cells_.size();
  first_line_ = line_.number;
  token_ = column_index(columns_.token);
  tag_ = column_index(columns_.tag);
  if (token_ == tag_) throw UserError(name() + ": column " + std::to_string(token_) + " is asked for twice, as token and as tag");
}

void ConllReader::take_line(TaggedSentence& sentence) {
  const std::string comment_hint =
      cells_[0][0] == kConllComment && !columns_.comment ? "--comment '#' passes over the lines that begin with it" : "";
  if (cells_.size() == 1)
    throw UserError(
        place() + ": found one column, '" + excerpt(cells_[0]) + "'; expected a token and its tag, separated by a TAB or spaces",
        comment_hint.empty() ? "a blank line ends a sentence" : comment_hint);
  if (num_columns_ == 0) choose_columns();
  if (cells_.size() != num_columns_)
    throw UserError(place() + ": " + std::to_string(cells_.size()) + " columns; expected " + std::to_string(num_columns_) +
                        ", as in line " + std::to_string(first_line_),
                    comment_hint);
  if (is_no_word()) {
    log_info_once(name() + ": the first column counts words; ranges such as 2-3 and empty nodes such as 4.1 are passed over");
    return;
  }
  if (cells_[tag_].find(' ') != std::string_view::npos)
    throw UserError(place() + ": the tag '" + excerpt(cells_[tag_]) + "' holds a space; expected one word",
                    "a line separates its columns by TABs or by spaces, not by both");
  if (sentence.tokens.size() == limits::kSentenceTokens)
    throw UserError(place() + ": a sentence of more than " + std::to_string(limits::kSentenceTokens) + " tokens",
                    "a blank line ends a sentence");
  sentence.lines.push_back(line_.number);
  sentence.tokens.emplace_back(cells_[token_]);
  sentence.tags.emplace_back(cells_[tag_]);
}

bool ConllReader::next(TaggedSentence& sentence) {
  sentence = {};
  while (next_line()) {
    if (cells_.empty() || is_document_start(cells_)) {
      if (!sentence.tokens.empty()) return true;
    } else if (!is_comment(sentence.tokens.empty())) {
      take_line(sentence);
    }
  }
  if (num_columns_ == 0)
    throw UserError(name() + (line_.number == 0 ? " is empty" : " holds no sentence") + "; expected a token and its tag on each line");
  return !sentence.tokens.empty();
}

}  // namespace attend
