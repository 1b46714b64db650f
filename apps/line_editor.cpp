#include "apps/line_editor.h"

#include <editline/readline.h>
#include <langinfo.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace attend {
namespace {

// libedit takes bytes for what the locale says, and drops what that cannot spell. Text is UTF-8 here, whatever the locale.
void read_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::string_view(::nl_langinfo(CODESET)) != "UTF-8") std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace

EditedLines::EditedLines(std::string prompt) : prompt_(std::move(prompt)) {
  read_utf8();
  ::rl_outstream = stderr;  // standard output is for results, which may go to a file
  ::using_history();
  ::rl_initialize();
  // Ctrl-D typed between two lines ends a line that the terminal was still collecting, and comes as a NUL: it means the same.
  ::rl_parse_and_bind("bind ^@ em-delete-or-list");
  ::rl_bind_key('\t', ::rl_insert);  // there are no file names to complete, and `prompt` takes a TAB for an arrow
}

EditedLines::int_type EditedLines::underflow() {
  const std::unique_ptr<char, void (*)(void*)> typed(::readline(prompt_.c_str()), std::free);
  if (!typed) return traits_type::eof();
  if (*typed != '\0') ::add_history(typed.get());
  line_ = std::string(typed.get()) + '\n';
  setg(line_.data(), line_.data(), line_.data() + line_.size());
  return traits_type::to_int_type(line_.front());
}

}  // namespace attend
