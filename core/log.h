// Lines to standard error; results never go through here. One source includes spdlog.
#pragma once

#include <string>

namespace attend {

enum class LogLevel { kErrors, kQuiet, kNormal, kVerbose };

void set_log_level(LogLevel level);  ///< of a process that is not the first of its run, -q, nothing, -v
LogLevel log_level();
void log_info(const std::string& message);
void log_detail(const std::string& message);  ///< with -v only
void log_warning(const std::string& message);
/// Said once a process, however often: for files that are read twice, and for runs of several seeds.
void log_info_once(const std::string& message);
void log_warning_once(const std::string& message);
void log_error(const std::string& message);

/// A file of our own that the user does not know is called `name` in every message from now on: "standard input" for a copy of it.
void show_as(const std::string& path, const std::string& name);
/// The message with those names.
std::string with_shown_names(std::string message);

/// True where standard error is a terminal.
bool stderr_is_terminal();

}  // namespace attend
