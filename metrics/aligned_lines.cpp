#include "metrics/aligned_lines.h"

#include <algorithm>
#include <cassert>

#include "core/error.h"
#include "metrics/unicode_text.h"

namespace attend {

namespace {

bool read_line(LineReader& file, std::string& line) {
  if (!file.next(line)) return false;
  if (!is_valid_utf8(line)) {
    throw UserError(file.name() + ", line " + std::to_string(file.line_number()) + ": not valid UTF-8; expected UTF-8 text",
                    "convert the file, for example with: iconv -f ISO-8859-1 -t UTF-8");
  }
  strip_right(line);
  return true;
}

}  // namespace

AlignedLines::AlignedLines(LineReader hypothesis, std::vector<LineReader> references) {
  assert(!references.empty());
  files_.push_back(std::move(hypothesis));
  std::move(references.begin(), references.end(), std::back_inserter(files_));
}

bool AlignedLines::next(std::string& hypothesis, std::vector<std::string>& references) {
  references.resize(files_.size() - 1);
  std::size_t num_read = 0;
  for (std::size_t i = 0; i < files_.size(); ++i) num_read += read_line(files_[i], i == 0 ? hypothesis : references[i - 1]);
  if (num_read == files_.size()) return true;
  if (num_read > 0) throw_unequal();
  if (files_[0].line_number() == 0)
    throw UserError(files_[0].name() + " and its references are empty; expected at least one line", "check that the text was written");
  return false;
}

void AlignedLines::throw_unequal() {
  std::string counts;
  std::string line;
  for (LineReader& file : files_) {
    while (file.next(line)) {
    }
    counts += (counts.empty() ? "" : ", ") + file.name() + " has " + std::to_string(file.line_number());
  }
  throw UserError("different numbers of lines: " + counts + "; expected a reference line for each hypothesis line",
                  "check that no line was dropped; an empty translation is an empty line");
}

}  // namespace attend
