#include "core/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/error.h"
#include "core/system_call.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

fs::path parent_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

}  // namespace

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  struct stat status {};
  const bool exists = ::stat(path_.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) throw UserError(path_.string() + " is a folder; expected the name of a file to write");
  if (exists && !S_ISREG(status.st_mode)) {
    // A pipe or a device (/dev/null) is written to, never renamed over.
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    std::error_code failed;
    const fs::path real = fs::canonical(path_, failed);  // of a symbolic link the file is replaced, not the link
    if (!failed) path_ = real;
    temporary_ = temporary_beside(path_);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CLOEXEC | O_CREAT | O_EXCL, 0666);
  }
  if (descriptor_ >= 0) return;
  if (is_users_mistake(errno)) throw UserError("cannot write " + path_.string() + ": " + system_reason(errno));
  throw_storage_error("write", path_);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (!write_all(descriptor_, bytes)) throw_storage_error("write", path_);
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

void AtomicFile::commit() {
  if (temporary_.empty()) {
    if (::close(std::exchange(descriptor_, -1)) != 0) throw_storage_error("write", path_);
    return;
  }
  if (::fsync(descriptor_) != 0) throw_storage_error("flush", path_);
  // The descriptor stays open until the rename is done: until then the destructor must still remove the temporary file.
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) throw_storage_error("write", path_);
  if (::close(std::exchange(descriptor_, -1)) != 0) throw_storage_error("write", path_);
  flush_folder(parent_of(path_));
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void replace_link(const fs::path& link, const fs::path& target) {
  const fs::path text = target.is_absolute() ? fs::absolute(target).lexically_relative(fs::absolute(parent_of(link))) : target;
  const fs::path temporary = temporary_beside(link);
  if (::symlink(text.c_str(), temporary.c_str()) != 0) throw_storage_error("write the link", link);
  if (::rename(temporary.c_str(), link.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    errno = error;
    throw_storage_error("write the link", link);
  }
  flush_folder(parent_of(link));
}

void flush_folder(const fs::path& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) throw_storage_error("flush the folder", path);
  // EINVAL: a file system that cannot flush folders (some network ones); there is nothing more to do there.
  if (::fsync(folder.get()) != 0 && errno != EINVAL) throw_storage_error("flush the folder", path);
}

}  // namespace attend
