#include "core/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "core/error.h"
#include "core/system_call.h"

namespace attend {

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  // O_NONBLOCK: opening a pipe must fail below, not wait for a writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) throw UserError("cannot read " + path.string() + ": " + system_reason(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw UserError("cannot read " + path.string() + ": " + system_reason(errno));
  if (!S_ISREG(status.st_mode)) {
    throw UserError(path.string() + (S_ISDIR(status.st_mode) ? " is a folder" : " is not a regular file") + "; expected a file");
  }
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;  // mmap refuses a length of 0
  void* mapping = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (mapping == MAP_FAILED) throw UserError("cannot map " + path.string() + " into memory: " + system_reason(errno));
  data_ = static_cast<const std::byte*>(mapping);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void release_pages(std::span<const std::byte> mapped) {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t before_page = -reinterpret_cast<std::uintptr_t>(mapped.data()) % page;
  if (mapped.size() < before_page + page) return;
  auto* const begin = const_cast<std::byte*>(mapped.data()) + before_page;
  ::madvise(begin, (mapped.size() - before_page) / page * page, MADV_DONTNEED);  // advice: a refusal changes nothing
}

}  // namespace attend
