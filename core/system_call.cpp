#include "core/system_call.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/error.h"

namespace attend {

std::string system_reason(int error) { return std::generic_category().message(error); }

void throw_storage_error(const std::string& action, const std::filesystem::path& path) {
  throw StorageError("cannot " + action + " " + path.string() + ": " + system_reason(errno));
}

bool write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

}  // namespace attend
