// The transpose of our own against LibTorch's: every shape around the blocks of 16, rows that lie apart, other types.
#include <torch/torch.h>

#include <catch2/catch.hpp>

#include "models/kernels/transpose.h"

namespace attend {

TEST_CASE("a transpose holds the same numbers, whatever the sizes") {
  torch::manual_seed(1);
  for (const std::int64_t rows : {1, 2, 15, 16, 17, 33, 768})
    for (const std::int64_t columns : {1, 7, 16, 31, 64, 65, 513}) {
      INFO(rows << " x " << columns);
      const auto a = torch::randn({rows, columns});
      const auto y = transposed(a);
      CHECK(y.is_contiguous());
      CHECK(torch::equal(y, a.t()));
    }
  CHECK(transposed(torch::empty({0, 5})).sizes() == torch::IntArrayRef({5, 0}));
  CHECK(transposed(torch::empty({5, 0})).sizes() == torch::IntArrayRef({0, 5}));
}

TEST_CASE("rows that lie apart, columns that do, and types without a kernel are transposed too") {
  const auto wide = torch::randn({40, 90});
  for (const auto& a : {wide.narrow(1, 3, 50), wide.narrow(0, 5, 20), wide.t(), wide.slice(1, 0, 90, 2)}) {
    CHECK(transposed(a).is_contiguous());
    CHECK(torch::equal(transposed(a), a.t()));
  }
  for (const auto type : {torch::kBFloat16, torch::kFloat64}) CHECK(torch::equal(transposed(wide.to(type)), wide.to(type).t()));
}

}  // namespace attend
