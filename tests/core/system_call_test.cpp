#include <catch2/catch.hpp>
#include <string>

#include "core/error.h"
#include "core/system_call.h"
#include "tests/support/temp_folder.h"

using namespace attend;
using Catch::Contains;

TEST_CASE("a temporary name is known by its whole form") {
  CHECK(is_temporary_name(temporary_beside("model.safetensors").filename().string()));
  CHECK(is_temporary_name("step-40.tmp-1-00000000deadbeef"));
  for (const char* name : {"model.safetensors", "notes.tmp-old", "run.tmp-12", "run.tmp-12-beef", "run.tmp-a-00000000deadbeef",
                           "run.tmp-1-00000000deadbeeg", ".tmp-1-00000000deadbeef", "run.old-1-00000000deadbeef", ""})
    CHECK_FALSE(is_temporary_name(name));
}

TEST_CASE("a folder that cannot be made is the user's mistake, and says so") {
  const TempFolder folder;
  make_folders(folder / "a" / "b");
  make_folders(folder / "a" / "b");
  CHECK(std::filesystem::is_directory(folder / "a" / "b"));
  write_text(folder / "file", "");
  try {
    make_folders(folder / "file" / "c", "choose another");
    FAIL("a folder inside a file");
  } catch (const UserError& error) {
    CHECK_THAT(error.what(), Contains("cannot make this folder"));
    CHECK(error.hint() == "choose another");
  }
  CHECK_THROWS_AS(make_folders("/proc/attend-cannot-be"), UserError);
}

TEST_CASE("a file is removed where there is one") {
  const TempFolder folder;
  write_text(folder / "file", "");
  remove_file(folder / "file");
  remove_file(folder / "file");
  CHECK_FALSE(std::filesystem::exists(folder / "file"));
  write_text(folder / "full", "");
  CHECK_THROWS_AS(remove_file(folder / "full" / "inside"), StorageError);
}
