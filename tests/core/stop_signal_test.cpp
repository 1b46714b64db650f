#include "core/stop_signal.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace attend {
namespace {

/// Runs `work` in a child of its own and gives its exit status, or -1 where a signal ended it.
template <class Work>
int status_of_child(Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(STDERR_FILENO);  // the handler's line does not belong in the test's output
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("the first signal asks for a stop and the process goes on") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const int status = status_of_child([signal] {
      install_stop_handlers();
      stop_after_step();
      if (stop_requested()) return 1;
      ::raise(signal);
      return stop_requested() ? 42 : 2;
    });
    CHECK(status == 42);
  }
}

TEST_CASE("the second signal ends the process with 130") {
  const int status = status_of_child([] {
    install_stop_handlers();
    stop_after_step();
    ::raise(SIGTERM);
    ::raise(SIGINT);
    return 42;
  });
  CHECK(status == 130);
}

TEST_CASE("a terminal that closes says so several times, and the run still saves") {
  const int status = status_of_child([] {
    install_stop_handlers();
    stop_after_step();
    ::raise(SIGHUP);
    ::raise(SIGHUP);
    if (!stop_requested()) return 1;
    ::raise(SIGTERM);  // somebody is in a hurry
    return 42;
  });
  CHECK(status == 130);
  const int after_term = status_of_child([] {
    install_stop_handlers();
    stop_after_step();
    ::raise(SIGTERM);
    ::raise(SIGHUP);
    return 42;
  });
  CHECK(after_term == 42);
}

TEST_CASE("a run that was started with nohup goes on when its terminal closes") {
  const int status = status_of_child([] {
    ::signal(SIGHUP, SIG_IGN);
    install_stop_handlers();
    stop_after_step();
    ::raise(SIGHUP);
    return stop_requested() ? 1 : 42;
  });
  CHECK(status == 42);
}

TEST_CASE("before the first step a signal ends the process with 75") {
  const int status = status_of_child([] {
    install_stop_handlers();
    ::raise(SIGINT);
    return 42;
  });
  CHECK(status == 75);
}

TEST_CASE("a signal does not break a read that waits") {
  int to_child[2], to_parent[2];
  REQUIRE(::pipe(to_child) == 0);
  REQUIRE(::pipe(to_parent) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(STDERR_FILENO);
    install_stop_handlers();
    stop_after_step();
    (void)!::write(to_parent[1], "r", 1);  // ready
    char byte = 0;
    const bool is_read = ::read(to_child[0], &byte, 1) == 1;  // the signal comes while this waits
    ::_exit(is_read && stop_requested() ? 42 : 1);
  }
  char byte = 0;
  REQUIRE(::read(to_parent[0], &byte, 1) == 1);
  ::usleep(20'000);
  ::kill(child, SIGINT);
  ::usleep(20'000);
  REQUIRE(::write(to_child[1], "x", 1) == 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 42);
  for (const int end : {to_child[0], to_child[1], to_parent[0], to_parent[1]}) ::close(end);
}

TEST_CASE("a stop can be asked for and taken back") {
  reset_stop();
  CHECK_FALSE(stop_requested());
  request_stop();
  CHECK(stop_requested());
  reset_stop();
  CHECK_FALSE(stop_requested());
}

}  // namespace attend
