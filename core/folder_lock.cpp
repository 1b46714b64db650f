#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/system_call.h"

namespace attend {

FolderLock::FolderLock(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / ".lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0 && !is_users_mistake(errno) && errno != EROFS) throw_storage_error("write", path);
  if (descriptor_ < 0) throw UserError("cannot lock " + folder.string() + ": " + system_reason(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    std::array<char, 32> owner{};
    const ssize_t length = ::read(descriptor_, owner.data(), owner.size());
    ::close(descriptor_);
    if (error != EWOULDBLOCK) throw UserError("cannot lock " + folder.string() + ": " + system_reason(error));
    const std::string process = length > 0 ? "process " + std::string(owner.data(), static_cast<std::size_t>(length)) : "another process";
    throw UserError(folder.string() + " is in use by " + process, "wait for it to end, stop it, or choose another folder");
  }
  // The number only serves the message above: the lock itself is the kernel's and goes with the process.
  const std::string own = std::to_string(::getpid());
  if (::ftruncate(descriptor_, 0) == 0) (void)!::write(descriptor_, own.data(), own.size());
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace attend
