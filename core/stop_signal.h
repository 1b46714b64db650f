// SIGINT, SIGTERM and SIGHUP (the terminal was closed) ask a run to save and stop (exit 75); a second SIGINT or SIGTERM ends the process at
// once (exit 130). Before the first step, while a vocabulary is learnt or text prepared, there is nothing to save: the first one ends the
// process (exit 75).
#pragma once

#include <functional>

namespace attend {

/// Long work asks it between batches, and ends without a result where it says true. Empty: never.
using StopCheck = std::function<bool()>;

/// Installs the handlers, which end the process until stop_after_step() was called. Call once, in commands that save.
void install_stop_handlers();
/// From now on there is something to save.
void stop_after_step();
/// True once a signal has come.
bool stop_requested();
/// For tests.
void request_stop();
void reset_stop();

}  // namespace attend
