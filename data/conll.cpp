#include "data/conll.h"

#include "core/error.h"
#include "core/limits.h"

namespace attend {
namespace {

constexpr std::string_view kDocumentStart = "-DOCSTART-";
constexpr std::string_view kBlanks = " \t";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// The columns of a trimmed line that is not blank.
void split_columns(std::string_view line, std::vector<std::string_view>& cells) {
  cells.clear();
  const char separator = line.find('\t') != std::string_view::npos ? '\t' : ' ';
  for (std::size_t start = 0; start != std::string_view::npos;) {
    const std::size_t end = line.find(separator, start);
    if (const std::string_view cell = trimmed(line.substr(start, end - start)); !cell.empty()) cells.push_back(cell);
    start = end == std::string_view::npos ? end : end + 1;
  }
}

}  // namespace

ConllReader::ConllReader(const std::filesystem::path& path, const ConllColumns& columns) : ConllReader(LineReader(path), columns) {}

ConllReader::ConllReader(std::istream& in, const std::string& name, const ConllColumns& columns)
    : ConllReader(LineReader(in, name), columns) {}

std::string ConllReader::place() const { return name() + ", line " + std::to_string(lines_.line_number()); }

std::size_t ConllReader::column_index(std::int64_t column) const {
  const auto count = static_cast<std::int64_t>(num_columns_);
  const std::int64_t index = column < 0 ? count + column : column;
  if (index < 0 || index >= count)
    throw UserError(place() + ": no column " + std::to_string(column) + " among " + std::to_string(count),
                    "columns are counted from 0, or from the last, which is -1");
  return static_cast<std::size_t>(index);
}

void ConllReader::take_line(std::string_view line, TaggedSentence& sentence) {
  if (cells_.size() == 1)
    throw UserError(place() + ": found one column, '" + excerpt(line) + "'; expected a token and its tag, separated by a TAB or spaces",
                    "a blank line ends a sentence");
  if (num_columns_ == 0) {
    num_columns_ = cells_.size();
    first_line_ = lines_.line_number();
    token_ = column_index(columns_.token);
    tag_ = column_index(columns_.tag);
    if (token_ == tag_) throw UserError(name() + ": column " + std::to_string(token_) + " is asked for twice, as token and as tag");
  }
  if (cells_.size() != num_columns_)
    throw UserError(place() + ": " + std::to_string(cells_.size()) + " columns; expected " + std::to_string(num_columns_) +
                    ", as in line " + std::to_string(first_line_));
  if (cells_[tag_].find(' ') != std::string_view::npos)
    throw UserError(place() + ": the tag '" + excerpt(cells_[tag_]) + "' holds a space; expected one word",
                    "a line separates its columns by TABs or by spaces, not by both");
  if (sentence.tokens.size() == limits::kSentenceTokens)
    throw UserError(place() + ": a sentence of more than " + std::to_string(limits::kSentenceTokens) + " tokens",
                    "a blank line ends a sentence");
  if (sentence.tokens.empty()) sentence.line = lines_.line_number();
  sentence.tokens.emplace_back(cells_[token_]);
  sentence.tags.emplace_back(cells_[tag_]);
}

bool ConllReader::next(TaggedSentence& sentence) {
  sentence.tokens.clear();
  sentence.tags.clear();
  for (std::string line; lines_.next(line);) {
    if (!is_valid_utf8(line))
      throw UserError(place() + ": not valid UTF-8; expected UTF-8 text",
                      "convert the file, for example with: iconv -f ISO-8859-1 -t UTF-8");
    const std::string_view content = trimmed(line);
    if (!content.empty()) split_columns(content, cells_);
    if (content.empty() || cells_[0] == kDocumentStart) {
      if (!sentence.tokens.empty()) return true;
    } else {
      take_line(content, sentence);
    }
  }
  if (num_columns_ == 0)
    throw UserError(name() + (lines_.line_number() == 0 ? " is empty" : " holds no sentence") +
                    "; expected a token and its tag on each line");
  return !sentence.tokens.empty();
}

std::vector<TaggedSentence> read_conll(const std::filesystem::path& path, const ConllColumns& columns) {
  ConllReader reader(path, columns);
  std::vector<TaggedSentence> sentences;
  for (TaggedSentence sentence; reader.next(sentence);) sentences.push_back(std::move(sentence));
  return sentences;
}

}  // namespace attend
