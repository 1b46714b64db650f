#include "data/file_frame.h"

#include <charconv>
#include <cstring>
#include <stdexcept>

#include "core/error.h"

namespace attend {
namespace {

constexpr const char* kHint = "delete it; it is made again from the text";

}  // namespace

void refuse_file(const MappedFile& file, const FileKind& kind, const std::string& reason) {
  throw UserError(file.path().string() + " is not a whole " + std::string(kind.name) + ": " + reason, kHint);
}

void report_damage(const MappedFile& file, const std::string& what) {
  throw UserError(file.path().string() + " is damaged: " + what, kHint);
}

FileFrame read_frame(const MappedFile& file, const FileKind& kind) {
  const std::span<const std::byte> bytes = file.bytes();
  FileFrame frame;
  if (bytes.size() < sizeof frame.header + sizeof(std::uint64_t) + sizeof frame.trailer)
    refuse_file(file, kind, "it has " + std::to_string(bytes.size()) + " bytes");
  std::memcpy(&frame.header, bytes.data(), sizeof frame.header);
  std::memcpy(&frame.trailer, bytes.data() + bytes.size() - sizeof frame.trailer, sizeof frame.trailer);
  if (frame.header.magic != kind.magic)
    refuse_file(file, kind, "it does not begin with " + std::string(kind.magic.data(), kind.magic.size()));
  if (frame.header.version != kind.version)
    refuse_file(file, kind, "it is of version " + std::to_string(frame.header.version) + "; expected " + std::to_string(kind.version));
  if (frame.trailer.magic != FileTrailer{}.magic) refuse_file(file, kind, "it is cut short");
  frame.body = bytes.subspan(sizeof frame.header, bytes.size() - sizeof frame.header - sizeof frame.trailer);
  return frame;
}

std::array<unsigned char, kFileKeyBytes> key_from_hex(const std::string& hex) {
  std::array<unsigned char, kFileKeyBytes> key{};
  if (hex.size() != 2 * kFileKeyBytes) throw std::invalid_argument("a prepared file's key has " + std::to_string(hex.size()) + " digits");
  for (std::size_t i = 0; i < kFileKeyBytes; ++i) {
    const char* digits = hex.data() + 2 * i;
    if (std::from_chars(digits, digits + 2, key[i], 16).ptr != digits + 2)
      throw std::invalid_argument("a prepared file's key is not hexadecimal");
  }
  return key;
}

std::string hex_from_key(const std::array<unsigned char, kFileKeyBytes>& key) {
  std::string hex;
  for (const unsigned char byte : key) hex.append({"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]});
  return hex;
}

}  // namespace attend
