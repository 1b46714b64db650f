// A hypothesis file and its reference files, read side by side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/text.h"

namespace attend {

/// Lines of a hypothesis and of one or more references that belong together; only one of each is in memory.
/// White space at the end of a line is dropped, as sacreBLEU's command does.
class AlignedLines {
 public:
  AlignedLines(LineReader hypothesis, std::vector<LineReader> references);

  /// The next segment; false at the end.
  /// Throws UserError where the files have different numbers of lines (it says how many each has), where they have none,
  /// and where a line is not UTF-8.
  bool next(std::string& hypothesis, std::vector<std::string>& references);

 private:
  /// Reads the rest of every file to say how many lines each has.
  [[noreturn]] void throw_unequal();

  std::vector<LineReader> files_;  // the hypothesis, then the references
};

}  // namespace attend
