// bin/attend: chooses how OpenMP's threads wait, then becomes the program, libexec/attend/attend-program, under the same process id.
//
// GNU's OpenMP lets a thread that has nothing to do spin some 300,000 times before it sleeps: at every barrier, and on a machine that is
// busy the core it spins on is the one that another thread waits for. benchmarks/busy.sh measures what a thousand spins cost and save. The
// runtime reads its environment when it is loaded, before main(); what DT_PREINIT_ARRAY sets is lost when libc sets up `environ` after it;
// so the variable is set by a process that has not loaded the runtime yet. It links nothing but libc, so that it starts quickly (not
// measured).
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr char kSpins[] = "1000";

bool is_set(const char* variable) { return std::getenv(variable) != nullptr; }

/// The user's own setting, by either name, wins.
void choose_spinning() {
  if (!is_set("GOMP_SPINCOUNT") && !is_set("OMP_WAIT_POLICY")) ::setenv("GOMP_SPINCOUNT", kSpins, 1);
}

/// ATTEND_PROGRAM seen from the folder of this executable, links followed; false where there is no room or no /proc.
bool find_program(char (&path)[PATH_MAX]) {
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path - sizeof ATTEND_PROGRAM);
  if (length <= 0) return false;
  path[length] = '\0';
  char* const name = std::strrchr(path, '/') + 1;
  std::strcpy(name, ATTEND_PROGRAM);  // room for it was kept
  return true;
}

}  // namespace

int main(int, char** argv) {
  char program[PATH_MAX] = "/proc/self/exe";
  if (find_program(program)) {
    choose_spinning();
    ::execv(program, argv);
  }
  std::fprintf(stderr, "error: %s: %s\nattend is two files, bin/attend and libexec/attend/attend-program: install or copy both\n", program,
               std::strerror(errno));
  return 1;
}
