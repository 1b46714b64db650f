#include "apps/text_input.h"

#include <poll.h>
#include <unistd.h>

#include <iostream>

#include "core/error.h"
#include "core/log.h"

namespace attend {
namespace {

// A producer that pauses for this long gets the answers to what it has written so far.
constexpr int kPauseMilliseconds = 20;

bool standard_input_is_ready() {
  if (std::cin.rdbuf()->in_avail() > 0) return true;
  pollfd descriptor{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&descriptor, 1, kPauseMilliseconds) > 0;
}

// The line's own complaint, with its number where it has none yet.
UserError naming_line(const UserError& error, const InputLine& line) {
  const std::string name = "line " + std::to_string(line.number), what = error.what();
  return UserError(what.find(name) == std::string::npos ? name + ": " + what : what, error.hint());
}

// What can be answered of a window in which one line cannot: the lines before it.
std::vector<std::string> answer_one_by_one(const std::vector<InputLine>& filled, const AnswerLines& answer,
                                           std::optional<UserError>& failed) {
  std::vector<std::string> answers;
  for (const InputLine& line : filled) {
    try {
      answers.push_back(answer({line}).at(0));
    } catch (const UserError& error) {
      failed = naming_line(error, line);
      return answers;
    }
  }
  return answers;
}

constexpr const char* kPairedHint = "give it a line for each line, empty where there is nothing to say";

// The next lines to be answered together, up to one that cannot be read.
std::vector<InputLine> read_window(TextInput& input, const LineHandling& how, std::optional<UserError>& failed) {
  std::vector<InputLine> window;
  std::string line, beside;
  try {
    for (std::size_t bytes = 0; window.size() < how.window_lines && bytes < kWindowBytes; bytes += line.size() + beside.size()) {
      if (!window.empty() && input.is_more_ready() && !input.is_more_ready()()) break;
      if (!input.lines().next(line)) break;
      const std::uint64_t number = input.lines().line_number();
      if (how.beside != nullptr && !how.beside->next(beside))
        throw UserError(how.beside->name() + " ends before line " + std::to_string(number) + " of the text", kPairedHint);
      window.push_back({.text = line, .number = number, .beside = beside});
    }
  } catch (const UserError& error) {
    failed = error;
  }
  return window;
}

void refuse_left_over(LineReader& beside, const LineReader& lines) {
  if (std::string line; beside.next(line))
    throw UserError(beside.name() + " has more lines than the text, which has " + std::to_string(lines.line_number()), kPairedHint);
}

}  // namespace

TextInput::TextInput(std::istream& in, std::function<bool()> is_more_ready)
    : lines_(std::make_unique<LineReader>(in, "the text")), is_more_ready_(std::move(is_more_ready)) {}

TextInput::TextInput(const std::filesystem::path& path, std::istream& in, const std::string& invitation) {
  if (path != "-") {
    lines_ = std::make_unique<LineReader>(path);
  } else if (&in != &std::cin) {
    lines_ = std::make_unique<LineReader>(in, "standard input");
  } else if (!::isatty(STDIN_FILENO)) {
    lines_ = std::make_unique<LineReader>(in, "standard input");
    is_more_ready_ = standard_input_is_ready;
  } else {
    typed_ = std::make_unique<std::istream>(&typed_lines_.emplace("> "));
    lines_ = std::make_unique<LineReader>(*typed_, "the terminal");
    is_more_ready_ = [] { return false; };
    log_info(invitation);
  }
}

void answer_lines(TextInput& input, std::ostream& out, const AnswerLines& answer, const LineHandling& how) {
  while (true) {
    std::optional<UserError> failed;
    const std::vector<InputLine> window = read_window(input, how, failed);
    if (window.empty() && !failed) break;
    std::vector<InputLine> filled;
    for (const InputLine& line : window)
      if (!line.text.empty()) filled.push_back(line);
    std::vector<std::string> answers;
    try {
      if (!filled.empty()) answers = answer(filled);
    } catch (const UserError&) {
      answers = answer_one_by_one(filled, answer, failed);
    }
    std::size_t next = 0;
    for (const InputLine& asked : window) {
      if (failed && !asked.text.empty() && next == answers.size()) break;
      if (!asked.text.empty())
        out << answers.at(next++) << '\n';
      else
        out << (how.empty_answer ? how.empty_answer(asked) : "") << '\n';
    }
    out.flush();
    if (failed) throw UserError(*failed);
  }
  if (how.beside != nullptr) refuse_left_over(*how.beside, input.lines());
}

}  // namespace attend
