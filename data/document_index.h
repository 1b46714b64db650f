// Which sentences of a token file make up which document, in a memory-mapped file beside it.
//
//   header   64 bytes: magic "ATTNDDOC", u32 version, u32 bytes an offset (8), 0-padded, then the 32 bytes of the key
//   offsets  u64[documents + 1]: document i is sentences [offsets[i], offsets[i + 1]), at least one
//   trailer  24 bytes: u64 documents, u64 sentences, magic "ATTNDEND"
//
// All little-endian; the same family as data/token_file.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "core/mapped_file.h"

namespace attend {

/// Sentences [begin, end) of a token file.
struct SentenceSpan {
  std::uint64_t begin = 0, end = 0;

  std::uint64_t size() const { return end - begin; }
};

/// Writes document after document in constant memory; the file appears, complete, on commit().
/// Throws StorageError where the disk refuses.
class DocumentIndexWriter {
 public:
  DocumentIndexWriter(const std::filesystem::path& path, const std::string& key);
  void append(std::uint64_t num_sentences);  ///< of the next document; above 0
  void commit();

 private:
  void flush();

  AtomicFile file_;
  std::vector<std::uint64_t> offsets_;
  std::uint64_t num_documents_ = 0, num_sentences_ = 0;
};

/// Reads one. Opening checks magic, version and sizes; each access checks its own offsets.
class DocumentIndex {
 public:
  /// Throws UserError for a file that is not one, is cut short, or does not add up.
  explicit DocumentIndex(const std::filesystem::path& path);

  std::uint64_t size() const { return num_documents_; }  ///< documents
  std::uint64_t num_sentences() const { return num_sentences_; }
  const std::string& key() const { return key_; }
  /// Throws UserError for a document that is not in the file's bounds.
  SentenceSpan span(std::uint64_t document) const;

 private:
  MappedFile file_;
  std::string key_;
  const std::byte* offsets_ = nullptr;
  std::uint64_t num_documents_ = 0, num_sentences_ = 0;
};

}  // namespace attend
