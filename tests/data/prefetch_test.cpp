#include "data/prefetch.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>

namespace attend {
namespace {

TEST_CASE("items come in the order in which they are made") {
  Prefetch<int> prefetch(3, [count = 0]() mutable { return count++; });
  for (int i = 0; i < 1000; ++i) CHECK(prefetch.next() == i);
}

TEST_CASE("no more is made than fits") {
  std::atomic<int> made = 0;
  Prefetch<int> prefetch(4, [&made] { return ++made; });
  prefetch.next();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(made <= 5);  // one taken, four waiting
  CHECK(made >= 1);
}

TEST_CASE("a failure comes out after what was made before it, and again each time") {
  Prefetch<int> prefetch(8, [count = 0]() mutable {
    if (count == 3) throw std::runtime_error("three");
    return count++;
  });
  for (int i = 0; i < 3; ++i) CHECK(prefetch.next() == i);
  CHECK_THROWS_WITH(prefetch.next(), "three");
  CHECK_THROWS_WITH(prefetch.next(), "three");
}

TEST_CASE("it can be thrown away at any time") {
  for (int i = 0; i < 100; ++i) {
    Prefetch<int> prefetch(2, [] { return 1; });
    if (i % 2) prefetch.next();
  }
}

}  // namespace
}  // namespace attend
