#include "apps/line_editor.h"

#include <editline/readline.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace attend {

EditedLines::EditedLines(std::string prompt) : prompt_(std::move(prompt)) {
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
