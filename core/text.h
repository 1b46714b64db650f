// Lines of text, read as a stream, and UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace attend {

/// A line at a time, without its line break ("\n" or "\r\n"); a byte-order mark at the start of the file is dropped.
/// "-" is standard input. Throws UserError for a missing file or a folder, what core/text_source.h knows to be no UTF-8 text (compressed,
/// UTF-16), and a line over limits::kLineBytes.
class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& path);
  LineReader(std::istream& in, std::string name);

  bool next(std::string& line);
  std::uint64_t line_number() const { return line_number_; }  ///< of the last line read, from 1
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::unique_ptr<std::ifstream> file_;
  std::istream* in_;
  std::uint64_t line_number_ = 0;
};

/// Every line of a small file.
std::vector<std::string> read_lines(const std::filesystem::path& path);

/// The whole file. Throws UserError where it is missing or larger than max_bytes.
std::string read_file(const std::filesystem::path& path, std::uintmax_t max_bytes);
/// The same of a file that is to be text. Throws UserError for what core/text_source.h knows to be none.
std::string read_text_file(const std::filesystem::path& path, std::uintmax_t max_bytes);

/// What stands at one place of a text: a code point, or a maximal ill-formed part, which counts as U+FFFD.
struct Utf8Sequence {
  char32_t code_point;
  std::size_t length;  ///< bytes taken
  bool is_valid;
};
/// The sequence at `at`, which lies inside the text.
Utf8Sequence utf8_at(std::string_view text, std::size_t at);

/// The text with its line breaks as `\n` and `\r`.
std::string one_line(std::string text);
/// The texts with `\n` as a line break.
std::vector<std::string> with_line_breaks(std::vector<std::string> texts);
/// The text with `\n` as a line break, `\t` as a TAB and `\\` as a backslash. Throws UserError for a backslash before anything else.
std::string unescaped(std::string_view text);

bool is_valid_utf8(std::string_view text);
/// Unicode's White_Space: blanks, tabs, line breaks, the no-break and the ideographic space.
bool is_white_space(char32_t code_point);
/// Each maximal ill-formed part becomes U+FFFD, as Unicode recommends and Python's errors="replace" does.
std::string repair_utf8(std::string_view text);
/// Code points of well-formed UTF-8; ill-formed parts become U+FFFD.
std::vector<char32_t> decode_utf8(std::string_view text);
void append_utf8(std::string& text, char32_t code_point);

/// Without white space at either end. Ill-formed bytes are none.
std::string_view trimmed(std::string_view text);
/// Without any of the bytes `blanks` at either end.
std::string_view trimmed(std::string_view text, std::string_view blanks);

/// Python's string.punctuation: !"#$%&'()*+,-./:;<=>?@[\]^_`{|}~
bool is_ascii_punctuation(char32_t code_point);

/// At most `max_bytes` of a text for a message, cut at a code point, with "..." where cut. Control characters are spelled
/// out ("\n", "\x1b"), so that a foreign file cannot steer the terminal the message is shown on.
std::string excerpt(std::string_view text, std::size_t max_bytes = 60);

/// The entry of `candidates` nearest to `word` by edit distance, or "" where none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace attend
