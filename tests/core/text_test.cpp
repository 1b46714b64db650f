#include "core/text.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <string>

#include "core/error.h"
#include "core/limits.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  LineReader reader(in, "x");
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  return lines;
}

using Lines = std::vector<std::string>;

/// Unfolds to bytes without holding them: a line without an end.
class EndlessLine : public std::streambuf {
  int_type underflow() override {
    setg(block_, block_, block_ + sizeof block_);
    return traits_type::to_int_type(block_[0]);
  }
  char block_[4096] = {'x'};

 public:
  EndlessLine() { std::fill(std::begin(block_), std::end(block_), 'x'); }
};

class FailingStream : public std::streambuf {
  int_type underflow() override { throw std::runtime_error("the disk fails"); }
};

}  // namespace

TEST_CASE("lines are read without their breaks") {
  CHECK(lines_of("") == Lines{});
  CHECK(lines_of("\n") == Lines{""});
  CHECK(lines_of("a") == Lines{"a"});
  CHECK(lines_of("a\n") == Lines{"a"});
  CHECK(lines_of("a\n\nb") == Lines{"a", "", "b"});
  CHECK(lines_of("a\r\nb\r\n") == Lines{"a", "b"});
  CHECK(lines_of("a\r\r\n\r") == Lines{"a\r", ""});
  CHECK(lines_of("a\rb\vc\fd\xE2\x80\xA8"
                 "e\xC2\x85\n") == Lines{"a\rb\vc\fd\xE2\x80\xA8"
                                         "e\xC2\x85"});
  CHECK(lines_of(std::string("a\0b\n\0\n", 6)) == Lines{std::string("a\0b", 3), std::string("\0", 1)});
}

TEST_CASE("a byte-order mark is dropped at the start of a file only") {
  CHECK(lines_of("\xEF\xBB\xBF"
                 "a\n\xEF\xBB\xBF"
                 "b\n") == Lines{"a",
                                 "\xEF\xBB\xBF"
                                 "b"});
  CHECK(lines_of("\xEF\xBB\xBF\n") == Lines{""});
  CHECK(lines_of("\xEF\xBB\xBF\r\n") == Lines{""});
}

TEST_CASE("lines of every length about the reader's own buffer are whole") {
  for (std::size_t size = (1 << 14) - 4; size < (1 << 14) + 4; ++size) {
    for (const std::size_t more : {std::size_t{0}, std::size_t{1 << 14} - 1, std::size_t{1 << 14}}) {
      const std::string line(size + more, 'x');
      INFO(line.size());
      CHECK(lines_of(line) == Lines{line});
      CHECK(lines_of(line + "\n") == Lines{line});
      CHECK(lines_of(line + "\r\ny") == Lines{line, "y"});
    }
  }
}

TEST_CASE("lines are counted from 1 and the reader knows its name") {
  const TempFolder folder;
  write_text(folder / "x.txt", "a\nb\n");
  LineReader reader(folder / "x.txt");
  CHECK(reader.name() == (folder / "x.txt").string());
  CHECK(reader.line_number() == 0);
  std::string line;
  CHECK(reader.next(line));
  CHECK(reader.line_number() == 1);
  CHECK(reader.next(line));
  CHECK_FALSE(reader.next(line));
  CHECK(line.empty());
  CHECK_FALSE(reader.next(line));
  CHECK(reader.line_number() == 2);
}

TEST_CASE("a line without an end is refused before it fills the memory") {
  EndlessLine endless;
  std::istream in(&endless);
  LineReader reader(in, "endless");
  std::string line;
  CHECK_THROWS_WITH(reader.next(line), Catch::Contains("endless: line 1 is longer than"));
  CHECK(line.size() <= limits::kLineBytes + (1 << 14));
}

TEST_CASE("a read that fails is not the end of the text") {
  FailingStream failing;
  std::istream in(&failing);
  LineReader reader(in, "failing");
  std::string line;
  CHECK_THROWS_WITH(reader.next(line), Catch::Contains("cannot read failing"));
}

TEST_CASE("missing files and folders are refused as such") {
  const TempFolder folder;
  CHECK_THROWS_WITH(LineReader(folder / "absent.txt"), Catch::Contains("no such file"));
  CHECK_THROWS_WITH(LineReader(folder.path()), Catch::Contains("is a folder"));
  CHECK_THROWS_WITH(read_file(folder / "absent.txt", 10), Catch::Contains("no such file"));
  CHECK_THROWS_WITH(read_file(folder.path(), 10), Catch::Contains("is a folder"));
}

TEST_CASE("a small file is read whole, within its limit") {
  const TempFolder folder;
  write_text(folder / "x", std::string("a\0\r\n", 4));
  CHECK(read_file(folder / "x", 4) == std::string("a\0\r\n", 4));
  CHECK_THROWS_WITH(read_file(folder / "x", 3), Catch::Contains("larger than the 3 bytes"));
  write_text(folder / "empty", "");
  CHECK(read_file(folder / "empty", 0).empty());
  const std::string large(300'000, 'y');
  write_text(folder / "large", large);
  CHECK(read_file(folder / "large", 300'000) == large);
  write_text(folder / "lines", "a\nb");
  CHECK(read_lines(folder / "lines") == Lines{"a", "b"});
}

TEST_CASE("an excerpt is cut at a code point and shows control characters") {
  CHECK(excerpt("short") == "short");
  CHECK(excerpt("abcdefghij", 10) == "abcdefghij");
  CHECK(excerpt("abcdefghijk", 10) == "abcdefg...");
  CHECK(excerpt("abcdef\xC3\xBC\xC3\xBC\xC3\xBC", 10) == "abcdef...");
  CHECK(excerpt("\xFF") == "\xEF\xBF\xBD");
  CHECK(excerpt(std::string("\n\r\t\x1b[0m\0\x7f\xC2\x9B", 11)) == "\\n\\r\\t\\x1b[0m\\x00\\x7f\\x9b");
  CHECK(excerpt("abc", 2) == "...");
}

TEST_CASE("the nearest word is found where one is near") {
  const Lines flags{"hidden_size", "num_heads", "dropout", "seed", "steps"};
  CHECK(nearest("hiden_size", flags) == "hidden_size");
  CHECK(nearest("hidden_szie", flags) == "hidden_size");  // one swap
  CHECK(nearest("hidden-size", flags) == "hidden_size");
  CHECK(nearest("dropuot", flags) == "dropout");
  CHECK(nearest("sede", flags) == "seed");
  CHECK(nearest("step", flags) == "steps");
  CHECK(nearest("seed", flags) == "seed");
  CHECK(nearest("learning_rate", flags) == "");
  CHECK(nearest("ab", {"cd", "ef"}) == "");
  CHECK(nearest("x", {"y"}) == "");
  CHECK(nearest("", flags) == "");
  CHECK(nearest("anything", {}) == "");
  CHECK(nearest(std::string(1 << 20, 'x'), flags) == "");
}

TEST_CASE("white space of every kind is trimmed from the ends, and no other byte") {
  CHECK(trimmed(" \ta b\r\n") == "a b");
  CHECK(trimmed("\xC2\xA0\xE3\x80\x80 x\xE2\x80\xAF\xC2\x85\xE1\x9A\x80") == "x");
  CHECK(trimmed("\xE3\x80\x80") == "");
  CHECK(trimmed("") == "");
  CHECK(trimmed("\xE2\x80\x8Bx\xEF\xBB\xBF") == "\xE2\x80\x8Bx\xEF\xBB\xBF");  // no width, and no white space
  CHECK(trimmed(" \x80 ") == "\x80");                                          // ill-formed
  CHECK(trimmed("\xE3\x80") == "\xE3\x80");
  CHECK(trimmed("\xA0\xA0\xC2\xA0") == "\xA0\xA0");
  CHECK(trimmed("\x1C x") == "\x1C x");  // a separator of Python's, not of Unicode's
  CHECK(trimmed(" \t\xC2\xA0x\n", " \t") == "\xC2\xA0x\n");
  CHECK(trimmed("  ", " ") == "");
}

TEST_CASE("ASCII punctuation is Python's") {
  std::string found;
  for (char32_t c = 0; c < 0x3000; ++c)
    if (is_ascii_punctuation(c)) append_utf8(found, c);
  CHECK(found == "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
}

TEST_CASE("escapes become what they stand for, and anything else behind a backslash is refused") {
  CHECK(unescaped("") == "");
  CHECK(unescaped("Q: a\\nA:\\tb") == "Q: a\nA:\tb");
  CHECK(unescaped("C:\\\\new") == "C:\\new");  // an escaped backslash begins no escape
  CHECK(unescaped("é\\n") == "é\n");
  CHECK_THROWS_AS(unescaped("C:\\dir"), UserError);
  CHECK_THROWS_AS(unescaped("ends with \\"), UserError);
}

}  // namespace attend
