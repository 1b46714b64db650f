#include "apps/process.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>

namespace attend {
namespace {

/// The variable after `work`, in a process of its own: what prepare_process() settles would stay.
std::string workspace_after(const char* before, const std::function<void()>& work) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    before == nullptr ? ::unsetenv("CUBLAS_WORKSPACE_CONFIG") : ::setenv("CUBLAS_WORKSPACE_CONFIG", before, 1);
    work();
    const char* found = ::getenv("CUBLAS_WORKSPACE_CONFIG");
    const std::string text = found == nullptr ? "none" : found;
    (void)!::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text(64, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], text.data(), text.size()))));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return text;
}

}  // namespace

// LibTorch throws at the first product of deterministic training on a GPU without it.
TEST_CASE("main begins with workspaces of cuBLAS that are the same from run to run, unless the user has said which") {
  CHECK(workspace_after(nullptr, [] {}) == "none");
  CHECK(workspace_after(nullptr, prepare_process) == ":4096:8");
  CHECK(workspace_after(":16:8", prepare_process) == ":16:8");
}

}  // namespace attend
