// Several processes of one run: joining those that a launcher started, and starting them.
#pragma once

#include <chrono>
#include <memory>

#include "training/ranks.h"

namespace attend {

/// How this process came to run.
struct Processes {
  std::shared_ptr<Ranks> ranks = alone();
  int local_rank = 0, local_world = 1;  ///< among those on this machine
};

/// Joins the others where a launcher's variables say that there are any. With `count` above 1 and no launcher, starts `count` processes of
/// this same command, waits for them and ends this one with their exit code. Once a process: later calls give what the first one gave.
/// Throws UserError where both are asked for, and where they do not meet.
const Processes& processes_of_run(int count, std::chrono::seconds peer_timeout);

}  // namespace attend
