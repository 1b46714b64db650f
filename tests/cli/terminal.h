// Runs the command on a terminal of its own, and types when it is asked to.
#pragma once

#include <poll.h>
#include <pty.h>

#include "tests/cli/process.h"

namespace attend {

struct Typing {
  std::vector<std::string> arguments;
  std::vector<std::string> keys;  ///< each is typed once one more prompt "> " stands on the terminal
};

struct Typed {
  int code = -1;         ///< exit code; -1: ended by a signal, or not within a minute
  std::string terminal;  ///< what the terminal showed
  std::string out;       ///< standard output, which is a file
};

inline Typed type_to(const Typing& typing) {
  TempFolder folder;
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(detail::open_or_die(folder / "out", O_WRONLY | O_CREAT | O_TRUNC), 1);
    ::setenv("TERM", "dumb", 1);
    std::vector<char*> arguments{const_cast<char*>(ATTEND_BINARY)};
    for (const std::string& argument : typing.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  Typed typed;
  std::size_t next = 0, seen = 0;  // keys typed, and the place up to which prompts were counted
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < deadline) {
    pollfd ready{.fd = terminal, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 1000) <= 0) continue;
    char buffer[4096];
    const ssize_t count = ::read(terminal, buffer, sizeof(buffer));
    if (count <= 0) break;  // the child has closed the terminal
    typed.terminal.append(buffer, static_cast<std::size_t>(count));
    for (std::size_t prompt; next < typing.keys.size() && (prompt = typed.terminal.find("> ", seen)) != std::string::npos; ++next) {
      seen = prompt + 2;
      REQUIRE(::write(terminal, typing.keys[next].data(), typing.keys[next].size()) == static_cast<ssize_t>(typing.keys[next].size()));
    }
  }
  int status = 0;
  if (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= deadline) ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
  }
  ::close(terminal);
  if (WIFEXITED(status)) typed.code = WEXITSTATUS(status);
  typed.out = read_text(folder / "out");
  return typed;
}

}  // namespace attend
