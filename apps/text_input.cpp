#include "apps/text_input.h"

#include <poll.h>
#include <unistd.h>

#include <iostream>

#include "core/log.h"

namespace attend {
namespace {

// A producer that pauses for this long gets the answers to what it has written so far.
constexpr int kPauseMilliseconds = 20;
// Enough lines to sort into batches of one length; the bytes bound what a text of giant lines takes.
constexpr std::size_t kWindowLines = 2048;
constexpr std::size_t kWindowBytes = 4u << 20;

bool standard_input_is_ready() {
  if (std::cin.rdbuf()->in_avail() > 0) return true;
  pollfd descriptor{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&descriptor, 1, kPauseMilliseconds) > 0;
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

void answer_lines(TextInput& input, std::ostream& out, const AnswerLines& answer) {
  while (true) {
    std::vector<InputLine> window, filled;
    std::string line;
    for (std::size_t bytes = 0; window.size() < kWindowLines && bytes < kWindowBytes; bytes += line.size()) {
      if (!window.empty() && input.is_more_ready() && !input.is_more_ready()()) break;
      if (!input.lines().next(line)) break;
      window.push_back({line, input.lines().line_number()});
      if (!line.empty()) filled.push_back(window.back());
    }
    if (window.empty()) return;
    const std::vector<std::string> answers = filled.empty() ? std::vector<std::string>{} : answer(filled);
    std::size_t next = 0;
    for (const InputLine& asked : window) out << (asked.text.empty() ? "" : answers.at(next++)) << '\n';
    out.flush();
  }
}

}  // namespace attend
