// Typing on a terminal: a line with cursor keys, history and search, by libedit.
#pragma once

#include <streambuf>
#include <string>

namespace attend {

/// A stream's buffer that asks for a line with a prompt each time it runs dry. Ctrl-D on an empty line ends it. Only for a terminal, and
/// only one at a time: the history is the library's own.
class EditedLines : public std::streambuf {
 public:
  explicit EditedLines(std::string prompt);

 protected:
  int_type underflow() override;

 private:
  std::string prompt_, line_;
};

}  // namespace attend
