// Tab-separated tables of texts and labels: GLUE's files, and anything alike.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"

namespace attend {

/// Whether the first line names the columns.
enum class Header { kAuto, kYes, kNo };

/// What becomes of rows that cannot be read: the first ends the reading, or all are left out and counted.
enum class BadRows { kRefuse, kSkip };

/// How a table is to be read.
struct TableForm {
  Header header = Header::kAuto;
  BadRows bad_rows = BadRows::kRefuse;
};

/// Which columns hold what: a name where the file has a header, else a number from 0 (with a header a number is understood too,
/// unless a column has it as its name). "" is none.
struct TextColumns {
  std::string text, text_pair, label;
  std::string text_is = "text", label_is = "label";  ///< what messages call them
};

/// One row. Views into its owner.
struct LabelledText {
  std::string_view text, text_pair, label;  ///< empty where no column was asked for
  std::uint64_t line = 0;                   ///< in the file, from 1
};

/// Reads a table row by row, in constant memory.
///
/// Columns are separated by TABs and nothing else is special: quotes are ordinary characters, a byte-order mark and the CR of
/// a CRLF are dropped. Every row has as many columns as the first line. Blank lines at the end are ignored, except in a table
/// of one column, where a blank line is an empty text. The label is never empty.
///
/// Header::kAuto decides so: asked for by name, there is a header. Asked for by numbers, the first line is a header where
///   1. its cells are all different, none is empty and none is a number, and
///   2. a column below tells it apart: its cells are all numbers; or it is the label's column (any, where no label is asked for),
///      its cells repeat, at most half as many different ones as rows, and the first line's is not among them.
/// "Below" are the next kHeaderEvidenceRows rows. A table too short to tell has no header.
///
/// BadRows::kSkip leaves out rows of another width, blank lines in between, empty labels and ill-formed UTF-8, with one warning at the
/// end that counts them and names the first.
class TableReader {
 public:
  static constexpr std::size_t kHeaderEvidenceRows = 1000;

  /// "-" is standard input. Throws UserError for a missing or empty file and for a column that is not there.
  TableReader(const std::filesystem::path& path, const TextColumns& columns, const TableForm& form = {});
  /// From a stream that outlives the reader.
  TableReader(std::istream& in, const std::string& name, const TextColumns& columns, const TableForm& form = {});

  /// The next row, valid until the next call; false at the end.
  /// Throws UserError, with the line, for a row of another width, an empty label, and ill-formed UTF-8; and where there is no row at all.
  bool next(LabelledText& row);

  const std::string& name() const { return lines_.name(); }
  /// Whether the first line names the columns. Programs need not ask: a row knows its line.
  bool has_header() const { return !column_names_.empty(); }

 private:
  struct Line {
    std::string text;
    std::uint64_t number = 0;
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  TableReader(LineReader lines, const TextColumns& columns, const TableForm& form);
  bool read_line(Line& line);  ///< from what was read ahead, then from the file
  bool fetch(Line& line);      ///< from the file
  bool next_filled_line();     ///< into line_, past blank lines at the end
  void require_utf8(const Line& line) const;
  void take_line(LabelledText& row);  ///< throws UserError for a line that is no row
  void report_skipped() const;
  void read_ahead();
  bool looks_like_header(const std::vector<std::string_view>& first, std::size_t label) const;
  std::size_t column_index(const std::string& column) const;
  void choose_columns(const TextColumns& columns);
  std::string place() const;  ///< file and line of the last row, for messages

  LineReader lines_;
  std::deque<Line> ahead_;
  Line line_;
  std::vector<std::string_view> cells_;
  std::vector<std::string> column_names_;
  std::size_t num_columns_ = 0;
  std::size_t text_ = kNone, text_pair_ = kNone, label_ = kNone;
  std::string label_is_;
  BadRows bad_rows_ = BadRows::kRefuse;
  std::uint64_t num_rows_ = 0, num_bad_ = 0;
  std::string first_bad_;  // what is wrong with it, its line included
};

/// The label of a regression task. Throws UserError with the line where it is not one finite number.
double number_label(const LabelledText& row, const std::string& file);

}  // namespace attend
