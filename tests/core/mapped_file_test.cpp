#include "core/mapped_file.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

std::string text_of(const MappedFile& file) { return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()}; }

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

TEST_CASE("only regular files are mapped") {
  const TempFolder folder;
  CHECK_THROWS_WITH(MappedFile(folder / "absent"), Catch::Contains("absent: No such file or directory"));
  CHECK_THROWS_WITH(MappedFile(folder.path()), Catch::Contains("is a folder"));
  CHECK_THROWS_WITH(MappedFile("/dev/null"), Catch::Contains("is not a regular file"));
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(MappedFile(folder / "pipe"), Catch::Contains("is not a regular file"));  // and does not wait for a writer
}

}  // namespace attend
