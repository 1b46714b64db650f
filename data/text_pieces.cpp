#include "data/text_pieces.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/text_source.h"
#include "tokenizers/byte_bpe_files.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kCountBytes = 1u << 20;
constexpr std::size_t kLongestCharacter = 4;

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// A piece of about so many bytes, or more where there is no place to cut it.
std::size_t piece_end(std::string_view text, std::size_t bytes, Cuts cuts) {
  for (; bytes < text.size(); bytes *= 2)
    if (const std::size_t cut = last_gpt2_cut(text.substr(0, bytes), cuts); cut > 0) return cut;
  return text.size();
}

/// Up to `count` bytes more at the end of `text`; how many there were.
std::size_t append_bytes(std::ifstream& file, std::string& text, std::size_t count) {
  const std::size_t before = text.size();
  text.resize(before + count);
  file.read(text.data() + before, static_cast<std::streamsize>(count));
  text.resize(before + static_cast<std::size_t>(file.gcount()));
  return text.size() - before;
}

/// Where the characters of `text` end that are whole whatever follows.
std::size_t end_of_whole_characters(std::string_view text) {
  std::size_t at = text.size() - std::min(text.size(), kLongestCharacter - 1);
  while (at < text.size() && is_continuation(text[at])) ++at;
  while (at < text.size()) {
    const Utf8Sequence sequence = utf8_at(text, at);
    if (!sequence.is_valid && at + sequence.length == text.size()) return at;
    at += sequence.length;
  }
  return at;
}

/// Calls visit(sequence) for each character of a file, ill-formed ones too, until it returns false. A byte-order mark at its start is no
/// character of the text; its bytes are returned.
template <class Visit>
std::size_t for_each_character(const fs::path& path, Visit visit) {
  const auto file = open_text(path);
  std::string text;
  append_bytes(*file, text, kCountBytes);
  check_text_beginning(std::string_view(text).substr(0, kTextBeginning), path.string());
  const std::size_t mark = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  text.erase(0, mark);
  for (bool more = true; more;) {
    more = append_bytes(*file, text, kCountBytes) > 0;
    const std::size_t end = more ? end_of_whole_characters(text) : text.size();
    for (std::size_t at = 0; at < end;) {
      const Utf8Sequence sequence = utf8_at(text, at);
      if (!visit(sequence)) return mark;
      at += sequence.length;
    }
    text.erase(0, end);
  }
  if (file->bad()) throw UserError("cannot read " + path.string() + " to its end");
  return mark;
}

/// The byte at which character `index` of a file begins.
std::uint64_t byte_of_character(const fs::path& path, std::uint64_t index) {
  std::uint64_t bytes = 0;
  const std::size_t mark = for_each_character(path, [&](const Utf8Sequence& sequence) {
    if (index-- == 0) return false;
    bytes += sequence.length;
    return true;
  });
  return mark + bytes;
}

/// `border`, or the end of the document marker that it would cut in two.
std::uint64_t past_marker(const fs::path& path, std::uint64_t border) {
  const std::string_view marker = kEndOfText;
  const std::uint64_t begin = border - std::min<std::uint64_t>(border, marker.size() - 1);
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(begin));
  std::string around(2 * marker.size() - 2, '\0');
  file.read(around.data(), static_cast<std::streamsize>(around.size()));
  around.resize(static_cast<std::size_t>(file.gcount()));
  const std::size_t found = around.find(marker);
  if (found == std::string::npos || begin + found >= border) return border;
  return begin + found + marker.size();
}

}  // namespace

TextCounts count_text(const fs::path& path) {
  TextCounts counts;
  std::uint64_t line = 1;
  bool in_word = false;
  for_each_character(path, [&](const Utf8Sequence& sequence) {
    if (!sequence.is_valid) throw not_utf8(path.string(), line);
    line += sequence.code_point == '\n';
    const bool is_space = is_white_space(sequence.code_point);
    counts.words += !is_space && !in_word;
    in_word = !is_space;
    counts.bytes += sequence.length;
    ++counts.characters;
    return true;
  });
  return counts;
}

std::vector<TextSlice> whole_files(const std::vector<fs::path>& files) {
  std::vector<TextSlice> slices;
  for (const fs::path& file : files) slices.push_back({.file = file});
  return slices;
}

TextSplit split_text(const std::vector<fs::path>& files, double valid_fraction) {
  std::vector<std::uint64_t> characters;
  std::uint64_t all = 0;
  for (const fs::path& file : files) all += characters.emplace_back(count_text(file).characters);
  auto left = static_cast<std::uint64_t>(std::floor(static_cast<double>(all) * (1 - valid_fraction)));
  if (!(valid_fraction > 0 && valid_fraction < 1) || left == 0 || left == all)
    throw UserError("of " + std::to_string(all) + " characters, a share of " + std::to_string(valid_fraction) +
                    " was to be kept apart for validation; expected that something is left on both sides");
  TextSplit split;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (left >= characters[i]) {
      split.train.push_back({.file = files[i]});
      left -= characters[i];
    } else {
      const std::uint64_t border = left == 0 ? 0 : past_marker(files[i], byte_of_character(files[i], left));
      if (border > 0) split.train.push_back({.file = files[i], .end = border});
      split.valid.push_back({.file = files[i], .begin = border});
      left = 0;
    }
  }
  return split;
}

std::vector<TextPiece> TextPieceReader::next() {
  std::vector<TextPiece> pieces;
  while (pieces.empty() && (file_.is_open() || open_next())) {
    read_block();
    if (is_at_end()) {
      add_pieces(pieces, waiting_);
      waiting_.clear();
      follows_marker_ = false;
      if (ends_with_file_ && options_.end_of_file == EndOfFile::kEndsDocument) pieces.push_back({.text = {}, .ends_document = true});
      file_.close();
      slices_.pop_front();
    } else if (const std::size_t end = last_gpt2_cut(waiting_, options_.cuts); end > 0) {
      add_pieces(pieces, std::string_view(waiting_).substr(0, end));
      waiting_.erase(0, end);
    } else if (waiting_.size() > limits::kLineBytes) {
      throw UserError(slices_.front().file.string() + " has no place to cut it (a space after a word) in " +
                          std::to_string(waiting_.size()) + " bytes before byte " + std::to_string(offset_) + "; expected text",
                      "break it into lines");
    }
  }
  return pieces;
}

bool TextPieceReader::open_next() {
  if (slices_.empty()) return false;
  TextSlice& slice = slices_.front();
  file_ = std::move(*open_text(slice.file));
  ends_with_file_ = slice.end == TextSlice::kToTheEnd;
  if (ends_with_file_) slice.end = fs::file_size(slice.file);
  offset_ = slice.begin;
  file_.seekg(static_cast<std::streamoff>(slice.begin));
  return true;
}

void TextPieceReader::read_block() {
  const TextSlice& slice = slices_.front();
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(options_.block_bytes, slice.end - offset_));
  if (append_bytes(file_, waiting_, wanted) < wanted) throw UserError(slice.file.string() + " became shorter while it was read");
  if (offset_ == 0 && waiting_.starts_with(kByteOrderMark)) waiting_.erase(0, kByteOrderMark.size());
  offset_ += wanted;
  bytes_read_ += wanted;
}

void TextPieceReader::add_pieces(std::vector<TextPiece>& pieces, std::string_view text) {
  while (!text.empty()) {
    if (std::exchange(follows_marker_, false)) {
      text.remove_prefix(text.starts_with("\r\n") ? 2 : text.starts_with('\n') ? 1 : 0);
    }
    const std::size_t end = options_.marker.empty() ? std::string_view::npos : text.find(options_.marker);
    cut(pieces, text.substr(0, end));
    if (end == std::string_view::npos) return;
    pieces.push_back({.text = {}, .ends_document = true});
    text.remove_prefix(end + options_.marker.size());
    follows_marker_ = true;
  }
}

void TextPieceReader::cut(std::vector<TextPiece>& pieces, std::string_view text) const {
  while (!text.empty()) {
    const std::size_t end = piece_end(text, options_.piece_bytes, options_.cuts);
    pieces.push_back({.text = std::string(text.substr(0, end))});
    text.remove_prefix(end);
  }
}

}  // namespace attend
