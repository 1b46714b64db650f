// What the files that write to disk share: the system's reason in a StorageError, and writes that are whole or fail.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace attend {

/// What the system says of an errno value: "No space left on device".
std::string system_reason(int error);

/// Throws StorageError "cannot ACTION PATH: REASON" from errno.
[[noreturn]] void throw_storage_error(const std::string& action, const std::filesystem::path& path);

/// Whether an errno value says that a path is wrong, and not that the storage is full or broken.
bool is_users_mistake(int error);

/// Makes the folder, and those above it. Throws UserError, with the hint, where the path cannot be one or must not be written to;
/// StorageError where the storage is full or broken.
void make_folders(const std::filesystem::path& folder, const std::string& hint = "");

/// Removes the file where there is one. Throws StorageError.
void remove_file(const std::filesystem::path& file);

/// Writes every byte, going on after interruptions and partial writes. False, with errno set, where that fails.
bool write_all(int descriptor, std::span<const std::byte> bytes);

/// A name beside `path` for what is not whole yet: path.tmp-PID-RANDOM. PIDs repeat (two containers that share a volume may both
/// have 1), random names do not.
std::filesystem::path temporary_beside(const std::filesystem::path& path, const char* kind = "tmp");

/// Whether a name is of that form: PATH.tmp-PID-RANDOM.
bool is_temporary_name(const std::string& name);

/// A descriptor closed when it goes out of scope.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return value_; }
  bool is_open() const { return value_ >= 0; }

 private:
  int value_;
};

}  // namespace attend
