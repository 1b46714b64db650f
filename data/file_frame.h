// What token files and document indexes share: a header with magic, version and key, counts in a trailer, and how a
// file that is not whole is refused.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/mapped_file.h"

namespace attend {

static_assert(std::endian::native == std::endian::little, "prepared files are little-endian and mapped as they are");

inline constexpr std::size_t kFileKeyBytes = 32;
using FileMagic = std::array<char, 8>;

struct FileHeader {
  FileMagic magic{};
  std::uint32_t version = 0;
  std::uint32_t element_size = 0;
  std::uint64_t vocab_size = 0;  // 0 in files that hold no ids
  std::uint64_t reserved = 0;
  std::array<unsigned char, kFileKeyBytes> key{};
};
static_assert(sizeof(FileHeader) == 64);

/// The counts stand at the end because the writers stream: a file cut short has no trailer.
struct FileTrailer {
  std::uint64_t num_items = 0, num_parts = 0;  // sentences and their tokens, documents and their sentences
  FileMagic magic{'A', 'T', 'T', 'N', 'D', 'E', 'N', 'D'};
};
static_assert(sizeof(FileTrailer) == 24);

struct FileKind {
  FileMagic magic{};
  std::uint32_t version = 0;
  std::string_view name;  ///< "token file", for messages
};

struct FileFrame {
  FileHeader header;
  FileTrailer trailer;
  std::span<const std::byte> body;  ///< what lies between the two
};

/// Header, trailer and body of a mapped file. Throws UserError where it is not of the kind or is cut short.
FileFrame read_frame(const MappedFile& file, const FileKind& kind);

/// Throws UserError: the file is not a whole one of its kind, for this reason.
[[noreturn]] void refuse_file(const MappedFile& file, const FileKind& kind, const std::string& reason);
/// Throws UserError: the file was whole when opened, but its content does not add up.
[[noreturn]] void report_damage(const MappedFile& file, const std::string& what);

/// The key's bytes from 64 hexadecimal digits, and back. Throws std::invalid_argument for anything else.
std::array<unsigned char, kFileKeyBytes> key_from_hex(const std::string& hex);
std::string hex_from_key(const std::array<unsigned char, kFileKeyBytes>& key);

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace attend
