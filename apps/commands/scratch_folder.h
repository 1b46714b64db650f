// A folder that lives as long as the command.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <iosfwd>
#include <vector>

namespace attend {

class ScratchFolder {
 public:
  ScratchFolder() : path_(std::filesystem::temp_directory_path() / ("attend-evaluate-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The files, "-" (once at most) as one in the folder that holds what `in` does: for texts that are read more than once. Throws UserError,
/// StorageError.
std::vector<std::filesystem::path> with_standard_input(std::vector<std::filesystem::path> files, std::istream& in,
                                                       const ScratchFolder& scratch);

}  // namespace attend
