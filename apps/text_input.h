// Text that a command answers line by line: a file, standard input, or what is typed on a terminal.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/line_editor.h"
#include "core/text.h"

namespace attend {

class TextInput {
 public:
  /// "-" is `in`; where that is a terminal, lines are edited there, and `invitation` says what to type. Throws UserError.
  TextInput(const std::filesystem::path& path, std::istream& in, const std::string& invitation);
  /// Lines of `in`, of which `is_more_ready` says whether more can be had without waiting.
  TextInput(std::istream& in, std::function<bool()> is_more_ready);

  LineReader& lines() { return *lines_; }
  /// Whether lines are typed on a terminal.
  bool is_typed() const { return typed_ != nullptr; }
  /// Whether a further line can be had without waiting: what has come is answered first. Nothing: always.
  const std::function<bool()>& is_more_ready() const { return is_more_ready_; }

 private:
  std::optional<EditedLines> typed_lines_;
  std::unique_ptr<std::istream> typed_;
  std::unique_ptr<LineReader> lines_;
  std::function<bool()> is_more_ready_;
};

struct InputLine {
  std::string text;
  std::uint64_t number = 0;  ///< from 1
  std::string beside = {};   ///< the line of LineHandling::beside with the same number
};

inline constexpr std::size_t kWindowLines = 2048;      ///< enough to sort into batches of one length
inline constexpr std::size_t kLinesAtOnce = 64;        ///< of answers that take long each: they fill a batch or two
inline constexpr std::size_t kWindowBytes = 4u << 20;  ///< bounds what a text of giant lines takes

/// The answer to an empty line: as JSON it is "null", so that every line of JSON Lines is one.
inline const char* empty_answer(bool as_json) { return as_json ? "null" : ""; }

struct LineHandling {
  std::size_t window_lines = kWindowLines;
  LineReader* beside = nullptr;                                    ///< a second text, a line for each line
  std::function<std::string(const InputLine&)> empty_answer = {};  ///< to an empty line; nothing: an empty line
};

/// Answers every line in its order, a window of them at a time. `answer` gets lines that are not empty and returns as many answers, of
/// which none ends with a line break. A window ends where its lines, those beside them too, come to kWindowBytes. A UserError comes
/// after the answers to the lines before, and names its line; also where the text beside has fewer or more lines.
using AnswerLines = std::function<std::vector<std::string>(const std::vector<InputLine>& lines)>;
void answer_lines(TextInput& input, std::ostream& out, const AnswerLines& answer, const LineHandling& how = {});
/// The same with one answer to every empty line.
inline void answer_lines(TextInput& input, std::ostream& out, const AnswerLines& answer, std::size_t window_lines,
                         const std::string& empty_answer) {
  answer_lines(input, out, answer, {.window_lines = window_lines, .empty_answer = [&](const InputLine&) { return empty_answer; }});
}

}  // namespace attend
