#include "core/atomic_file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/random.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

/// Makes writes fail beyond `bytes` of a file, with EFBIG instead of the signal, until it goes out of scope. This is as
/// near to a full disk as a test without privileges comes.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    previous_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &previous_);
    const rlimit limit{bytes, previous_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &previous_);
    ::signal(SIGXFSZ, previous_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit previous_{};
  void (*previous_handler_)(int);
};

std::size_t entries_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

std::string hash(std::string_view text) { return sha256_hex(std::as_bytes(std::span(text.data(), text.size()))); }

void fill_with(const fs::path& path, const std::string& content) {
  write_folder_atomically(path, [&](const fs::path& folder) {
    write_text(folder / "model.safetensors", content);
    fs::create_directory(folder / "deep");
    write_text(folder / "deep/state.json", "{}");
  });
}

}  // namespace

TEST_CASE("SHA-256 gives the standard's values") {
  CHECK(hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(hash(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 of a file is that of its bytes") {
  const TempFolder folder;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 20, (std::size_t{1} << 20) + 1}) {
    const std::string content(size, 'q');
    write_text(folder / "x", content);
    CHECK(sha256_file(folder / "x") == hash(content));
  }
  CHECK_THROWS_AS(sha256_file(folder / "absent"), StorageError);
}

TEST_CASE("a file is replaced on commit and not before") {
  const TempFolder folder;
  write_text(folder / "x", "old");
  {
    AtomicFile file(folder / "x");
    file.write("new ");
    file.write("content");
    CHECK(read_text(folder / "x") == "old");
    file.commit();
    CHECK(read_text(folder / "x") == "new content");
  }
  CHECK(read_text(folder / "x") == "new content");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("a file that is not committed leaves the old one and nothing else") {
  const TempFolder folder;
  write_text(folder / "x", "old");
  {
    AtomicFile file(folder / "x");
    file.write("half");
  }
  CHECK(read_text(folder / "x") == "old");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("a full disk leaves the old file and says why") {
  const TempFolder folder;
  write_text(folder / "x", "old");
  {
    const FileSizeLimit limit(1000);
    CHECK_THROWS_AS(write_file_atomically(folder / "x", std::string(1001, 'y')), StorageError);
    CHECK_THROWS_WITH(write_file_atomically(folder / "x", std::string(5000, 'y')), Catch::Contains("/x: File too large"));
    CHECK_NOTHROW(write_file_atomically(folder / "y", std::string(1000, 'y')));
  }
  CHECK(read_text(folder / "x") == "old");
  CHECK(entries_in(folder.path()) == 2);
}

TEST_CASE("devices are written to, not replaced") {
  CHECK_THROWS_WITH(write_file_atomically("/dev/full", "x"), Catch::Contains("/dev/full: No space left on device"));
  CHECK_NOTHROW(write_file_atomically("/dev/null", "x"));
  struct stat status {};
  REQUIRE(::stat("/dev/null", &status) == 0);
  CHECK(S_ISCHR(status.st_mode));
}

TEST_CASE("the file behind a symbolic link is replaced, not the link") {
  const TempFolder folder;
  write_text(folder / "real", "old");
  fs::create_symlink("real", folder / "link");
  write_file_atomically(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(read_text(folder / "real") == "new");
}

TEST_CASE("a place where no file can be is the user's mistake") {
  const TempFolder folder;
  CHECK_THROWS_AS(write_file_atomically(folder.path(), "x"), UserError);
  CHECK_THROWS_AS(write_file_atomically(folder / "absent/x", "x"), UserError);
  write_text(folder / "file", "");
  CHECK_THROWS_AS(write_file_atomically(folder / "file/x", "x"), UserError);
}

TEST_CASE("a folder is written whole, with its manifest") {
  const TempFolder folder;
  const auto path = folder / "step-1";
  fill_with(path, "weights");
  CHECK(entries_in(folder.path()) == 1);
  CHECK(read_text(path / "model.safetensors") == "weights");
  const Json files = read_json_file(path / "manifest.json")["files"];
  REQUIRE(files.size() == 2);
  CHECK(files["model.safetensors"]["size"] == 7);
  CHECK(files["model.safetensors"]["sha256"] == hash("weights"));
  CHECK(files.contains("deep/state.json"));
  CHECK(folder_is_complete(path, CheckHashes::kYes));
}

TEST_CASE("a folder is complete only with every file of its manifest") {
  const TempFolder folder;
  const auto path = folder / "step-1";
  const auto fresh = [&] { fill_with(path, "weights"); };
  CHECK_FALSE(folder_is_complete(path, CheckHashes::kNo));
  fresh();
  fs::remove(path / "deep/state.json");
  CHECK_FALSE(folder_is_complete(path, CheckHashes::kNo));
  fresh();
  write_text(path / "model.safetensors", "weight");
  CHECK_FALSE(folder_is_complete(path, CheckHashes::kNo));
  fresh();
  write_text(path / "model.safetensors", "Weights");
  CHECK(folder_is_complete(path, CheckHashes::kNo));
  CHECK_FALSE(folder_is_complete(path, CheckHashes::kYes));
  fresh();
  fs::remove(path / "manifest.json");
  CHECK_FALSE(folder_is_complete(path, CheckHashes::kNo));
  for (const char* manifest :
       {"", "{", "[]", "{}", R"({"files":[]})", R"({"files":{"model.safetensors":1}})",
        R"({"files":{"model.safetensors":{"size":"7","sha256":""}}})",
        R"({"files":{"../step-1/model.safetensors":{"size":7,"sha256":""}}})", R"({"files":{"/etc/passwd":{"size":7,"sha256":""}}})"}) {
    INFO(manifest);
    write_text(path / "manifest.json", manifest);
    CHECK_FALSE(folder_is_complete(path, CheckHashes::kYes));
  }
  fresh();
  CHECK(folder_is_complete(path, CheckHashes::kYes));
}

TEST_CASE("an older folder is replaced") {
  const TempFolder folder;
  fill_with(folder / "step-1", "old");
  write_text(folder / "step-1/extra", "gone afterwards");
  fill_with(folder / "step-1", "new");
  CHECK(read_text(folder / "step-1/model.safetensors") == "new");
  CHECK_FALSE(fs::exists(folder / "step-1/extra"));
  CHECK(entries_in(folder.path()) == 1);
  fill_with(folder / "step-1/", "with a slash");
  CHECK(read_text(folder / "step-1/model.safetensors") == "with a slash");
}

TEST_CASE("a folder that cannot be filled leaves the older one") {
  const TempFolder folder;
  fill_with(folder / "step-1", "old");
  const auto fail = [](const fs::path& staging) {
    write_text(staging / "half", "x");
    throw UserError("no");
  };
  CHECK_THROWS_AS(write_folder_atomically(folder / "step-1", fail), UserError);
  CHECK_THROWS_AS(write_folder_atomically(folder / "step-2", fail), UserError);
  {
    const FileSizeLimit limit(1000);
    const auto write = [](const fs::path& staging) { write_file_atomically(staging / "x", std::string(2000, 'x')); };
    CHECK_THROWS_AS(write_folder_atomically(folder / "step-1", write), StorageError);
  }
  CHECK(folder_is_complete(folder / "step-1", CheckHashes::kYes));
  CHECK(read_text(folder / "step-1/model.safetensors") == "old");
  CHECK(entries_in(folder.path()) == 1);
  write_text(folder / "file", "");
  CHECK_THROWS_AS(fill_with(folder / "file", "x"), UserError);
  CHECK_THROWS_AS(fill_with(folder / "file/step-1", "x"), StorageError);
}

TEST_CASE("what a killed process left beside a folder is removed by the next one, an hour later") {
  const TempFolder folder;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  const std::string of_dead = "step-1.tmp-" + std::to_string(child);
  const auto dead = folder / (of_dead + "-00c0ffee00c0ffee"), earlier = folder / of_dead;        // the second: of an earlier version
  const auto own = folder / ("step-1.tmp-" + std::to_string(::getpid()) + "-00c0ffee00c0ffee");  // a container's PID 1, started again
  const auto alive = folder / ("step-1.tmp-" + std::to_string(::getppid()) + "-00c0ffee00c0ffee");
  const auto recent = folder / (of_dead + "-1234567812345678");  // of a process that lives elsewhere: its last write is new
  const auto foreign = folder / "step-1.tmp-notes", numbered = folder / (of_dead + "-notes");
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::minutes(61);
  for (const auto& path : {dead, earlier, own, alive, recent, foreign, numbered}) {
    fs::create_directory(path);
    write_text(path / "x", "x");
    if (path != recent) fs::last_write_time(path / "x", long_ago);
    fs::last_write_time(path, long_ago);
  }
  fill_with(folder / "step-1", "new");
  for (const auto& path : {dead, earlier, own}) CHECK_FALSE(fs::exists(path));
  for (const auto& path : {alive, recent, foreign, numbered}) CHECK(fs::exists(path));
}

TEST_CASE("two writers of one file, of one process number, do not meet") {
  const TempFolder folder;
  AtomicFile one(folder / "x"), two(folder / "x");
  one.write("one");
  two.write("two, and longer");
  one.commit();
  CHECK(read_text(folder / "x") == "one");
  two.commit();
  CHECK(read_text(folder / "x") == "two, and longer");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("a folder written within the writing of the same folder is whole, and the last one stays") {
  const TempFolder folder;
  write_folder_atomically(folder / "step-1", [&](const fs::path& staging) {
    write_text(staging / "model.safetensors", "outer");
    fill_with(folder / "step-1", "inner");  // as another process would, in the middle
    CHECK(folder_is_complete(folder / "step-1", CheckHashes::kYes));
    CHECK(fs::exists(staging / "model.safetensors"));
  });
  CHECK(folder_is_complete(folder / "step-1", CheckHashes::kYes));
  CHECK(read_text(folder / "step-1/model.safetensors") == "outer");
  CHECK(entries_in(folder.path()) == 1);
}

// The checkpoint's promise: a process killed at any moment leaves the old folder or the new one, whole.
TEST_CASE("a process killed while it replaces a folder leaves a complete one") {
  const TempFolder folder;
  const auto path = folder / "last";
  fill_with(path, "round 0");
  RandomStream random(1, "kills");
  for (int kill = 0; kill < 50; ++kill) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int round = 1;; ++round) fill_with(path, "round " + std::to_string(round) + std::string(20'000, '.'));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(20'000)));
    ::kill(child, SIGKILL);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    REQUIRE(folder_is_complete(path, CheckHashes::kYes));
  }
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::minutes(61);
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) fs::last_write_time(entry.path(), long_ago);
  fill_with(path, "the end");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("a link is moved in one step") {
  const TempFolder folder;
  fs::create_directories(folder / "checkpoints/step-1");
  fs::create_directories(folder / "checkpoints/step-2");
  const auto link = folder / "checkpoints/last";
  replace_link(link, "step-1");
  CHECK(fs::read_symlink(link) == "step-1");
  replace_link(link, folder / "checkpoints/step-2");
  CHECK(fs::read_symlink(link) == "step-2");
  CHECK(fs::is_directory(link));
  CHECK(entries_in(folder / "checkpoints") == 3);
  CHECK_THROWS_AS(replace_link(folder / "checkpoints/step-1", "step-2"), StorageError);
  CHECK_THROWS_AS(replace_link(folder / "absent/last", "step-2"), StorageError);
  CHECK(entries_in(folder / "checkpoints") == 3);
}

TEST_CASE("a locked folder is refused to others until it is free") {
  const TempFolder folder;
  {
    const FolderLock lock(folder.path());
    CHECK_THROWS_WITH(FolderLock(folder.path()), Catch::Contains("in use by process " + std::to_string(::getpid())));
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        const FolderLock second(folder.path());
      } catch (const UserError&) {
        ::_exit(7);
      }
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 7);
  }
  CHECK_NOTHROW(FolderLock(folder.path()));
  CHECK_THROWS_AS(FolderLock(folder / "absent"), UserError);
}

}  // namespace attend
