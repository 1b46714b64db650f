// What main sets up and settles for the whole process.
#pragma once

namespace attend {

/// Makes glibc keep freed blocks for the next step instead of returning them to the system. First thing in main.
void keep_freed_memory();

/// Opens /dev/null in the place of a standard descriptor the shell closed (`>&-`): the next file opened would get its
/// number, and results would be written into that file.
void occupy_standard_descriptors();

/// Throws StorageError where standard output did not take all results.
void flush_results();

}  // namespace attend
