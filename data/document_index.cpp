#include "data/document_index.h"

#include <cstring>
#include <span>
#include <stdexcept>

#include "data/file_frame.h"

namespace attend {
namespace {

constexpr FileKind kKind{{'A', 'T', 'T', 'N', 'D', 'D', 'O', 'C'}, 1, "document index"};
constexpr std::size_t kBufferedOffsets = 1u << 17;

}  // namespace

DocumentIndexWriter::DocumentIndexWriter(const std::filesystem::path& path, const std::string& key) : file_(path), offsets_{0} {
  FileHeader header;
  header.magic = kKind.magic;
  header.version = kKind.version;
  header.element_size = sizeof(std::uint64_t);
  header.key = key_from_hex(key);
  file_.write(bytes_of(header));
}

void DocumentIndexWriter::append(std::uint64_t num_sentences) {
  if (num_sentences == 0) throw std::invalid_argument("a document without sentences");
  num_sentences_ += num_sentences;
  ++num_documents_;
  offsets_.push_back(num_sentences_);
  if (offsets_.size() >= kBufferedOffsets) flush();
}

void DocumentIndexWriter::flush() {
  file_.write(std::as_bytes(std::span(offsets_)));
  offsets_.clear();
}

void DocumentIndexWriter::commit() {
  flush();
  FileTrailer trailer;
  trailer.num_items = num_documents_;
  trailer.num_parts = num_sentences_;
  file_.write(bytes_of(trailer));
  file_.commit();
}

DocumentIndex::DocumentIndex(const std::filesystem::path& path) : file_(path) {
  const auto [header, trailer, body] = read_frame(file_, kKind);
  if (header.element_size != sizeof(std::uint64_t))
    refuse_file(file_, kKind, "its offsets have " + std::to_string(header.element_size) + " bytes; expected 8");
  // Divided, not multiplied: the count is foreign and its product may overflow.
  if (body.size() % sizeof(std::uint64_t) != 0 || trailer.num_items != body.size() / sizeof(std::uint64_t) - 1)
    refuse_file(file_, kKind, "its size does not fit its count");
  offsets_ = body.data();
  std::uint64_t first = 0, last = 0;
  std::memcpy(&first, body.data(), sizeof first);
  std::memcpy(&last, body.data() + body.size() - sizeof last, sizeof last);
  if (first != 0 || last != trailer.num_parts) refuse_file(file_, kKind, "its documents are not all of its sentences");
  num_documents_ = trailer.num_items;
  num_sentences_ = trailer.num_parts;
  key_ = hex_from_key(header.key);
}

SentenceSpan DocumentIndex::span(std::uint64_t document) const {
  if (document >= num_documents_) throw std::out_of_range("document " + std::to_string(document) + " of " + std::to_string(num_documents_));
  std::uint64_t both[2];
  std::memcpy(both, offsets_ + document * sizeof(std::uint64_t), sizeof both);
  if (both[0] >= both[1] || both[1] > num_sentences_) report_damage(file_, "document " + std::to_string(document) + " lies outside of it");
  return {both[0], both[1]};
}

}  // namespace attend
