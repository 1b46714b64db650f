// What a piece of work writes to standard error.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "tests/support/temp_folder.h"

namespace attend {

template <class Work>
std::string captured_stderr(Work work) {
  const TempFolder folder;
  const auto path = folder / "stderr";
  const int kept = ::dup(STDERR_FILENO);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(file, STDERR_FILENO);
  ::close(file);
  work();
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  return read_text(path);
}

}  // namespace attend
