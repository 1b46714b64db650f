#include "data/table.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "core/error.h"
#include "core/limits.h"
#include "core/log.h"
#include "data/number_text.h"

namespace attend {
namespace {

constexpr std::size_t kEvidenceBytes = 4u << 20;  // read ahead at most; a line is at most limits::kLineBytes
constexpr std::size_t kColumnsInMessage = 30;

void split_cells(std::string_view line, std::vector<std::string_view>& cells) {
  cells.clear();
  for (std::size_t start = 0;;) {
    const std::size_t tab = line.find('\t', start);
    cells.push_back(line.substr(start, tab - start));
    if (tab == std::string_view::npos) return;
    start = tab + 1;
  }
}

/// "0", "12", but not "01" or "-1".
std::optional<std::size_t> column_number(std::string_view text) {
  if (text.empty() || text.size() > 6 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::size_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = 10 * number + static_cast<std::size_t>(c - '0');
  }
  return number;
}

bool only_numbers(const TextColumns& columns) {
  const auto fits = [](const std::string& column) { return column.empty() || column_number(column).has_value(); };
  return fits(columns.text) && fits(columns.text_pair) && fits(columns.label);
}

std::string counted_columns(std::size_t count) { return std::to_string(count) + (count == 1 ? " column" : " columns"); }

std::string numbers_to(std::size_t count) { return count == 1 ? "0" : "0 to " + std::to_string(count - 1); }

}  // namespace

TableReader::TableReader(const std::filesystem::path& path, const TextColumns& columns, const TableForm& form)
    : TableReader(LineReader(path), columns, form) {}

TableReader::TableReader(std::istream& in, const std::string& name, const TextColumns& columns, const TableForm& form)
    : TableReader(LineReader(in, name), columns, form) {}

TableReader::TableReader(LineReader lines, const TextColumns& columns, const TableForm& form)
    : lines_(std::move(lines)), bad_rows_(form.bad_rows) {
  Line first;
  if (!fetch(first)) throw UserError(name() + " is empty; expected a table, columns separated by TABs");
  require_utf8(first);
  std::vector<std::string_view> cells;
  split_cells(first.text, cells);
  num_columns_ = cells.size();
  if (num_columns_ > limits::kTableColumns)
    throw UserError(name() + ", line 1: " + counted_columns(num_columns_) + "; at most " + std::to_string(limits::kTableColumns) +
                    " are read");

  if (first.text.empty() && !(columns.text_pair + columns.label).empty())
    throw UserError(name() + ", line 1: blank; expected the names of the columns or the first row");

  const bool by_number = only_numbers(columns);
  bool is_header = form.header == Header::kYes || (form.header == Header::kAuto && !by_number);
  if (form.header == Header::kAuto && by_number) {
    read_ahead();
    const std::optional<std::size_t> label = column_number(columns.label);
    is_header = looks_like_header(cells, label.value_or(kNone));
    if (is_header)
      log_info_once(name() + ": the first line is taken as a header (\"" + excerpt(first.text) + "\"); --header no reads it as a row");
  }
  if (is_header)
    column_names_.assign(cells.begin(), cells.end());
  else
    ahead_.push_front(std::move(first));

  choose_columns(columns);
}

bool TableReader::fetch(Line& line) {
  if (!lines_.next(line.text)) return false;
  line.number = lines_.line_number();
  return true;
}

void TableReader::require_utf8(const Line& line) const {
  if (!is_valid_utf8(line.text))
    throw UserError(name() + ", line " + std::to_string(line.number) + ": not valid UTF-8; expected UTF-8 text",
                    "convert the file, for example with: iconv -f ISO-8859-1 -t UTF-8");
}

bool TableReader::read_line(Line& line) {
  if (ahead_.empty()) return fetch(line);
  line = std::move(ahead_.front());
  ahead_.pop_front();
  return true;
}

void TableReader::read_ahead() {
  std::size_t bytes = 0;
  for (Line line; ahead_.size() < kHeaderEvidenceRows && bytes < kEvidenceBytes && fetch(line);) {
    bytes += line.text.size();
    ahead_.push_back(std::move(line));
  }
}

bool TableReader::looks_like_header(const std::vector<std::string_view>& first, std::size_t label) const {
  const std::unordered_set<std::string_view> different(first.begin(), first.end());
  if (different.size() < first.size()) return false;
  if (std::any_of(first.begin(), first.end(), [](std::string_view cell) { return cell.empty() || number_from_text(cell).has_value(); }))
    return false;

  std::vector<std::unordered_set<std::string_view>> values(first.size());
  std::vector<bool> all_numbers(first.size(), true);
  std::size_t num_rows = 0;
  std::vector<std::string_view> cells;
  for (const Line& line : ahead_) {
    split_cells(line.text, cells);
    if (cells.size() != first.size()) continue;  // blank lines at the end, and rows that are refused when their turn comes
    ++num_rows;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      values[i].insert(cells[i]);
      if (all_numbers[i] && !number_from_text(cells[i])) all_numbers[i] = false;
    }
  }
  for (std::size_t i = 0; i < first.size() && num_rows > 0; ++i) {
    if (all_numbers[i]) return true;
    const bool may_be_label = label == kNone || label == i;
    if (may_be_label && 2 * values[i].size() <= num_rows && !values[i].contains(first[i])) return true;
  }
  return false;
}

std::size_t TableReader::column_index(const std::string& column) const {
  const auto found = std::find(column_names_.begin(), column_names_.end(), column);
  if (found != column_names_.end()) {
    if (std::find(found + 1, column_names_.end(), column) != column_names_.end())
      throw UserError(name() + ": two columns are called '" + excerpt(column) + "'", "give its number from 0");
    return static_cast<std::size_t>(found - column_names_.begin());
  }
  const std::optional<std::size_t> number = column_number(column);
  if (number && *number < num_columns_) return *number;
  if (number)
    throw UserError(name() + " has no column " + column + "; it has " + counted_columns(num_columns_) + ", " + numbers_to(num_columns_),
                    num_columns_ == 1 ? "columns are separated by TABs, not by commas or spaces" : "columns are counted from 0");
  if (!has_header())
    throw UserError(
        name() + " is read without a header, so '" + excerpt(column) + "' names no column; expected a number, " + numbers_to(num_columns_),
        "give --header yes where the first line names the columns");

  std::string listed;
  for (std::size_t i = 0; i < std::min(num_columns_, kColumnsInMessage); ++i)
    listed += (i ? ", '" : "'") + excerpt(column_names_[i], 40) + "'";
  if (num_columns_ > kColumnsInMessage) listed += " and " + std::to_string(num_columns_ - kColumnsInMessage) + " more";
  const std::string near = nearest(column, column_names_);
  throw UserError(name() + " has no column '" + excerpt(column) + "'; its first line names " + listed,
                  near.empty() ? "where the first line is a row and no header, give numbers from 0: " + numbers_to(num_columns_)
                               : "did you mean '" + excerpt(near) + "'?");
}

void TableReader::choose_columns(const TextColumns& columns) {
  if (columns.text.empty())
    throw UserError(name() + ": no column of " + columns.text_is + "s was asked for", "give its name, or its number from 0");
  text_ = column_index(columns.text);
  if (!columns.text_pair.empty()) text_pair_ = column_index(columns.text_pair);
  if (!columns.label.empty()) label_ = column_index(columns.label);
  label_is_ = columns.label_is;
  const auto refuse_twice = [&](const std::string& column, const std::string& what) {
    throw UserError(name() + ": column '" + excerpt(column) + "' is asked for twice, as " + what);
  };
  if (text_pair_ == text_) refuse_twice(columns.text_pair, "text and as the other text of the pair");
  if (label_ == text_) refuse_twice(columns.label, columns.text_is + " and as " + columns.label_is);
  if (label_ == text_pair_ && label_ != kNone) refuse_twice(columns.label, "the other text of the pair and as label");
}

std::string TableReader::place() const { return name() + ", line " + std::to_string(line_.number); }

bool TableReader::next_filled_line() {
  if (!read_line(line_)) return false;
  if (!line_.text.empty() || num_columns_ == 1) return true;
  const std::string blank = place() + ": blank; expected " + counted_columns(num_columns_) + " separated by TABs";
  for (std::uint64_t count = 1; read_line(line_); ++count) {
    if (line_.text.empty()) continue;
    if (bad_rows_ == BadRows::kRefuse)
      throw UserError(blank, "blank lines may stand only at the end; --bad-rows skip leaves out what is no row");
    if (num_bad_ == 0) first_bad_ = blank;
    num_bad_ += count;
    return true;
  }
  return false;
}

void TableReader::take_line(LabelledText& row) {
  require_utf8(line_);
  split_cells(line_.text, cells_);
  if (cells_.size() != num_columns_)
    throw UserError(place() + ": " + counted_columns(cells_.size()) + "; expected " + std::to_string(num_columns_) + ", as in line 1",
                    "each row is one line, and its texts hold no TAB; quotes are ordinary characters; --bad-rows skip leaves others out");
  row.text = cells_[text_];
  row.text_pair = text_pair_ == kNone ? std::string_view{} : cells_[text_pair_];
  row.label = label_ == kNone ? std::string_view{} : cells_[label_];
  row.line = line_.number;
  if (label_ != kNone && row.label.empty())
    throw UserError(place() + ": the " + label_is_ + " is empty; expected one in column " + std::to_string(label_),
                    "--bad-rows skip leaves such rows out");
}

void TableReader::report_skipped() const {
  if (num_bad_ == 0) return;
  const std::string counted = std::to_string(num_bad_) + " of " + std::to_string(num_bad_ + num_rows_) + " rows";
  if (num_rows_ == 0) throw UserError(name() + ": none of its " + std::to_string(num_bad_) + " rows can be read; the first: " + first_bad_);
  log_warning_once(name() + ": " + counted + " cannot be read and are left out (--bad-rows skip); the first: " + first_bad_);
}

bool TableReader::next(LabelledText& row) {
  while (next_filled_line()) {
    try {
      take_line(row);
      ++num_rows_;
      return true;
    } catch (const UserError& error) {
      if (bad_rows_ == BadRows::kRefuse) throw;
      if (num_bad_++ == 0) first_bad_ = error.what();
    }
  }
  report_skipped();
  if (num_rows_ == 0) throw UserError(name() + " holds a header and no rows", "check that the file was written whole");
  return false;
}

double number_label(const LabelledText& row, const std::string& file) {
  if (const std::optional<double> value = number_from_text(row.label)) return *value;
  throw UserError(file + ", line " + std::to_string(row.line) + ": the label is '" + excerpt(row.label) + "'; expected a number",
                  "regression learns numbers; names are learnt by classification");
}

}  // namespace attend
