#include "core/system_call.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <system_error>

#include "core/error.h"

namespace attend {

std::string system_reason(int error) { return std::generic_category().message(error); }

void throw_storage_error(const std::string& action, const std::filesystem::path& path) {
  throw StorageError("cannot " + action + " " + path.string() + ": " + system_reason(errno));
}

bool is_users_mistake(int error) {
  return error == ENOENT || error == ENOTDIR || error == EISDIR || error == EACCES || error == ENAMETOOLONG || error == ELOOP;
}

void make_folders(const std::filesystem::path& folder, const std::string& hint) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (!failed) return;
  const int error = failed.value();
  if (is_users_mistake(error) || error == EEXIST || error == EPERM || error == EROFS)
    throw UserError(folder.string() + ": cannot make this folder: " + failed.message(), hint);
  throw StorageError("cannot make the folder " + folder.string() + ": " + failed.message());
}

void remove_file(const std::filesystem::path& file) {
  std::error_code failed;
  std::filesystem::remove(file, failed);
  if (failed) throw StorageError("cannot remove " + file.string() + ": " + failed.message());
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

std::filesystem::path temporary_beside(const std::filesystem::path& path, const char* kind) {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) throw_storage_error("draw a name beside", path);
  char name[64];
  std::snprintf(name, sizeof name, ".%s-%d-%016" PRIx64, kind, static_cast<int>(::getpid()), random);
  std::filesystem::path temporary = path;
  temporary += name;
  return temporary;
}

bool is_temporary_name(const std::string& name) {
  constexpr std::string_view kMark = ".tmp-";
  constexpr std::size_t kDigits = 16;  // of the random part
  const std::size_t mark = name.rfind(kMark), dash = name.rfind('-');
  if (mark == std::string::npos || mark == 0 || dash < mark + kMark.size() + 1 || name.size() - dash - 1 != kDigits) return false;
  const auto all = [&](std::size_t begin, std::size_t end, auto is_right) {
    return std::all_of(name.begin() + static_cast<std::ptrdiff_t>(begin), name.begin() + static_cast<std::ptrdiff_t>(end),
                       [&](unsigned char c) { return is_right(c) != 0; });
  };
  return all(mark + kMark.size(), dash, [](int c) { return std::isdigit(c); }) &&
         all(dash + 1, name.size(), [](int c) { return std::isxdigit(c); });
}

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

}  // namespace attend
