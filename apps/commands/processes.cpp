#include "apps/commands/processes.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "core/system_call.h"

namespace attend {
namespace {

volatile sig_atomic_t signal_to_pass_on = 0;

extern "C" void note_signal(int signal) { signal_to_pass_on = signal; }

/// A port that was free a moment ago.
int free_port() {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (socket.get() < 0 || ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw UserError("no port on this machine for the processes to meet at: " + system_reason(errno));
  return ntohs(address.sin_port);
}

/// The command as it was typed.
std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> arguments;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = bytes.find('\0', begin);
    arguments.push_back(bytes.substr(begin, end - begin));
    begin = end + 1;
  }
  return arguments;
}

/// What a process other than the first says, until all have ended: a mistake that each of them finds is to be told once.
class HeldMessages {
 public:
  HeldMessages() : file_(::memfd_create("messages", MFD_CLOEXEC)) {}
  void take_over_stderr() const {
    if (file_.get() >= 0) ::dup2(file_.get(), STDERR_FILENO);
  }
  void tell() const {
    std::array<char, 4096> bytes;
    ::lseek(file_.get(), 0, SEEK_SET);
    for (ssize_t count = 0; (count = ::read(file_.get(), bytes.data(), bytes.size())) > 0;) std::cerr.write(bytes.data(), count);
    std::cerr.flush();
  }

 private:
  Descriptor file_;
};

struct Child {
  pid_t pid = 0;
  std::unique_ptr<HeldMessages> messages;  // none: the first, which says what it says at once
  int code = static_cast<int>(ExitCode::kDone);
};

[[noreturn]] void become(int rank, int count, int port, const std::vector<std::string>& arguments) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // where this parent is killed, the run is saved
  for (const char* variable : {"RANK", "LOCAL_RANK"}) ::setenv(variable, std::to_string(rank).c_str(), 1);
  for (const char* variable : {"WORLD_SIZE", "LOCAL_WORLD_SIZE"}) ::setenv(variable, std::to_string(count).c_str(), 1);
  ::setenv("MASTER_ADDR", "127.0.0.1", 1);
  ::setenv("MASTER_PORT", std::to_string(port).c_str(), 1);
  ::setenv("ATTEND_NPROC", std::to_string(count).c_str(), 1);  // that it was --nproc, and no launcher
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  ::execv("/proc/self/exe", pointers.data());
  ::_exit(static_cast<int>(ExitCode::kInternal));
}

/// What the run ends with: a mistake before a loss, since one process's mistake is every other's loss.
int worse(int one, int other) {
  constexpr std::array kOrder{static_cast<int>(ExitCode::kUserError), static_cast<int>(ExitCode::kInternal),
                              static_cast<int>(ExitCode::kInterrupted), static_cast<int>(ExitCode::kStoppedAndSaved),
                              static_cast<int>(ExitCode::kDone)};
  const auto place = [&](int code) { return std::find(kOrder.begin(), kOrder.end(), code); };
  return place(one) < place(other) ? one : other;
}

/// Starts the processes, passes signals on, and waits. When one has failed, the others have the time limit to see it.
int start_and_wait(int count, std::chrono::seconds peer_timeout) {
  const std::vector<std::string> arguments = own_arguments();
  const int port = free_port();
  struct sigaction action {};
  action.sa_handler = note_signal;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
  std::vector<pid_t> running;
  std::vector<Child> children;
  for (int rank = 0; rank < count; ++rank) {
    Child child{.messages = rank == 0 ? nullptr : std::make_unique<HeldMessages>()};
    child.pid = ::fork();
    if (child.pid < 0) throw UserError("cannot start process " + std::to_string(rank) + ": " + system_reason(errno));
    if (child.pid == 0) {
      if (child.messages) child.messages->take_over_stderr();
      become(rank, count, port, arguments);
    }
    running.push_back(child.pid);
    children.push_back(std::move(child));
  }
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> deadline;
  int code = static_cast<int>(ExitCode::kDone);
  while (!running.empty()) {
    if (const int signal = signal_to_pass_on; signal != 0) {
      signal_to_pass_on = 0;
      for (const pid_t child : running) ::kill(child, signal);
    }
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended <= 0) {
      if (deadline && Clock::now() > *deadline)
        for (const pid_t child : running) ::kill(child, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    std::erase(running, ended);
    const int its_code = WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(ExitCode::kStoppedAndSaved);
    if (WIFSIGNALED(status)) log_error("a process of the run was ended by signal " + std::to_string(WTERMSIG(status)));
    code = worse(code, its_code);
    std::ranges::find(children, ended, &Child::pid)->code = its_code;
    if (its_code != static_cast<int>(ExitCode::kDone) && !deadline) deadline = Clock::now() + peer_timeout + std::chrono::seconds(10);
  }
  constexpr int kMistake = static_cast<int>(ExitCode::kUserError);
  for (const Child& child : children)
    if (child.messages && !(child.code == kMistake && children.front().code == kMistake)) child.messages->tell();
  return code;
}

Processes join_or_start(int count, std::chrono::seconds peer_timeout) {
  const auto launch = find_launch([](const char* name) { return static_cast<const char*>(std::getenv(name)); });
  const bool is_child = std::getenv("ATTEND_NPROC") != nullptr;
  if (launch && count > 1 && !is_child)
    throw UserError("--nproc " + std::to_string(count) + " was given to a process that a launcher started as one of " +
                        std::to_string(launch->process.world),
                    "let one of the two say how many there are");
  if (!launch && count > 1) std::exit(start_and_wait(count, peer_timeout));  // the work is done, by others
  if (!launch) return {};
  Processes processes{.ranks = join(*launch, peer_timeout), .local_rank = launch->local_rank, .local_world = launch->local_world};
  return processes;
}

}  // namespace

const Processes& processes_of_run(int count, std::chrono::seconds peer_timeout) {
  static const Processes processes = join_or_start(count, peer_timeout);
  return processes;
}

}  // namespace attend
