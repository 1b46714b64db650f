// The only source that includes spdlog: LibTorch ships another fmt than spdlog was built with.
#include "core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace attend {
namespace {

std::atomic<LogLevel> current_level{LogLevel::kNormal};

/// Never destroyed, so that destructors of static objects may still log.
spdlog::logger& logger() {
  static spdlog::logger& instance = [&]() -> spdlog::logger& {
    const auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    sink->set_color(spdlog::level::trace, "");  // only warnings and errors stand out
    auto* made = new spdlog::logger("attend", sink);
    // On a terminal a progress bar may stand in the line: it is wiped, and drawn again by the next update.
    made->set_pattern(stderr_is_terminal() ? "\r\x1b[K%^%v%$" : "%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return *made;
  }();
  return instance;
}

struct Names {
  std::mutex mutex;
  std::vector<std::pair<std::string, std::string>> shown;  // path and name
};
/// Never destroyed, as the logger.
Names& names() {
  static Names& instance = *new Names;
  return instance;
}

void write(spdlog::level::level_enum level, const std::string& message) { logger().log(level, with_shown_names(message)); }

/// True the first time. No more than a bound are remembered: a process that never ends may say any number.
bool is_new(const std::string& message) {
  constexpr std::size_t kRemembered = 10'000;
  static std::mutex mutex;
  static std::set<std::string>& said = *new std::set<std::string>;
  const std::lock_guard lock(mutex);
  if (said.size() == kRemembered) return !said.contains(message);
  return said.insert(message).second;
}

}  // namespace

void set_log_level(LogLevel level) { current_level = level; }
LogLevel log_level() { return current_level; }

void log_info(const std::string& message) {
  if (current_level.load() >= LogLevel::kNormal) write(spdlog::level::trace, message);
}

void log_detail(const std::string& message) {
  if (current_level == LogLevel::kVerbose) write(spdlog::level::trace, message);
}

void log_warning(const std::string& message) {
  if (current_level.load() >= LogLevel::kQuiet) write(spdlog::level::warn, "warning: " + message);
}
void log_error(const std::string& message) { write(spdlog::level::err, "error: " + message); }

void log_info_once(const std::string& message) {
  if (current_level.load() >= LogLevel::kNormal && is_new(message)) log_info(message);
}

void log_warning_once(const std::string& message) {
  if (is_new("warning: " + message)) log_warning(message);
}

void show_as(const std::string& path, const std::string& name) {
  const std::scoped_lock lock(names().mutex);
  names().shown.emplace_back(path, name);
}

std::string with_shown_names(std::string message) {
  const std::scoped_lock lock(names().mutex);
  for (const auto& [path, name] : names().shown)
    for (std::size_t at = 0; (at = message.find(path, at)) != std::string::npos; at += name.size()) message.replace(at, path.size(), name);
  return message;
}

bool stderr_is_terminal() {
  static const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
  return is_terminal;
}

}  // namespace attend
