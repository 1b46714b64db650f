// bin/attend, which sets what OpenMP's runtime reads and becomes the program.
#include <csignal>
#include <cstdlib>
#include <set>
#include <sstream>

#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;

namespace {

namespace fs = std::filesystem;

const std::string kUnset = "unset GOMP_SPINCOUNT OMP_WAIT_POLICY; ";

Outcome shell(const std::string& script) { return run(Invocation{.arguments = {"-c", script}, .program = "/bin/sh"}); }

/// Whether the process has become libexec/attend/attend-program; it is given a minute.
bool has_become_the_program(pid_t process) {
  for (int tries = 0; tries < 6000; ++tries) {
    std::error_code gone;
    if (fs::read_symlink("/proc/" + std::to_string(process) + "/exe", gone).string().ends_with("/libexec/attend/attend-program"))
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

/// The environment of a running `attend`, started with these settings of the shell, which waits for its standard input.
std::set<std::string> environment_of(const std::string& settings) {
  TempFolder folder;
  const std::string pipe = (folder / "pipe").string();
  std::set<std::string> variables;
  run(Invocation{.arguments = {"-c", kUnset + "mkfifo " + pipe + " && exec 3<> " + pipe + " && " + settings +
                                         " exec " ATTEND_BINARY " metric bleu --reference /dev/null - <&3"},
                 .meanwhile =
                     [&](pid_t process) {
                       if (has_become_the_program(process)) {
                         std::istringstream text(read_text("/proc/" + std::to_string(process) + "/environ"));
                         for (std::string variable; std::getline(text, variable, '\0');) variables.insert(variable);
                       }
                       ::kill(process, SIGKILL);
                     },
                 .program = "/bin/sh"});
  REQUIRE_FALSE(variables.empty());
  return variables;
}

std::size_t count_of(const std::set<std::string>& variables, const std::string& name) {
  std::size_t count = 0;
  for (const std::string& variable : variables) count += variable.starts_with(name + "=") ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("OpenMP's threads spin for a short while, unless the user says how they wait") {
  CHECK(environment_of("").count("GOMP_SPINCOUNT=1000") == 1);

  const auto own_count = environment_of("GOMP_SPINCOUNT=7");
  CHECK(own_count.count("GOMP_SPINCOUNT=7") == 1);
  CHECK(count_of(own_count, "GOMP_SPINCOUNT") == 1);

  const auto own_policy = environment_of("OMP_WAIT_POLICY=active");
  CHECK(own_policy.count("OMP_WAIT_POLICY=active") == 1);
  CHECK(count_of(own_policy, "GOMP_SPINCOUNT") == 0);
}

TEST_CASE("the variable is there before the runtime reads it") {
  const auto display = [](const std::string& settings) {
    return shell(kUnset + settings + " OMP_DISPLAY_ENV=verbose " ATTEND_BINARY " --version").err;
  };
  const std::string shown = display("");
  if (shown.find("GOMP_SPINCOUNT") == std::string::npos) {
    WARN("skipped: this LibTorch's OpenMP is not GNU's");
    return;
  }
  CHECK_THAT(shown, Contains("GOMP_SPINCOUNT = '1000'"));
  CHECK_THAT(display("GOMP_SPINCOUNT=7"), Contains("GOMP_SPINCOUNT = '7'"));
  CHECK_THAT(display("OMP_WAIT_POLICY=passive"), Contains("GOMP_SPINCOUNT = '0'"));
}

TEST_CASE("the program is found from a link, and from the path, and gets its arguments as they are") {
  TempFolder folder;
  fs::create_symlink(ATTEND_BINARY, folder / "link");
  const Outcome linked = run(Invocation{.arguments = {"--version"}, .program = (folder / "link").string()});
  CHECK(linked.code == 0);
  CHECK_THAT(linked.out, Contains("attend "));
  const std::string path = fs::path(ATTEND_BINARY).parent_path().string();
  CHECK(shell("cd / && PATH=" + path + ":$PATH attend --version").out == linked.out);
  CHECK_THAT(run({"inspect", "a b  c", "--device", ""}).err, Contains("unknown device ''"));
  CHECK_THAT(run({"inspect", "no such  folder"}).err, Contains("no such  folder"));
}

TEST_CASE("a launcher that was copied without the program says what is missing") {
  TempFolder folder;
  fs::create_directory(folder / "bin");
  fs::copy_file(ATTEND_BINARY, folder / "bin/attend");
  const Outcome alone = run(Invocation{.arguments = {"--version"}, .program = (folder / "bin/attend").string()});
  CHECK(alone.code == 1);
  CHECK(alone.out.empty());
  CHECK_THAT(alone.err, Contains("libexec/attend/attend-program: No such file") && Contains("two files"));

  fs::create_directories(folder / "libexec/attend");
  fs::create_symlink(fs::path(ATTEND_BINARY).parent_path() / "../libexec/attend/attend-program", folder / "libexec/attend/attend-program");
  CHECK(run(Invocation{.arguments = {"--version"}, .program = (folder / "bin/attend").string()}).code == 0);
}
