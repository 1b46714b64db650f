#include "core/stop_signal.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string_view>

#include "core/error.h"
#include "core/log.h"

namespace attend {
namespace {

std::atomic<bool> requested{false}, stepping{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the handler may touch only lock-free atomics");

extern "C" void on_stop_signal(int signal) {
  const bool is_first = !requested.exchange(true);
  // A terminal that closes says so more than once, itself and through its shell: nobody is in a hurry there.
  if (!is_first && signal == SIGHUP) return;
  if (!is_first) ::_exit(static_cast<int>(ExitCode::kInterrupted));
  const int saved = errno;
  const auto say = [](std::string_view message) {  // once, where several processes are stopped together
    if (log_level() != LogLevel::kErrors) (void)!::write(STDERR_FILENO, message.data(), message.size());
  };
  if (!stepping) {
    say("\nstopped before the first step; nothing to save: the same command begins again\n");
    ::_exit(static_cast<int>(ExitCode::kStoppedAndSaved));
  }
  say("\nstopping after this step; a second signal quits at once\n");
  errno = saved;
}

}  // namespace

void install_stop_handlers() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;  // libraries that do not expect EINTR must not see it
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  struct sigaction hangup {};
  ::sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) ::sigaction(SIGHUP, &action, nullptr);  // under nohup a closed terminal stays without effect
}

void stop_after_step() { stepping = true; }
bool stop_requested() { return requested.load(); }
void request_stop() { requested.store(true); }
void reset_stop() { requested.store(false); }

}  // namespace attend
