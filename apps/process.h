// What main sets up and settles for the whole process.
#pragma once

#include <string>

namespace attend {

/// The environment variables that libraries read when they are first used. Before any other thread, and before LibTorch touches a device.
void settle_environment();

/// First thing in main: environment, memory, closed descriptors, file-size limits. From here on standard output throws
/// std::ios_base::failure where it does not take a result.
void prepare_process();

/// The sentence for that failure, with the system's reason.
std::string unwritten_results();

}  // namespace attend
