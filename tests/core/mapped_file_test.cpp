#include "core/mapped_file.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <string>
#include <utility>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

std::string text_of(const MappedFile& file) { return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}; }

/// Pages of files in this process's memory.
std::int64_t resident_file_pages() {
  std::int64_t total = 0, resident = 0, shared = 0;
  std::ifstream("/proc/self/statm") >> total >> resident >> shared;
  return shared;
}

}  // namespace

TEST_CASE("a mapped file shows the file's bytes") {
  const TempFolder folder;
  write_text(folder / "x", std::string("a\0b", 3));
  const MappedFile file(folder / "x");
  CHECK(text_of(file) == std::string("a\0b", 3));
  CHECK(file.path() == folder / "x");
  write_text(folder / "empty", "");
  CHECK(MappedFile(folder / "empty").bytes().empty());
}

TEST_CASE("a mapped file can be moved, and outlives the file's name") {
  const TempFolder folder;
  write_text(folder / "x", "first");
  write_text(folder / "y", "second");
  MappedFile first(folder / "x");
  std::filesystem::remove(folder / "x");
  MappedFile moved(std::move(first));
  CHECK(text_of(moved) == "first");
  MappedFile second(folder / "y");
  moved = std::move(second);
  CHECK(text_of(moved) == "second");
  MappedFile& itself = moved;
  moved = std::move(itself);
  CHECK(text_of(moved) == "second");
}

TEST_CASE("pages that are released leave the memory, and read the same afterwards") {
  const TempFolder folder;
  std::string text(8 << 20, ' ');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 2654435761u >> 13);
  write_text(folder / "x", text);
  const MappedFile file(folder / "x");
  CHECK(text_of(file) == text);
  const std::int64_t before = resident_file_pages();
  release_pages(file.bytes().subspan(100, (6 << 20)));
  CHECK(before - resident_file_pages() > 1400);  // of 1,536
  CHECK(text_of(file) == text);
  release_pages(file.bytes().subspan(10, 20));  // less than a page
  release_pages({});
  CHECK(text_of(file) == text);
}

TEST_CASE("only regular files are mapped") {
  const TempFolder folder;
  CHECK_THROWS_WITH(MappedFile(folder / "absent"), Catch::Contains("absent: No such file or directory"));
  CHECK_THROWS_WITH(MappedFile(folder.path()), Catch::Contains("is a folder"));
  CHECK_THROWS_WITH(MappedFile("/dev/null"), Catch::Contains("is not a regular file"));
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(MappedFile(folder / "pipe"), Catch::Contains("is not a regular file"));  // and does not wait for a writer
}

}  // namespace attend
