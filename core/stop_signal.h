// SIGINT and SIGTERM ask a run to save and stop (exit 75); the second one ends the process at once (exit 130).
#pragma once

namespace attend {

/// Installs the handlers. Call once, in commands that save.
void install_stop_handlers();
/// True once a signal has come.
bool stop_requested();
/// For tests.
void request_stop();
void reset_stop();

}  // namespace attend
