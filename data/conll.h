// CoNLL columns: a token a line with its tag, a blank line between sentences.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"

namespace attend {

struct TaggedSentence {
  std::vector<std::string> tokens, tags;  ///< as many
  std::uint64_t line = 0;                 ///< of the first token, from 1; the others follow line by line
};

/// From 0; a negative number counts from the last, which is -1.
struct ConllColumns {
  std::int64_t token = 0, tag = -1;
};

/// Reads a file sentence by sentence.
///
/// White space around a line does not count, so a line of a stray TAB is a blank one. Where a TAB is left, TABs separate the
/// columns, spaces around them do not count, and two TABs are one; elsewhere runs of spaces separate. A line whose first column
/// is -DOCSTART- ends a sentence and holds no token. There are no comments: "#" begins many a token.
/// Every line has as many columns as the first.
class ConllReader {
 public:
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
  ConllReader(LineReader lines, const ConllColumns& columns) : lines_(std::move(lines)), columns_(columns) {}
  void take_line(std::string_view line, TaggedSentence& sentence);
  std::size_t column_index(std::int64_t column) const;
  std::string place() const;

  LineReader lines_;
  ConllColumns columns_;
  std::vector<std::string_view> cells_;
  std::size_t num_columns_ = 0;  // 0: no line yet
  std::uint64_t first_line_ = 0;
  std::size_t token_ = 0, tag_ = 0;
};

std::vector<TaggedSentence> read_conll(const std::filesystem::path& path, const ConllColumns& columns = {});

}  // namespace attend
