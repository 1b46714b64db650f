#include "data/text_corpus.h"

#include <algorithm>

#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/system_call.h"
#include "data/prefetch.h"
#include "data/text_preparation.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

using EndOfFile = TextPieceReader::EndOfFile;

constexpr std::size_t kBlocksAhead = 2;
constexpr std::uint64_t kBytesWithProgress = 16u << 20;

std::string cache_key(const PlainText& text, const std::string& fingerprint) {
  std::string description = "text corpus 1\n";
  for (const TextSlice& slice : text.slices)
    description += file_state(slice.file) + std::to_string(slice.begin) + " " + std::to_string(slice.end) + "\n";
  description += text.end_of_file == EndOfFile::kEndsDocument ? "files end documents\n" : "files go on\n";
  return prepared_key(description + fingerprint);
}

/// Bytes to be tokenised. One pass over all files finds what is wrong with them before hours of tokenising do.
std::uint64_t check_text(const std::vector<TextSlice>& slices) {
  std::uint64_t bytes = 0;
  for (const TextSlice& slice : slices) bytes += std::max(std::min(count_text(slice.file).bytes, slice.end), slice.begin) - slice.begin;
  return bytes;
}

std::vector<std::vector<std::int32_t>> encode_block(const std::vector<TextPiece>& block, const Tokenizer& tokenizer) {
  std::vector<std::vector<std::int32_t>> ids(block.size());
  on_all_processors(block.size(), [&](std::size_t i) { ids[i] = tokenizer.encode(block[i].text); });
  return ids;
}

/// Writes pieces, and ends documents that are not empty.
class CorpusWriter {
 public:
  CorpusWriter(const fs::path& path, const TokenFileInfo& info, const std::optional<EndOfText>& end) : file_(path, info), end_(end) {}

  void append(const std::vector<std::int32_t>& ids) {
    file_.append_part(ids);
    document_is_open_ = document_is_open_ || !ids.empty();
  }
  void end_document() {
    if (document_is_open_ && end_) file_.append_part(std::span(&end_->id, 1));
    close();
  }
  /// The last document may go on without an end.
  void close() {
    if (!std::exchange(document_is_open_, false)) return;
    file_.end_sentence();
    ++num_documents_;
  }
  void commit() { file_.commit(); }
  std::uint64_t num_documents() const { return num_documents_; }

 private:
  TokenFileWriter file_;
  std::optional<EndOfText> end_;
  bool document_is_open_ = false;
  std::uint64_t num_documents_ = 0;
};

void tokenize(const PlainText& text, const TextTokenizer& tokenizer, const fs::path& path, const std::string& key) {
  const std::uint64_t num_bytes = check_text(text.slices);
  make_folders(path.parent_path());
  const std::string marker = tokenizer.end_of_text ? tokenizer.end_of_text->spelling : "";
  // Without an end-of-text token nothing can tell documents apart: one endless text.
  const EndOfFile end_of_file = tokenizer.end_of_text ? text.end_of_file : EndOfFile::kGoesOn;
  auto reader = std::make_shared<TextPieceReader>(
      text.slices, TextPieceReader::Options{.marker = marker, .end_of_file = end_of_file, .cuts = tokenizer.cuts});
  CorpusWriter writer(path, {tokenizer.tokenizer.vocab_size(), key}, tokenizer.end_of_text);
  std::optional<Progress> progress;
  if (num_bytes >= kBytesWithProgress) progress.emplace("tokenising " + text.slices.front().file.filename().string(), num_bytes, "bytes");

  Prefetch<std::vector<TextPiece>> blocks(kBlocksAhead, [reader] { return reader->next(); });
  std::uint64_t bytes_done = 0;
  for (auto block = blocks.next(); !block.empty(); block = blocks.next()) {
    const auto ids = with_place([&] { return names_of(text.slices); }, [&] { return encode_block(block, tokenizer.tokenizer); });
    for (std::size_t i = 0; i < block.size(); ++i) {
      writer.append(ids[i]);
      if (block[i].ends_document) writer.end_document();
      bytes_done += block[i].text.size();
    }
    if (progress) progress->update(bytes_done, {});
  }
  writer.close();
  if (progress) progress->finish();
  if (writer.num_documents() == 0)
    throw UserError(names_of(text.slices) + ": the text has no token", "is the tokenizer made for this language?");
  writer.commit();
}

}  // namespace

std::string names_of(const std::vector<TextSlice>& slices) {
  const std::string first = slices.front().file.string();
  return slices.size() == 1 ? first : first + " and " + std::to_string(slices.size() - 1) + " more";
}

std::shared_ptr<const TokenFile> prepare_text(const PlainText& text, const TextTokenizer& tokenizer, const fs::path& cache_folder) {
  if (text.slices.empty()) throw UserError("no text was named; expected a file or several");
  const std::string key = cache_key(text, tokenizer.fingerprint);
  const fs::path path = cache_folder / (key.substr(0, 16) + ".text.tokens");
  if (auto corpus = open_prepared<TokenFile>(key, path)) return corpus;
  tokenize(text, tokenizer, path, key);
  return std::make_shared<const TokenFile>(path);
}

}  // namespace attend
