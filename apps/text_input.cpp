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
constexpr std::size_t kWindowBytes = 4u << 20;  // bounds what a text of giant lines takes

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

}  // namespace

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

void answer_lines(TextInput& input, std::ostream& out, const AnswerLines& answer, std::size_t window_lines,
                  const std::string& empty_answer) {
  while (true) {
    std::vector<InputLine> window, filled;
    std::string line;
    for (std::size_t bytes = 0; window.size() < window_lines && bytes < kWindowBytes; bytes += line.size()) {
      if (!window.empty() && input.is_more_ready() && !input.is_more_ready()()) break;
      if (!input.lines().next(line)) break;
      window.push_back({line, input.lines().line_number()});
      if (!line.empty()) filled.push_back(window.back());
    }
    if (window.empty()) return;
    std::vector<std::string> answers;
    std::optional<UserError> failed;
    try {
      if (!filled.empty()) answers = answer(filled);
    } catch (const UserError&) {
      answers = answer_one_by_one(filled, answer, failed);
    }
    std::size_t next = 0;
    for (const InputLine& asked : window) {
      if (failed && !asked.text.empty() && next == answers.size()) break;
      out << (asked.text.empty() ? empty_answer : answers.at(next++)) << '\n';
    }
    out.flush();
    if (failed) throw UserError(*failed);
  }
}

}  // namespace attend
