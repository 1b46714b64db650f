#include "data/token_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include "core/error.h"
#include "core/system_call.h"

namespace attend {
namespace {

static_assert(std::endian::native == std::endian::little, "token files are little-endian and mapped as they are");

constexpr std::size_t kKeyBytes = 32;
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kBufferBytes = 1u << 20;

struct Header {
  std::array<char, 8> magic{'A', 'T', 'T', 'N', 'D', 'T', 'O', 'K'};
  std::uint32_t version = kVersion;
  std::uint32_t element_size = 0;
  std::uint64_t vocab_size = 0;
  std::uint64_t reserved = 0;
  std::array<unsigned char, kKeyBytes> key{};
};
static_assert(sizeof(Header) == 64);

struct Trailer {
  std::uint64_t num_sentences = 0, num_tokens = 0;
  std::array<char, 8> magic{'A', 'T', 'T', 'N', 'D', 'E', 'N', 'D'};
};
static_assert(sizeof(Trailer) == 24);

std::uint64_t padding_after(std::uint64_t bytes) { return (8 - bytes % 8) % 8; }

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

std::array<unsigned char, kKeyBytes> key_from_hex(const std::string& hex) {
  std::array<unsigned char, kKeyBytes> key{};
  if (hex.size() != 2 * kKeyBytes) throw std::invalid_argument("a token file's key has " + std::to_string(hex.size()) + " digits");
  for (std::size_t i = 0; i < kKeyBytes; ++i) {
    const char* digits = hex.data() + 2 * i;
    if (std::from_chars(digits, digits + 2, key[i], 16).ptr != digits + 2)
      throw std::invalid_argument("a token file's key is not hexadecimal");
  }
  return key;
}

std::string hex_from_key(const std::array<unsigned char, kKeyBytes>& key) {
  std::string hex;
  for (const unsigned char byte : key) hex.append({"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]});
  return hex;
}

// A file without a name: it is gone when closed, however the process ends.
int open_nameless(std::filesystem::path path) {
  path += ".offsets-" + std::to_string(::getpid());
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) throw_storage_error("write", path);
  ::unlink(path.c_str());
  return descriptor;
}

}  // namespace

TokenFileWriter::TokenFileWriter(const std::filesystem::path& path, const TokenFileInfo& info)
    : path_(path),
      file_(path),
      offsets_descriptor_(open_nameless(path)),
      offsets_{0},
      vocab_size_(info.vocab_size),
      element_size_(info.vocab_size <= 65536 ? 2 : 4) {
  Header header;
  header.element_size = static_cast<std::uint32_t>(element_size_);
  header.vocab_size = static_cast<std::uint64_t>(info.vocab_size);
  header.key = key_from_hex(info.key);
  file_.write(bytes_of(header));
}

TokenFileWriter::~TokenFileWriter() { ::close(offsets_descriptor_); }

void TokenFileWriter::append(std::span<const std::int32_t> ids) {
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= vocab_size_)
      throw std::out_of_range("token id " + std::to_string(id) + " in a vocabulary of " + std::to_string(vocab_size_));
    const auto* bytes = reinterpret_cast<const std::byte*>(&id);  // the low bytes come first
    tokens_.insert(tokens_.end(), bytes, bytes + element_size_);
  }
  num_tokens_ += ids.size();
  ++num_sentences_;
  offsets_.push_back(num_tokens_);
  if (tokens_.size() >= kBufferBytes) flush_tokens();
  if (offsets_.size() * sizeof(std::uint64_t) >= kBufferBytes) flush_offsets();
}

void TokenFileWriter::flush_tokens() {
  file_.write(tokens_);
  tokens_.clear();
}

void TokenFileWriter::flush_offsets() {
  if (!write_all(offsets_descriptor_, std::as_bytes(std::span(offsets_)))) throw_storage_error("write the offsets of", path_);
  offsets_.clear();
}

void TokenFileWriter::copy_offsets() {
  if (::lseek(offsets_descriptor_, 0, SEEK_SET) != 0) throw_storage_error("read the offsets of", path_);
  std::vector<std::byte> buffer(kBufferBytes);
  while (true) {
    const ssize_t count = ::read(offsets_descriptor_, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_storage_error("read the offsets of", path_);
    if (count == 0) return;
    file_.write(std::span(buffer).first(static_cast<std::size_t>(count)));
  }
}

void TokenFileWriter::commit() {
  tokens_.resize(tokens_.size() + padding_after(num_tokens_ * element_size_));
  flush_tokens();
  flush_offsets();
  copy_offsets();
  Trailer trailer;
  trailer.num_sentences = num_sentences_;
  trailer.num_tokens = num_tokens_;
  file_.write(bytes_of(trailer));
  file_.commit();
}

TokenFile::TokenFile(const std::filesystem::path& path) : file_(path) {
  const auto refuse = [&](const std::string& what) {
    throw UserError(path.string() + " is not a whole token file: " + what, "delete it; it is made again from the text");
  };
  const std::span<const std::byte> bytes = file_.bytes();
  if (bytes.size() < sizeof(Header) + sizeof(std::uint64_t) + sizeof(Trailer)) refuse("it has " + std::to_string(bytes.size()) + " bytes");
  Header header;
  Trailer trailer;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::memcpy(&trailer, bytes.data() + bytes.size() - sizeof trailer, sizeof trailer);
  if (header.magic != Header{}.magic) refuse("it does not begin with ATTNDTOK");
  if (header.version != kVersion) refuse("it is of version " + std::to_string(header.version) + "; expected " + std::to_string(kVersion));
  if (header.element_size != 2 && header.element_size != 4)
    refuse("its ids have " + std::to_string(header.element_size) + " bytes; expected 2 or 4");
  if (header.vocab_size > std::uint64_t{1} << 31) refuse("its vocabulary has " + std::to_string(header.vocab_size) + " ids");
  if (trailer.magic != Trailer{}.magic) refuse("it is cut short");

  const std::uint64_t body = bytes.size() - sizeof(Header) - sizeof(Trailer);
  // Divided, not multiplied: the counts are foreign and their products may overflow.
  if (trailer.num_tokens > body / header.element_size || trailer.num_sentences >= body / sizeof(std::uint64_t))
    refuse("its counts exceed its size");
  const std::uint64_t tokens = trailer.num_tokens * header.element_size;
  const std::uint64_t padded = tokens + padding_after(tokens);
  if (padded + (trailer.num_sentences + 1) * sizeof(std::uint64_t) != body) refuse("its size does not fit its counts");

  tokens_ = bytes.data() + sizeof(Header);
  offsets_ = tokens_ + padded;
  element_size_ = header.element_size;
  vocab_size_ = static_cast<std::int64_t>(header.vocab_size);
  num_sentences_ = trailer.num_sentences;
  num_tokens_ = trailer.num_tokens;
  key_ = hex_from_key(header.key);
}

std::pair<std::uint64_t, std::uint64_t> TokenFile::bounds(std::uint64_t sentence) const {
  if (sentence >= num_sentences_) throw std::out_of_range("sentence " + std::to_string(sentence) + " of " + std::to_string(num_sentences_));
  std::uint64_t both[2];
  std::memcpy(both, offsets_ + sentence * sizeof(std::uint64_t), sizeof both);
  if (both[0] > both[1] || both[1] > num_tokens_)
    throw UserError(file_.path().string() + " is damaged: sentence " + std::to_string(sentence) + " lies outside of it",
                    "delete it; it is made again from the text");
  return {both[0], both[1]};
}

std::int64_t TokenFile::length(std::uint64_t sentence) const {
  const auto [begin, end] = bounds(sentence);
  return static_cast<std::int64_t>(end - begin);
}

void TokenFile::append_to(std::vector<std::int64_t>& ids, std::uint64_t sentence) const {
  const auto [begin, end] = bounds(sentence);
  for (std::uint64_t i = begin; i < end; ++i) {
    std::uint32_t id = 0;
    std::memcpy(&id, tokens_ + i * element_size_, element_size_);
    if (id >= vocab_size_)
      throw UserError(file_.path().string() + " is damaged: it holds token id " + std::to_string(id) + " in a vocabulary of " +
                          std::to_string(vocab_size_),
                      "delete it; it is made again from the text");
    ids.push_back(id);
  }
}

}  // namespace attend
