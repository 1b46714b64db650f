// A file mapped read-only into memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace attend {

/// Maps a whole file; unmapped when destroyed. Movable, not copyable.
/// Throws UserError where the file is missing, not a regular file, or unreadable. An empty file maps to an empty span.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Gives the memory of the pages that lie wholly within a piece of a mapped file back to the system. The bytes stay what they are: reading
/// them again reads the file again.
void release_pages(std::span<const std::byte> mapped);

}  // namespace attend
