// Files and folders that are complete or absent: written beside, flushed, renamed, and the parent flushed too.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attend {

/// Writes to `path.tmp-PID-RANDOM`, flushes, renames over `path`, flushes the folder.
/// Throws StorageError (with the path and the system's reason) on any failure, leaving the old file as it was; UserError
/// where no file can be: a missing folder, a folder of that name, no permission. A device or a pipe is written to as it
/// is; of a symbolic link the file behind it is replaced.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  // removes the temporary file unless committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
};

/// The common case: the whole content at once.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// Creates `path.tmp-PID-RANDOM/`, calls `fill` on it, flushes each file, writes `manifest.json` (sizes and SHA-256 of every
/// file) last, flushes the folder, renames it to `path` (an older folder of that name is replaced), flushes the parent.
/// Throws StorageError; on failure nothing is left under `path` that was not there before. What killed processes left
/// beside it under that name is removed first, an hour after they last wrote there: the PID of a process in another container that
/// shares the volume says nothing here.
void write_folder_atomically(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& fill);

enum class CheckHashes { kNo, kYes };
/// What of `path` is not as its manifest.json says, a phrase a file: "model.safetensors is missing"; of sizes, and hashes where asked for.
/// Empty where all is as stated.
std::vector<std::string> manifest_faults(const std::filesystem::path& path, CheckHashes check);
/// Whether there are none.
bool folder_is_complete(const std::filesystem::path& path, CheckHashes check);

/// Points the relative symbolic link `link` at `target`, atomically. A relative target counts from the link's own folder.
void replace_link(const std::filesystem::path& link, const std::filesystem::path& target);

/// Flushes a folder's entries to disk.
void flush_folder(const std::filesystem::path& path);

/// Hexadecimal SHA-256.
std::string sha256_hex(std::span<const std::byte> bytes);
std::string sha256_file(const std::filesystem::path& path);

/// An exclusive lock on `folder/.lock`, held until destroyed. Throws UserError where another process holds it.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace attend
