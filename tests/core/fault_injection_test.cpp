// Every write, flush and rename of the checkpoint path fails once, or is the moment of a SIGKILL: the old or the new folder
// must be there, whole. strace makes the faults in a second process, which is this executable running the victim below.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/safetensors.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVictimFolder = "ATTEND_TEST_VICTIM_FOLDER";

void write_checkpoint(const fs::path& run, const std::string& content) {
  write_folder_atomically(run / "step-1", [&](const fs::path& folder) {
    const std::vector<std::byte> bytes(50'000, static_cast<std::byte>(content[0]));
    write_safetensors(folder / "model.safetensors", {{"a", {DType::kU8, {50'000}, bytes}}});
    write_file_atomically(folder / "state.json", content);
  });
  replace_link(run / "last", "step-1");
}

int run_program(const std::vector<std::string>& arguments) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::execvp(pointers[0], pointers.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Fault {
  std::string call, kind;
  int when;
};

/// strace's own answer to how the victim ended; `injected` says whether it came to the call at all.
int run_victim(const fs::path& run, const Fault& fault, bool& injected) {
  const auto trace = run.parent_path() / "trace";
  ::setenv(kVictimFolder, run.c_str(), 1);
  const int status = run_program({"strace", "-f", "-qq", "-o", trace.string(), "-e", "trace=" + fault.call, "-e",
                                  "inject=" + fault.call + ":" + fault.kind + ":when=" + std::to_string(fault.when),
                                  fs::read_symlink("/proc/self/exe").string(), "fault injection victim"});
  ::unsetenv(kVictimFolder);
  const std::string seen = read_text(trace);
  injected = seen.find("INJECTED") != std::string::npos || seen.find("killed by SIGKILL") != std::string::npos;
  return status;
}

}  // namespace

TEST_CASE("fault injection victim", "[.]") {
  const char* folder = ::getenv(kVictimFolder);
  if (folder == nullptr) return;
  try {
    write_checkpoint(folder, "new");
  } catch (const StorageError&) {
    ::_exit(75);
  } catch (...) {
    ::_exit(99);
  }
  ::_exit(0);
}

TEST_CASE("a fault at any write, flush or rename leaves the old or the new checkpoint") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  WARN("skipped: the sanitizers' own writes would get the faults");
  return;
#endif
  if (run_program({"strace", "-qq", "-o", "/dev/null", "true"}) != 0) {
    WARN("skipped: strace is missing, or tracing is not allowed here");
    return;
  }
  const TempFolder folder;
  const auto run = folder / "run";
  int faults = 0, stops = 0, kills = 0;
  for (const bool has_older : {true, false}) {
    for (const char* call : {"write", "fsync", "rename", "renameat2", "mkdir", "symlink"}) {
      for (const char* kind : {"signal=KILL", "error=ENOSPC", "error=EIO"}) {
        for (int when = 1; when < 50; ++when) {
          fs::remove_all(run);
          fs::create_directory(run);
          if (has_older) write_checkpoint(run, "old");
          bool injected = false;
          const int status = run_victim(run, {call, kind, when}, injected);
          if (!injected) break;
          ++faults;
          INFO(call << " " << kind << ", call " << when << (has_older ? ", with" : ", without") << " an older folder, exit " << status);
          const bool is_there = fs::exists(run / "step-1");
          CHECK((is_there || !has_older));
          if (is_there) CHECK(folder_is_complete(run / "step-1", CheckHashes::kYes));
          const std::string content = is_there ? read_text(run / "step-1/state.json") : "";
          CHECK((content == "new" || content == (has_older ? "old" : "")));
          if (status == 0) CHECK(content == "new");
          CHECK((status == 0 || status == 75 || status == 128 + SIGKILL));
          stops += status == 75 ? 1 : 0;
          kills += status == 128 + SIGKILL ? 1 : 0;
        }
      }
    }
  }
  // Three writes of safetensors and two of JSON, a flush of each file and folder, the renames: all were come by.
  CHECK(faults > 90);
  CHECK(stops > 40);
  CHECK(kills > 30);
}

}  // namespace attend
