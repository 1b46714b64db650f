// Runs a program as a shell would, and keeps what it printed.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_folder.h"

namespace attend {

using Arguments = std::vector<std::string>;

inline Arguments operator+(Arguments first, const Arguments& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

struct Outcome {
  int code = 0;    ///< exit code
  int signal = 0;  ///< the signal that ended it, 0 where it exited
  std::string out, err;
};

struct Invocation {
  std::vector<std::string> arguments;
  std::string input = {};                     ///< standard input
  std::uint64_t file_size_limit = 0;          ///< bytes; 0: none
  std::function<void(pid_t)> meanwhile = {};  ///< called while it runs, in the parent
  std::string program = ATTEND_BINARY;
};

namespace detail {

inline int open_or_die(const std::filesystem::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags, 0600);
  if (descriptor < 0) ::_exit(126);
  return descriptor;
}

[[noreturn]] inline void become(const Invocation& invocation, const std::filesystem::path& folder) {
  ::dup2(open_or_die(folder / "in", O_RDONLY), 0);
  ::dup2(open_or_die(folder / "out", O_WRONLY | O_CREAT | O_TRUNC), 1);
  ::dup2(open_or_die(folder / "err", O_WRONLY | O_CREAT | O_TRUNC), 2);
  if (invocation.file_size_limit > 0) {
    const rlimit limit{invocation.file_size_limit, invocation.file_size_limit};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  std::vector<char*> arguments{const_cast<char*>(invocation.program.c_str())};
  for (const std::string& argument : invocation.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace detail

inline Outcome run(const Invocation& invocation) {
  TempFolder folder;
  write_text(folder / "in", invocation.input);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) detail::become(invocation, folder.path());
  if (invocation.meanwhile) invocation.meanwhile(child);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  Outcome outcome;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  outcome.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  outcome.out = read_text(folder / "out");
  outcome.err = read_text(folder / "err");
  return outcome;
}

inline Outcome run(std::vector<std::string> arguments, std::string input = {}) {
  return run(Invocation{.arguments = std::move(arguments), .input = std::move(input)});
}

/// Waits until `path` exists, at most a minute; false where it never does.
inline bool wait_for_file(const std::filesystem::path& path) {
  for (int tries = 0; tries < 1200; ++tries) {
    if (std::filesystem::exists(path)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

}  // namespace attend
