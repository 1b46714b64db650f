// Sentences as token ids in one memory-mapped file, so that a corpus larger than memory can be read.
//
//   header   64 bytes: magic "ATTNDTOK", u32 version, u32 bytes an element (2 or 4), u64 vocab_size, 0-padded,
//            then the 32 bytes of the key
//   tokens   u16 or u32 each, then zeros up to a multiple of 8
//   offsets  u64[sentences + 1]: sentence i is tokens [offsets[i], offsets[i + 1])
//   trailer  24 bytes: u64 sentences, u64 tokens, magic "ATTNDEND"
//
// All little-endian. The counts stand at the end because the writer streams: a file cut short has no trailer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "core/mapped_file.h"
#include "core/system_call.h"

namespace attend {

/// What a token file was made from.
struct TokenFileInfo {
  std::int64_t vocab_size = 0;  ///< every id is below it; up to 65,536 an id takes 2 bytes, else 4
  std::string key;              ///< 64 hexadecimal digits that name the text and the tokenizer
};

/// Writes sentence after sentence in constant memory; the file appears, complete, on commit().
/// Throws StorageError where the disk refuses.
class TokenFileWriter {
 public:
  TokenFileWriter(const std::filesystem::path& path, const TokenFileInfo& info);
  TokenFileWriter(const TokenFileWriter&) = delete;
  TokenFileWriter& operator=(const TokenFileWriter&) = delete;
  void append(std::span<const std::int32_t> ids);
  /// The same of a sentence that comes in parts, since it may be larger than memory.
  void append_part(std::span<const std::int32_t> ids);
  void end_sentence();
  void commit();

 private:
  void flush_tokens();
  void flush_offsets();
  void copy_offsets();

  std::filesystem::path path_;
  AtomicFile file_;
  Descriptor offsets_descriptor_;  // offsets wait in a nameless file until the tokens are complete
  std::vector<std::byte> tokens_;
  std::vector<std::uint64_t> offsets_;
  std::int64_t vocab_size_;
  std::size_t element_size_;
  std::uint64_t num_sentences_ = 0, num_tokens_ = 0;
};

/// Tokens [begin, end) of a file, counted over all its sentences; those of consecutive sentences follow each other.
struct TokenSpan {
  std::uint64_t begin = 0, end = 0;

  std::uint64_t size() const { return end - begin; }
};

/// Reads one. Opening checks magic, version and sizes; each access checks its own offsets.
class TokenFile {
 public:
  /// Throws UserError for a file that is not one, is cut short, or does not add up.
  explicit TokenFile(const std::filesystem::path& path);

  std::uint64_t size() const { return num_sentences_; }  ///< sentences
  std::uint64_t num_tokens() const { return num_tokens_; }
  std::int64_t vocab_size() const { return vocab_size_; }
  const std::string& key() const { return key_; }
  bool has_key(const std::string& key) const { return key_ == key; }

  std::int64_t length(std::uint64_t sentence) const;
  /// Appends the sentence's ids. Throws UserError for a sentence that is not in the file's bounds.
  void append_to(std::vector<std::int64_t>& ids, std::uint64_t sentence) const;

  TokenSpan span(std::uint64_t sentence) const;
  void append_to(std::vector<std::int64_t>& ids, const TokenSpan& tokens) const;

 private:
  MappedFile file_;
  std::string key_;
  const std::byte* tokens_ = nullptr;
  const std::byte* offsets_ = nullptr;
  std::size_t element_size_ = 0;
  std::int64_t vocab_size_ = 0;
  std::uint64_t num_sentences_ = 0, num_tokens_ = 0;
};

}  // namespace attend
