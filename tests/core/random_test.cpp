#include "core/random.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace attend {

// A saved run must draw the same numbers after an update: these values may never change.
TEST_CASE("random streams give the pinned values") {
  RandomStream stream(1, "dropout", {2, 3});
  CHECK(stream.next() == 8586410465819245303u);
  CHECK(stream.next() == 3478464836186280353u);
  CHECK(stream.below(1000) == 220u);
  CHECK(stream.uniform() == Approx(0.55321888736966018).epsilon(1e-15));
  CHECK(stream.normal() == Approx(0.1496015770594098).epsilon(1e-12));
  CHECK(mix_seed(1, "") == 11649593762799413624u);
  CHECK(mix_seed(1, "epoch", {7}) == 8683828002299113735u);
  const Permutation order(10, 42);
  std::vector<std::uint64_t> indices;
  for (std::uint64_t i = 0; i < 10; ++i) indices.push_back(order(i));
  CHECK(indices == std::vector<std::uint64_t>{8, 3, 0, 1, 4, 6, 5, 7, 2, 9});
  CHECK(Permutation(1'000'000'007, 42)(123) == 538243857u);
}

TEST_CASE("xoshiro256** gives its authors' values") {
  // From the state 1, 2, 3, 4: the first results of the reference implementation.
  RandomStream stream(RandomStream::State{{1, 2, 3, 4}});
  CHECK(stream.next() == 11520u);
  CHECK(stream.next() == 0u);
  CHECK(stream.next() == 1509978240u);
  CHECK(stream.next() == 1215971899390074240u);
}

TEST_CASE("seeds depend on the seed, the name and every counter, in order") {
  std::set<std::uint64_t> seeds;
  int made = 0;
  const auto add = [&](std::uint64_t seed) { seeds.insert(seed), ++made; };
  for (std::uint64_t seed : {0, 1, 2}) {
    for (const char* name : {"", "a", "b", "ab", "ba", "abcdefgh", "abcdefghi", "abcdefgh\x01"}) {
      add(mix_seed(seed, name));
      for (std::uint64_t i = 0; i < 10; ++i) {
        add(mix_seed(seed, name, {i}));
        for (std::uint64_t j = 0; j < 10; ++j) add(mix_seed(seed, name, {i, j}));
      }
    }
  }
  add(mix_seed(1, std::string_view("\0", 1)));
  add(mix_seed(1, std::string_view("\0\0", 2)));
  CHECK(static_cast<int>(seeds.size()) == made);
}

TEST_CASE("a stream goes on from its saved state") {
  RandomStream stream(5, "x");
  for (int i = 0; i < 10; ++i) stream.next();
  RandomStream resumed(stream.state());
  CHECK(resumed.state() == stream.state());
  for (int i = 0; i < 10; ++i) CHECK(resumed.normal() == stream.normal());
}

TEST_CASE("below is uniform and stays below") {
  RandomStream stream(1, "below");
  constexpr int kCells = 10, kDraws = 100'000;
  std::array<int, kCells> counts{};
  for (int i = 0; i < kDraws; ++i) ++counts.at(stream.below(kCells));
  double chi_squared = 0;
  for (const int count : counts) chi_squared += std::pow(count - kDraws / kCells, 2) / (kDraws / kCells);
  CHECK(chi_squared < 27.9);  // 9 degrees of freedom: once in 1,000 seeds above; the seed is fixed
  CHECK(chi_squared > 0.1);
  for (int i = 0; i < 100; ++i) CHECK(stream.below(1) == 0);
  // Two thirds of 2^64: without the second draw the lower half would come twice as often.
  const std::uint64_t bound = 0xAAAAAAAAAAAAAAAB;
  int low = 0;
  for (int i = 0; i < 10'000; ++i) low += stream.below(bound) < bound / 2 ? 1 : 0;
  CHECK(std::abs(low - 5000) < 200);
  CHECK_THROWS_AS(stream.below(0), std::invalid_argument);
}

TEST_CASE("uniform lies in [0, 1) with the right moments, normal too") {
  RandomStream stream(1, "moments");
  constexpr int kDraws = 200'000;
  double sum = 0, squares = 0, least = 1, most = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.uniform();
    sum += u, squares += u * u, least = std::min(least, u), most = std::max(most, u);
  }
  CHECK(least >= 0);
  CHECK(most < 1);
  CHECK(sum / kDraws == Approx(0.5).margin(0.003));
  CHECK(squares / kDraws == Approx(1.0 / 3).margin(0.003));

  double mean = 0, variance = 0, fourth = 0;
  int beyond_two = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double z = stream.normal();
    REQUIRE(std::isfinite(z));
    mean += z, variance += z * z, fourth += z * z * z * z, beyond_two += std::abs(z) > 2 ? 1 : 0;
  }
  CHECK(mean / kDraws == Approx(0).margin(0.01));
  CHECK(variance / kDraws == Approx(1).margin(0.015));
  CHECK(fourth / kDraws == Approx(3).margin(0.1));
  CHECK(static_cast<double>(beyond_two) / kDraws == Approx(0.0455).margin(0.002));
}

TEST_CASE("a shuffle is a permutation, each as likely as another") {
  RandomStream stream(1, "shuffle");
  std::map<std::string, int> counts;
  for (int i = 0; i < 24'000; ++i) {
    std::string letters = "abcd";
    stream.shuffle(letters);
    ++counts[letters];
  }
  REQUIRE(counts.size() == 24);
  double chi_squared = 0;
  for (const auto& [letters, count] : counts) chi_squared += std::pow(count - 1000, 2) / 1000.0;
  CHECK(chi_squared < 49.7);  // 23 degrees of freedom, 1 in 1,000
  std::vector<int> empty;
  stream.shuffle(empty);
}

TEST_CASE("a permutation takes every index once, whatever the size") {
  std::vector<std::uint64_t> sizes(200);
  std::iota(sizes.begin(), sizes.end(), 1);
  sizes.insert(sizes.end(), {255, 256, 257, 1023, 1024, 1025, 4096, 65'535, 65'536, 65'537, 300'000});
  for (const std::uint64_t size : sizes) {
    for (const std::uint64_t key : {0, 1, 99}) {
      INFO("size " << size << ", key " << key);
      const Permutation order(size, key);
      std::vector<bool> seen(size);
      bool is_bijection = true;
      for (std::uint64_t i = 0; i < size; ++i) {
        const std::uint64_t index = order(i);
        is_bijection = is_bijection && index < size && !seen[index];
        if (index < size) seen[index] = true;
      }
      REQUIRE(is_bijection);
    }
  }
}

TEST_CASE("permutations of huge sizes stay in range without meeting") {
  for (const std::uint64_t size : {std::uint64_t{1} << 32, (std::uint64_t{1} << 40) + 1, ~std::uint64_t{0}}) {
    const Permutation order(size, 3);
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < 2000; ++i) seen.insert(order(i));
    for (std::uint64_t i = size - 2000; i < size; ++i) seen.insert(order(i));
    CHECK(seen.size() == 4000);
    CHECK(*seen.rbegin() < size);
  }
  CHECK_THROWS_AS(Permutation(5, 1)(5), std::out_of_range);
}

TEST_CASE("permutations mix: first places are spread over all indices, and keys differ") {
  constexpr std::uint64_t kSize = 20;
  std::array<int, kSize> first{};
  std::set<std::vector<std::uint64_t>> orders;
  for (std::uint64_t key = 0; key < 4000; ++key) {
    const Permutation order(kSize, mix_seed(1, "epoch", {key}));
    std::vector<std::uint64_t> indices;
    for (std::uint64_t i = 0; i < kSize; ++i) indices.push_back(order(i));
    ++first[indices[0]];
    orders.insert(indices);
  }
  CHECK(orders.size() == 4000);
  double chi_squared = 0;
  for (const int count : first) chi_squared += std::pow(count - 200, 2) / 200.0;
  CHECK(chi_squared < 43.8);  // 19 degrees of freedom, 1 in 1,000

  const Permutation order(10'000, 7);
  int fixed = 0, followed = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    fixed += order(i) == i ? 1 : 0;
    followed += i > 0 && order(i) == order(i - 1) + 1 ? 1 : 0;
  }
  CHECK(fixed < 8);     // one is expected
  CHECK(followed < 8);  // one is expected
}

}  // namespace attend
