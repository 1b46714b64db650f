// Tab-separated tables of texts and labels: GLUE's files, and anything alike.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"

namespace attend {

/// Whether the first line names the columns.
enum class Header { kAuto, kYes, kNo };

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
class TableReader {
 public:
  static constexpr std::size_t kHeaderEvidenceRows = 1000;

  /// "-" is standard input. Throws UserError for a missing or empty file and for a column that is not there.
  TableReader(const std::filesystem::path& path, const TextColumns& columns, Header header = Header::kAuto);
  /// From a stream that outlives the reader.
  TableReader(std::istream& in, const std::string& name, const TextColumns& columns, Header header = Header::kAuto);

  /// The next row, valid until the next call; false at the end.
  /// Throws UserError, with the line, for a row of another width, an empty label, and ill-formed UTF-8; and where there is no row at all.
  bool next(LabelledText& row);

  const std::string& name() const { return lines_.name(); }
  bool has_header() const { return !column_names_.empty(); }
  const std::vector<std::string>& column_names() const { return column_names_; }  ///< empty without header

 private:
  struct Line {
    std::string text;
    std::uint64_t number = 0;
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  TableReader(LineReader lines, const TextColumns& columns, Header header);
  bool read_line(Line& line);  ///< from what was read ahead, then from the file
  bool fetch(Line& line);      ///< from the file, checked
  bool next_filled_line();     ///< into line_, past blank lines at the end
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
  bool has_rows_ = false;  // known at the first
  std::size_t text_ = kNone, text_pair_ = kNone, label_ = kNone;
  std::string label_is_;
};

/// All rows of a table, in memory little over their text's own size.
class LabelledTexts {
 public:
  std::size_t size() const { return rows_.size(); }
  LabelledText operator[](std::size_t row) const;
  const std::string& name() const { return name_; }  ///< of the file, for messages

 private:
  friend LabelledTexts collect_rows(TableReader& reader);
  struct Row {
    const char* begin;  // the text, its pair, its label, end to end
    std::uint32_t text_size, text_pair_size, label_size;
  };

  std::string name_;
  std::uint64_t first_line_ = 0;  // every line after it is a row
  std::deque<Row> rows_;
  std::vector<std::unique_ptr<char[]>> blocks_;
};

LabelledTexts collect_rows(TableReader& reader);
LabelledTexts read_labelled_text(const std::filesystem::path& path, const TextColumns& columns, Header header = Header::kAuto);

/// The label of a regression task. Throws UserError with the line where it is not one finite number.
double number_label(const LabelledText& row, const std::string& file);

}  // namespace attend
