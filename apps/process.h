// What main sets up and settles for the whole process.
#pragma once

#include <string>

namespace attend {

/// First thing in main: memory, closed descriptors, file-size limits. From here on standard output throws
/// std::ios_base::failure where it does not take a result.
void prepare_process();

/// The sentence for that failure, with the system's reason.
std::string unwritten_results();

}  // namespace attend
