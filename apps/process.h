// What main sets up and settles for the whole process.
#pragma once

namespace attend {

/// First thing in main: memory, closed descriptors, file-size limits.
void prepare_process();

/// Throws StorageError where standard output did not take all results.
void flush_results();

}  // namespace attend
