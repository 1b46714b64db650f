// Against numbers that NumPy 2.4.6 printed: numpy.random.seed(seed), then numpy.random.permutation of several arrays in turn.
#include "core/numpy_random.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

namespace attend {
namespace {

using Numbers = std::vector<std::int64_t>;

Numbers range(std::int64_t begin, std::int64_t end) {
  Numbers items(static_cast<std::size_t>(end - begin));
  std::iota(items.begin(), items.end(), begin);
  return items;
}

}  // namespace

TEST_CASE("permutations are NumPy's, one after the other") {
  NumpyRandom zero(0);
  CHECK(zero.permutation(range(0, 11)) == Numbers{4, 9, 2, 10, 6, 1, 7, 8, 3, 0, 5});
  CHECK(zero.permutation(range(3, 20)) == Numbers{5, 6, 17, 7, 8, 14, 3, 16, 12, 10, 19, 4, 13, 15, 18, 11, 9});
  CHECK(zero.permutation({0}) == Numbers{0});  // which draws nothing
  CHECK(zero.permutation({}).empty());
  CHECK(zero.permutation(range(0, 5)) == Numbers{2, 1, 0, 3, 4});
  NumpyRandom seven(7);
  CHECK(seven.permutation(range(0, 11)) == Numbers{8, 5, 0, 2, 1, 10, 7, 3, 6, 9, 4});
  CHECK(seven.permutation(range(3, 20)) == Numbers{4, 8, 14, 16, 5, 6, 12, 19, 15, 3, 7, 9, 10, 11, 18, 13, 17});
  NumpyRandom largest(4294967295);
  CHECK(largest.permutation(range(0, 11)) == Numbers{10, 8, 5, 6, 1, 9, 0, 4, 7, 2, 3});
}

TEST_CASE("a long permutation, which takes more numbers than the generator's state holds, is NumPy's") {
  const Numbers drawn = NumpyRandom(5).permutation(range(0, 1000));
  CHECK(Numbers(drawn.begin(), drawn.begin() + 6) == Numbers{544, 515, 193, 11, 279, 653});
  CHECK(Numbers(drawn.end() - 3, drawn.end()) == Numbers{701, 206, 867});
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < drawn.size(); ++i) sum += static_cast<std::int64_t>(i) * drawn[i];
  CHECK(sum == 243748383);
}

}  // namespace attend
