#include "core/text_source.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "core/lfs_pointer.h"
#include "core/system_call.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

using namespace std::string_view_literals;

/// What is no text, by its first bytes; `command` writes the text of FILE to standard output.
struct Format {
  std::string_view magic;
  const char* what;
  const char* command;
};
// The longer mark of UTF-32 before that of UTF-16, which it begins with.
constexpr std::array kFormats{Format{"\x1f\x8b"sv, "compressed with gzip", "zcat"},
                              Format{"BZh"sv, "compressed with bzip2", "bzcat"},
                              Format{"\xfd"
                                     "7zXZ\0"sv,
                                     "compressed with xz", "xzcat"},
                              Format{"\x28\xb5\x2f\xfd"sv, "compressed with zstd", "zstdcat"},
                              Format{"\x04\x22\x4d\x18"sv, "compressed with lz4", "lz4cat"},
                              Format{"PK\x03\x04"sv, "a zip archive", "unzip -p"},
                              Format{"PAR1"sv, "a table of Parquet", nullptr},
                              Format{"\xff\xfe\0\0"sv, "UTF-32", "iconv -f UTF-32 -t UTF-8"},
                              Format{"\0\0\xfe\xff"sv, "UTF-32", "iconv -f UTF-32 -t UTF-8"},
                              Format{"\xff\xfe"sv, "UTF-16", "iconv -f UTF-16 -t UTF-8"},
                              Format{"\xfe\xff"sv, "UTF-16", "iconv -f UTF-16 -t UTF-8"}};

/// "BZh" is the beginning of words too; a digit and the digits of pi follow it in a file of bzip2.
bool is_of(const Format& format, std::string_view beginning) {
  if (!beginning.starts_with(format.magic)) return false;
  return format.magic != "BZh" || (beginning.size() > 4 && beginning.substr(4).starts_with("1AY&SY"));
}

[[noreturn]] void refuse(const std::string& name, const char* what, const char* command) {
  const bool is_file = name != "standard input" && name != "the terminal";
  const std::string converted = !command  ? "write it as text with the program that made it"
                                : is_file ? "convert it: " + std::string(command) + " " + name + " > text, and give that"
                                          : "convert it on the way: " + std::string(command) + " FILE | attend ...";
  throw UserError(name + " is " + what + "; expected UTF-8 text", converted);
}

/// Which byte of UTF-16's two is the high one: where NULs stand at even places only, or at odd ones only, and either they are a quarter of
/// the bytes (Latin) or nearly all bytes at those places are below a blank (Greek, Cyrillic, Arabic, Devanagari: 3 to 9; NUL for a blank).
/// Nothing for other bytes: one NUL alone proves nothing.
std::optional<std::size_t> high_byte_parity(std::string_view bytes) {
  if (bytes.size() < 2 || std::memchr(bytes.data(), '\0', bytes.size()) == nullptr) return std::nullopt;
  std::array<std::size_t, 2> nuls{}, low{};
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    nuls[at % 2] += bytes[at] == '\0';
    low[at % 2] += static_cast<unsigned char>(bytes[at]) < ' ';
  }
  const std::size_t more = nuls[1] > nuls[0] ? 1 : 0, places = (bytes.size() + 1 - more) / 2;
  if (nuls[1 - more] > 0) return std::nullopt;
  const bool is_latin = nuls[more] > 1 && 4 * nuls[more] >= bytes.size();
  const bool is_other_script = low[more] >= 4 && 10 * low[more] >= 9 * places;
  return is_latin || is_other_script ? std::optional(more) : std::nullopt;
}

[[noreturn]] void refuse_utf16(const std::string& name, bool little_endian) {
  refuse(name, "UTF-16 without a byte-order mark", little_endian ? "iconv -f UTF-16LE -t UTF-8" : "iconv -f UTF-16BE -t UTF-8");
}

}  // namespace

std::unique_ptr<std::ifstream> open_text(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) throw UserError(path.string() + " is a folder; expected a file");
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) {
    const bool exists = fs::exists(path, ignored);
    throw UserError("cannot read " + path.string() + ": " + (exists ? "it cannot be opened" : "no such file"));
  }
  return file;
}

void require_readable_again(const fs::path& path, const std::string& reader) {
  const std::string why = reader + " reads its text more than once";
  if (path == "-") throw UserError(why + ", so it cannot be standard input", "name a file");
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const bool is_missing = errno == ENOENT || errno == ENOTDIR;
    throw UserError("cannot read " + path.string() + ": " + (is_missing ? "there is no such file" : system_reason(errno)));
  }
  if (S_ISREG(status.st_mode)) return;
  if (S_ISDIR(status.st_mode)) throw UserError(path.string() + " is a folder; expected a file");
  if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || S_ISCHR(status.st_mode))
    throw UserError(path.string() + " can be read once only (a pipe or a device); " + why,
                    "write it to a file first, for example: zcat x.gz > x.txt");
  throw UserError(path.string() + " is not a file; expected text");
}

void check_text_beginning(std::string_view beginning, const std::string& name) {
  refuse_lfs_pointer(beginning, name);
  for (const Format& format : kFormats)
    if (is_of(format, beginning)) refuse(name, format.what, format.command);
  if (const auto parity = high_byte_parity(beginning)) refuse_utf16(name, *parity == 1);
}

void check_text_line(std::string_view line, std::uint64_t number, const std::string& name) {
  if (number == 1) return check_text_beginning(line, name);
  // Behind "\n\0" of a little-endian file the NULs of a line are at even places; behind "\0\n" of a big-endian one too, and that began
  // with a NUL and was refused at its first line.
  if (high_byte_parity(line)) refuse_utf16(name, true);
}

UserError not_utf8(const std::string& name, std::uint64_t line_number) {
  return UserError(name + ", line " + std::to_string(line_number) + ": not valid UTF-8; expected UTF-8 text",
                   "convert the file, for example with: iconv -f ISO-8859-1 -t UTF-8");
}

}  // namespace attend
