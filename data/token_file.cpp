#include "data/token_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "core/error.h"
#include "core/system_call.h"
#include "data/file_frame.h"

namespace attend {
namespace {

constexpr FileKind kKind{{'A', 'T', 'T', 'N', 'D', 'T', 'O', 'K'}, 1, "token file"};
constexpr std::size_t kBufferBytes = 1u << 20;

std::uint64_t padding_after(std::uint64_t bytes) { return (8 - bytes % 8) % 8; }

// A file without a name: it is gone when closed, however the process ends.
int open_nameless(const std::filesystem::path& beside) {
  const std::filesystem::path path = temporary_beside(beside, "offsets");
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
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
  FileHeader header;
  header.magic = kKind.magic;
  header.version = kKind.version;
  header.element_size = static_cast<std::uint32_t>(element_size_);
  header.vocab_size = static_cast<std::uint64_t>(info.vocab_size);
  header.key = key_from_hex(info.key);
  file_.write(bytes_of(header));
}

void TokenFileWriter::append(std::span<const std::int32_t> ids) {
  append_part(ids);
  end_sentence();
}

void TokenFileWriter::append_part(std::span<const std::int32_t> ids) {
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= vocab_size_)
      throw std::out_of_range("token id " + std::to_string(id) + " in a vocabulary of " + std::to_string(vocab_size_));
    const auto* bytes = reinterpret_cast<const std::byte*>(&id);  // the low bytes come first
    tokens_.insert(tokens_.end(), bytes, bytes + element_size_);
  }
  num_tokens_ += ids.size();
  if (tokens_.size() >= kBufferBytes) flush_tokens();
}

void TokenFileWriter::end_sentence() {
  ++num_sentences_;
  offsets_.push_back(num_tokens_);
  if (offsets_.size() * sizeof(std::uint64_t) >= kBufferBytes) flush_offsets();
}

void TokenFileWriter::flush_tokens() {
  file_.write(tokens_);
  tokens_.clear();
}

void TokenFileWriter::flush_offsets() {
  if (!write_all(offsets_descriptor_.get(), std::as_bytes(std::span(offsets_)))) throw_storage_error("write the offsets of", path_);
  offsets_.clear();
}

void TokenFileWriter::copy_offsets() {
  if (::lseek(offsets_descriptor_.get(), 0, SEEK_SET) != 0) throw_storage_error("read the offsets of", path_);
  std::vector<std::byte> buffer(kBufferBytes);
  while (true) {
    const ssize_t count = ::read(offsets_descriptor_.get(), buffer.data(), buffer.size());
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
  FileTrailer trailer;
  trailer.num_items = num_sentences_;
  trailer.num_parts = num_tokens_;
  file_.write(bytes_of(trailer));
  file_.commit();
}

TokenFile::TokenFile(const std::filesystem::path& path) : file_(path) {
  const auto [header, trailer, body] = read_frame(file_, kKind);
  if (header.element_size != 2 && header.element_size != 4)
    refuse_file(file_, kKind, "its ids have " + std::to_string(header.element_size) + " bytes; expected 2 or 4");
  if (header.vocab_size > std::uint64_t{1} << 31)
    refuse_file(file_, kKind, "its vocabulary has " + std::to_string(header.vocab_size) + " ids");

  // Divided, not multiplied: the counts are foreign and their products may overflow.
  if (trailer.num_parts > body.size() / header.element_size || trailer.num_items >= body.size() / sizeof(std::uint64_t))
    refuse_file(file_, kKind, "its counts exceed its size");
  const std::uint64_t tokens = trailer.num_parts * header.element_size;
  const std::uint64_t padded = tokens + padding_after(tokens);
  if (padded + (trailer.num_items + 1) * sizeof(std::uint64_t) != body.size())
    refuse_file(file_, kKind, "its size does not fit its counts");

  tokens_ = body.data();
  offsets_ = tokens_ + padded;
  element_size_ = header.element_size;
  vocab_size_ = static_cast<std::int64_t>(header.vocab_size);
  num_sentences_ = trailer.num_items;
  num_tokens_ = trailer.num_parts;
  key_ = hex_from_key(header.key);
}

TokenSpan TokenFile::span(std::uint64_t sentence) const {
  if (sentence >= num_sentences_) throw std::out_of_range("sentence " + std::to_string(sentence) + " of " + std::to_string(num_sentences_));
  std::uint64_t both[2];
  std::memcpy(both, offsets_ + sentence * sizeof(std::uint64_t), sizeof both);
  if (both[0] > both[1] || both[1] > num_tokens_) report_damage(file_, "sentence " + std::to_string(sentence) + " lies outside of it");
  return {both[0], both[1]};
}

std::int64_t TokenFile::length(std::uint64_t sentence) const { return static_cast<std::int64_t>(span(sentence).size()); }

void TokenFile::append_to(std::vector<std::int64_t>& ids, std::uint64_t sentence) const { append_to(ids, span(sentence)); }

void TokenFile::append_to(std::vector<std::int64_t>& ids, const TokenSpan& tokens) const {
  if (tokens.begin > tokens.end || tokens.end > num_tokens_)
    throw std::out_of_range("tokens " + std::to_string(tokens.begin) + " to " + std::to_string(tokens.end) + " of " +
                            std::to_string(num_tokens_));
  for (std::uint64_t i = tokens.begin; i < tokens.end; ++i) {
    std::uint32_t id = 0;
    std::memcpy(&id, tokens_ + i * element_size_, element_size_);
    if (id >= vocab_size_)
      report_damage(file_, "it holds token id " + std::to_string(id) + " in a vocabulary of " + std::to_string(vocab_size_));
    ids.push_back(id);
  }
}

}  // namespace attend
