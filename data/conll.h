// CoNLL columns: a token a line with its tag, a blank line between sentences.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "data/conll_shape.h"

namespace attend {

struct TaggedSentence {
  std::vector<std::string> tokens, tags;  ///< as many
  std::vector<std::uint64_t> lines;       ///< where each token stands, from 1
};

/// Columns count from 0; a negative number counts from the last, which is -1.
struct ConllColumns {
  std::int64_t token = 0, tag = -1;
  /// Lines that begin with it are passed over; "": no line is. Not given: '#' before a sentence, where the file shows that it opens
  /// comments (conll_shape.h), which is said.
  std::optional<std::string> comment = {};
};

/// Reads a file sentence by sentence.
///
/// White space around a line does not count, so a line of a stray TAB is a blank one. Where a TAB is left, TABs separate the
/// columns, spaces around them do not count, and two TABs are one; elsewhere runs of spaces separate. A line whose first column
/// is -DOCSTART- ends a sentence and holds no token. Every line has as many columns as the first.
/// Where the first column counts the words (CoNLL-U) and is neither token nor tag, lines of ranges ("2-3") and empty nodes ("4.1") are
/// passed over.
class ConllReader {
 public:
  static constexpr std::size_t kShapeLines = 10'000;  ///< that are read ahead, to see what the file is

  /// "-" is standard input. Throws UserError for a missing file.
  explicit ConllReader(const std::filesystem::path& path, const ConllColumns& columns = {});
  /// From a stream that outlives the reader.
  ConllReader(std::istream& in, const std::string& name, const ConllColumns& columns = {});

  /// The next sentence, never an empty one; false at the end.
  /// Throws UserError, with the line, for a line of one column or of another number than the first, a column that is not there or is asked
  /// for twice, a tag that holds a space, a sentence of more than limits::kSentenceTokens and ill-formed UTF-8; and where the file has no
  /// sentence.
  bool next(TaggedSentence& sentence);

  const std::string& name() const { return lines_.name(); }

 private:
  ConllReader(LineReader lines, const ConllColumns& columns);
  bool next_line();  ///< into line_ and cells_
  bool is_comment(bool is_first) const;
  bool is_no_word() const;  ///< a range or an empty node
  void take_line(TaggedSentence& sentence);
  void choose_columns();
  std::size_t column_index(std::int64_t column) const;
  std::string place() const;

  LineReader lines_;
  ConllColumns columns_;
  ConllShape shape_;
  std::vector<ConllLine> ahead_;
  std::size_t next_ahead_ = 0;
  ConllLine line_;
  std::vector<std::string_view> cells_;
  std::size_t num_columns_ = 0;  // 0: no line yet
  std::uint64_t first_line_ = 0;
  std::size_t token_ = 0, tag_ = 0;
};

}  // namespace attend
