#include "core/text_source.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <sstream>
#include <string>

#include "core/json.h"
#include "core/text.h"
#include "core/threads.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Catch::Contains;
using namespace std::string_literals;

/// UTF-16, the low byte of a character first or last.
std::string utf16(std::u16string_view text, bool little_endian) {
  std::string bytes;
  for (const char16_t c : text) {
    const char low = static_cast<char>(c & 0xFF), high = static_cast<char>(c >> 8);
    bytes += little_endian ? std::string{low, high} : std::string{high, low};
  }
  return bytes;
}
std::string utf16(const std::string& ascii, bool little_endian) { return utf16(std::u16string(ascii.begin(), ascii.end()), little_endian); }

std::string refusal_of_lines(const std::string& content) {
  std::istringstream in(content);
  return refusal_of([&] {
    LineReader reader(in, "x.tsv");
    for (std::string line; reader.next(line);) {
    }
  });
}

}  // namespace

TEST_CASE("what is no UTF-8 text is named, with the command that converts it") {
  struct Case {
    std::string content, what, command;
  };
  const Case cases[]{
      {"\x1f\x8b\x08\0abc"s, "compressed with gzip", "zcat x.tsv > text"},
      {"BZh91AY&SY\0abc"s, "compressed with bzip2", "bzcat x.tsv > text"},
      {"\xfd"
       "7zXZ\0abc"s,
       "compressed with xz", "xzcat x.tsv"},
      {"\x28\xb5\x2f\xfd"
       "abc",
       "compressed with zstd", "zstdcat x.tsv"},
      {"PK\x03\x04"
       "abc",
       "a zip archive", "unzip -p x.tsv"},
      {"PAR1abc", "a table of Parquet", "write it as text"},
      {"\xff\xfe" + utf16("text\tlabel\n", true), "UTF-16;", "iconv -f UTF-16 -t UTF-8 x.tsv > text"},
      {"\xfe\xff" + utf16("text\tlabel\n", false), "UTF-16;", "iconv -f UTF-16 -t UTF-8 x.tsv > text"},
      {"\xff\xfe\0\0t\0\0\0"s, "UTF-32", "iconv -f UTF-32 -t UTF-8 x.tsv > text"},
      {utf16("text\tlabel\n", true), "UTF-16 without a byte-order mark", "iconv -f UTF-16LE -t UTF-8 x.tsv"},
      {utf16("text\tlabel\n", false), "UTF-16 without a byte-order mark", "iconv -f UTF-16BE -t UTF-8 x.tsv"},
      {utf16("\nab\ncd\n", true), "UTF-16 without a byte-order mark", "iconv -f UTF-16LE -t UTF-8 x.tsv"},
      // Valid as UTF-8, too, with few NULs: high bytes of 4 and 9, low bytes below 128.
      {utf16(u"мама мыла раму\nа кот спал\n", true), "UTF-16 without a byte-order mark", "iconv -f UTF-16LE -t UTF-8 x.tsv"},
      {utf16(u"мама мыла раму\n", false), "UTF-16 without a byte-order mark", "iconv -f UTF-16BE -t UTF-8 x.tsv"},
      {utf16(u"मैं घर जाता हूँ\n", true), "UTF-16 without a byte-order mark", "iconv -f UTF-16LE -t UTF-8 x.tsv"},
      {utf16(u"نحن نذهب\n", true), "UTF-16 without a byte-order mark", "iconv -f UTF-16LE -t UTF-8 x.tsv"},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    CHECK_THAT(refusal_of_lines(one.content), Contains("x.tsv is " + one.what) && Contains(one.command));
  }
  CHECK_THAT(refusal_of_lines("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 3\n"), Contains("git lfs pull"));
  std::istringstream in("\x1f\x8b\x08");
  CHECK_THAT(refusal_of([&] {
               LineReader reader(in, "standard input");
               std::string line;
               reader.next(line);
             }),
             Contains("zcat FILE | attend"));
}

TEST_CASE("text that resembles them is text") {
  for (const std::string& content : {"BZh is no word\n"s, "BZh\n"s, "BZh"s, "PK\n"s, "\xef\xbb\xbf"s + "text\n", "a\0b\nc\n"s,
                                     "a NUL \0 and another \0 in a line\n"s, "1\t2\t3\t4\t5\t6\n"s, ""s, "\0\n"s, "7zXZ\n"s})
    CHECK(refusal_of_lines(content) == "");
}

TEST_CASE("every reader of whole files asks, too") {
  const TempFolder folder;
  write_text(folder / "x.json", "\xff\xfe" + utf16("{}", true));
  CHECK_THAT(refusal_of([&] { read_json_file(folder / "x.json"); }), Contains("x.json is UTF-16"));
  CHECK_THAT(refusal_of([&] { read_lines(folder / "x.json"); }), Contains("x.json is UTF-16"));
  CHECK_THAT(refusal_of([&] { read_text_file(folder / "x.json", 100); }), Contains("x.json is UTF-16"));
  CHECK(read_file(folder / "x.json", 100).size() == 6);  // bytes are bytes
}

TEST_CASE("what can be read once only is refused at once, and never opened") {
  const TempFolder folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THAT(refusal_of([&] { require_readable_again(folder / "pipe", "training"); }),  // nobody writes: opening it would wait for ever
             Contains("pipe can be read once only") && Contains("training reads its text more than once") && Contains("zcat x.gz > x.txt"));
  CHECK_THAT(refusal_of([] { require_readable_again("-", "training"); }), Contains("standard input"));
  CHECK_THAT(refusal_of([] { require_readable_again("/dev/null", "training"); }), Contains("once only"));
  CHECK_THAT(refusal_of([&] { require_readable_again(folder.path(), "training"); }), Contains("is a folder"));
  CHECK_THAT(refusal_of([&] { require_readable_again(folder / "absent", "training"); }), Contains("there is no such file"));
  write_text(folder / "x", "text");
  std::filesystem::create_symlink(folder / "x", folder / "link");
  CHECK(refusal_of([&] { require_readable_again(folder / "link", "training"); }) == "");
}

TEST_CASE("white space is Unicode's") {
  for (const char32_t space : {U' ', U'\t', U'\n', U'\u00A0', U'\u3000', U'\u2003', U'\u0085', U'\u202F', U'\u2028'})
    CHECK(is_white_space(space));
  for (const char32_t other : {U'a', U'\u200B', U'\uFEFF', U'\u00B7', U'\0'}) CHECK_FALSE(is_white_space(other));
}

TEST_CASE("there are as many worker threads as were asked for, else one a processor") {
  CHECK(worker_threads() >= 1);
  set_worker_threads(3);
  CHECK(worker_threads() == 3);
  set_worker_threads(0);
  CHECK(worker_threads() >= 1);
}

}  // namespace attend
