#include <catch2/catch.hpp>

#include "inference/sharing.h"

using namespace attend;

TEST_CASE("one process does every item, in order, and looks for a stop before each") {
  std::vector<std::size_t> done;
  std::vector<double> numbers(3, 0);
  const auto work = [&](std::size_t i) {
    done.push_back(i);
    numbers[i] = 10.0 * static_cast<double>(i);
  };
  CHECK(Sharing{}.each(3, work, numbers));
  CHECK(done == std::vector<std::size_t>{0, 1, 2});
  CHECK(numbers == std::vector<double>{0, 10, 20});
  done.clear();
  CHECK_FALSE(Sharing{.stop = [&] { return done.size() == 2; }}.each(3, work, numbers));
  CHECK(done.size() == 2);
  CHECK(numbers.size() == 3);
}

TEST_CASE("of several each does its own, and a stop of one is a stop of all") {
  std::vector<double> numbers(5, 0);
  std::vector<std::size_t> done;
  bool is_other_stopped = false;
  const Sharing second{.process = {.rank = 1, .world = 2}, .sum = [&](std::vector<double>& sums) {
                         REQUIRE(sums.size() == 6);
                         sums[0] += 7;  // the first process's
                         sums.back() += is_other_stopped ? 1 : 0;
                       }};
  const auto work = [&](std::size_t i) {
    done.push_back(i);
    numbers[i] = 1;
  };
  CHECK(second.each(5, work, numbers));
  CHECK(done == std::vector<std::size_t>{1, 3});
  CHECK(numbers == std::vector<double>{7, 1, 0, 1, 0});
  is_other_stopped = true;
  CHECK_FALSE(second.each(5, work, numbers));
}
