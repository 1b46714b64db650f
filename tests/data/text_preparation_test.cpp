#include "data/text_preparation.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "core/threads.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

/// How many different threads do a work of many items, and how many items are done.
std::pair<std::size_t, std::size_t> threads_and_items(std::size_t items) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::atomic<std::size_t> done = 0;
  on_all_processors(items, [&](std::size_t) {
    ++done;
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    const std::scoped_lock lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  return {threads.size(), done};
}

[[maybe_unused]] std::size_t address_space_in_use() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

TEST_CASE("as many threads work as the user allows") {
  set_worker_threads(1);
  CHECK(threads_and_items(1000) == std::pair<std::size_t, std::size_t>{1, 1000});
  set_worker_threads(3);
  const auto [threads, items] = threads_and_items(1000);
  CHECK(threads > 1);
  CHECK(threads <= 3);
  CHECK(items == 1000);
  CHECK(threads_and_items(10) == std::pair<std::size_t, std::size_t>{1, 10});  // not worth a thread
  CHECK(threads_and_items(0).second == 0);
  set_worker_threads(0);
}

TEST_CASE("of the items that fail the first one's exception comes out") {
  set_worker_threads(4);
  for (int round = 0; round < 20; ++round)
    CHECK_THROWS_WITH(on_all_processors(1000,
                                        [](std::size_t i) {
                                          if (i % 100 == 57) throw std::runtime_error(std::to_string(i));
                                        }),
                      "57");
  set_worker_threads(0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("where the system refuses threads the work is done by those that there are") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {  // no room for a thread's stack: std::thread throws
    const rlimit limit{address_space_in_use() + (1u << 20), address_space_in_use() + (1u << 20)};
    ::setrlimit(RLIMIT_AS, &limit);
    set_worker_threads(64);
    std::atomic<std::size_t> done = 0;
    on_all_processors(10'000, [&](std::size_t) { ++done; });
    ::_exit(done == 10'000 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif

TEST_CASE("a line of white space alone is blank, whatever its white space") {
  for (const char* blank : {"", " \t", "\r", "\u00A0", "\u3000\u3000", " \u00A0\u2003 ", "\u2028"}) CHECK(is_blank(blank));
  for (const char* text : {"a", " a", "\u00A0a", "\u3000中", "\u200B", "\xff", "\u00A0\xff"}) CHECK_FALSE(is_blank(text));
}

TEST_CASE("lines are counted, and the state of a file is asked without opening it") {
  const TempFolder folder;
  write_text(folder / "a", "one\n\u3000\n\ntwo");
  const LineCounts counts = check_lines(folder / "a");
  CHECK(counts.lines == 4);
  CHECK(counts.blank == 2);
  CHECK_FALSE(file_state(folder / "a").empty());
  write_text(folder / "empty", "");
  CHECK_THAT(refusal_of([&] { file_state(folder / "empty"); }), Catch::Contains("is empty"));
  CHECK_THAT(refusal_of([] { file_state("/dev/null"); }), Catch::Contains("once only"));
}

}  // namespace attend
