// Plain text of any size in pieces that can be tokenised one by one, and where its documents end.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/gpt2_splitter.h"

namespace attend {

/// Bytes [begin, end) of a text file, cut between characters.
struct TextSlice {
  static constexpr std::uint64_t kToTheEnd = UINT64_MAX;

  std::filesystem::path file;
  std::uint64_t begin = 0, end = kToTheEnd;
};

struct TextCounts {
  std::uint64_t bytes = 0, characters = 0;
  std::uint64_t words = 0;  ///< longest runs without white space (Unicode's White_Space)
  bool operator==(const TextCounts&) const = default;
};
/// Reads a text once, in constant memory. A byte-order mark at its start is not counted: it is no text, and no token comes of it. Throws
/// UserError for a file that cannot be read, what is known to be no text, and ill-formed UTF-8, with its line.
TextCounts count_text(const std::filesystem::path& file);

/// The whole of each file.
std::vector<TextSlice> whole_files(const std::vector<std::filesystem::path>& files);

struct TextSplit {
  std::vector<TextSlice> train, valid;
};
/// The last `valid_fraction` of all the files' characters apart from the rest: of n, floor(n (1 - valid_fraction)) train. Throws
/// UserError where either part would be empty, and as count_text().
TextSplit split_text(const std::vector<std::filesystem::path>& files, double valid_fraction);

struct TextPiece {
  std::string text;
  bool ends_document = false;  ///< a document ends after it
  bool operator==(const TextPiece&) const = default;
};

/// Reads slices one after the other, some megabytes at a time. Pieces are cut where GPT-2's tokenizer cuts anyway (last_gpt2_cut), so that
/// their ids, one after the other, are those of the whole text.
///
/// A document ends where `marker` is spelled in the text; the marker and one line break ("\n" or "\r\n") right after it belong to no
/// document. Everything else is text, line breaks too; only a byte-order mark at the start of a file is dropped. A marker holds no white
/// space; an empty one is never found.
class TextPieceReader {
 public:
  enum class EndOfFile { kEndsDocument, kGoesOn };
  struct Options {
    std::string marker;
    EndOfFile end_of_file = EndOfFile::kEndsDocument;  ///< a slice that stops before it goes on
    Cuts cuts = Cuts::kAtSpacesAndBreaks;
    std::size_t block_bytes = 8u << 20;   ///< read together
    std::size_t piece_bytes = 16u << 10;  ///< about so many a piece: enough to keep all processors busy with a block
  };
  TextPieceReader(std::vector<TextSlice> slices, const Options& options) : slices_(slices.begin(), slices.end()), options_(options) {}

  /// The next pieces; none at the end. Throws UserError for a file that cannot be read any more, and one that has no white space for
  /// limits::kLineBytes.
  std::vector<TextPiece> next();
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  bool open_next();
  void read_block();
  bool is_at_end() const { return offset_ == slices_.front().end; }
  void add_pieces(std::vector<TextPiece>& pieces, std::string_view text);
  void cut(std::vector<TextPiece>& pieces, std::string_view text) const;

  std::deque<TextSlice> slices_;  // the first is being read while file_ is open
  Options options_;
  std::ifstream file_;
  std::uint64_t offset_ = 0, bytes_read_ = 0;
  std::string waiting_;  // read, but not given out
  bool ends_with_file_ = false;
  bool follows_marker_ = false;  // a line break that comes now is dropped
};

}  // namespace attend
