// Products of numbers cut into parts, on the CPU's tiles or, where it has none, by the plain loops that stand for them.
#include <torch/torch.h>

#include <catch2/catch.hpp>

#include "models/kernels/tile_product.h"
#include "models/kernels/tiles.h"
#include "models/layers/linear.h"
#include "models/layers/tied_cross_entropy.h"

using namespace attend;

namespace {

torch::Tensor numbers(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return torch::randn({rows, columns}, generator);
}

torch::Tensor exact(const torch::Tensor& a_NK, const torch::Tensor& b_KM) {
  return torch::mm(a_NK.to(torch::kFloat64), b_KM.to(torch::kFloat64));
}

double root_mean_square(const torch::Tensor& x) { return x.to(torch::kFloat64).pow(2).mean().sqrt().item<double>(); }

// A matrix's own copy that lies the other way round.
torch::Tensor turned(const torch::Tensor& x) { return x.t().contiguous().t(); }

}  // namespace

TEST_CASE("tile product: as exact as float32's, of any shape, as it lies or transposed") {
  // Whole panels, less than a tile, ends of panels, groups, and of what is cut at once, either side the longer one.
  const std::int64_t sizes[][3] = {{128, 256, 64}, {1, 1, 1},      {5, 33, 17},     {64, 512, 96},    {65, 513, 31},
                                   {129, 70, 600}, {1100, 40, 50}, {40, 1040, 300}, {1100, 33, 1050}, {1057, 520, 1030}};
  for (const auto& [n, k, m] : sizes) {
    CAPTURE(n, k, m);
    const auto a = numbers(n, k, 1), b = numbers(k, m, 2);
    const auto expected = exact(a, b);
    const double float32_error = root_mean_square(torch::mm(a, b) - expected), bound = 1.2 * float32_error + 1e-9;
    const auto result = tile_product(a, b);
    CHECK(root_mean_square(result - expected) <= bound);
    for (const auto& [x, y] : {std::pair{turned(a), b}, std::pair{a, turned(b)}, std::pair{turned(a), turned(b)}})
      CHECK(torch::equal(tile_product(x, y), result));
  }
}

TEST_CASE("tile product: numbers of very different sizes keep float32's precision") {
  const auto scale = torch::pow(10.0, torch::linspace(-12, 12, 96)).to(torch::kFloat32);
  const auto a = numbers(64, 96, 3) * scale, b = numbers(96, 64, 4) / scale.unsqueeze(1);
  const auto expected = exact(a, b);
  CHECK(root_mean_square(tile_product(a, b) - expected) <= 1.2 * root_mean_square(torch::mm(a, b) - expected));
  const auto one = numbers(64, 64, 5), unit = torch::eye(64);
  CHECK(torch::equal(tile_product(one, unit), one));  // three parts hold all of a number
  CHECK(torch::equal(tile_product(unit, one), one));
}

TEST_CASE("tile product: adds to what is there, to a bias, and cuts off below zero") {
  const auto a = numbers(70, 600, 6), b = numbers(600, 90, 7), bias = numbers(1, 90, 8).squeeze(0), before = numbers(70, 90, 9);
  auto sum = before.clone();
  tile_product(sum, a, b, {.adds = true});
  CHECK(torch::allclose(sum, before + tile_product(a, b), 0, 1e-5));
  CHECK(torch::allclose(tile_product(a, b, {.bias_M = bias}), tile_product(a, b) + bias, 0, 1e-5));
  CHECK(torch::equal(tile_product(a, b, {.bias_M = bias, .relu = true}), torch::relu(tile_product(a, b, {.bias_M = bias}))));
  auto columns = torch::zeros({70, 180}).slice(1, 0, 90);
  CHECK_THROWS(tile_product(columns, a, b));
}

TEST_CASE("tile product: views that lie apart, begin late, or repeat one row or column") {
  const auto wide = numbers(80, 200, 19), other = numbers(70, 90, 20);
  const auto vector = numbers(1, 70, 21);
  for (const auto& a : {wide.slice(1, 100, 170), wide.slice(0, 3, 40).slice(1, 1, 71), vector, vector.expand({50, 70}),
                        numbers(50, 1, 22).expand({50, 70}), wide.slice(1, 0, 140, 2)})
    for (const auto& b : {other, other.slice(1, 7, 8), numbers(1, 90, 23).expand({70, 90}), numbers(90, 70, 24).t()})
      CHECK(torch::equal(tile_product(a, b),
                         tile_product(a.clone(torch::MemoryFormat::Contiguous), b.clone(torch::MemoryFormat::Contiguous))));
}

TEST_CASE("tile product: bias, sums and cutting off where several parts of a product come one after another") {
  const auto a = numbers(1057, 520, 25), b = numbers(520, 1030, 26), bias = numbers(1, 1030, 27).squeeze(0);
  const auto result = tile_product(a, b, {.bias_M = bias, .relu = true});
  CHECK(torch::allclose(result, torch::relu(torch::mm(a, b) + bias), 0, 2e-4));
  auto sum = result.clone();
  tile_product(sum, a, b, {.adds = true});
  CHECK(torch::allclose(sum, result + torch::mm(a, b), 0, 2e-4));
}

TEST_CASE("tile product: the largest numbers stay finite, small ones keep their precision as far as documented") {
  const float largest = std::numeric_limits<float>::max();
  const auto a = torch::full({1, 1}, largest);
  CHECK(tile_product(a, torch::full({1, 1}, 0.5f)).item<float>() == largest * 0.5f);
  CHECK(tile_product(-a, torch::ones({1, 1})).item<float>() == -largest);
  CHECK(tile_product(torch::full({1, 1}, 1.2345678e-31f), torch::full({1, 1}, 1e20f)).item<float>() == Approx(1.2345678e-11).epsilon(2e-7));
}

TEST_CASE("tile product: sizes that do not fit are refused") {
  const auto a = torch::ones({3, 4});
  CHECK_THROWS_WITH(tile_product(a, torch::ones({5, 2})), Catch::Contains("no product of [3, 4] and [5, 2]"));
  CHECK_THROWS_WITH(tile_product(a, torch::ones({4})), Catch::Contains("no product of"));
  CHECK_THROWS_WITH(tile_product(torch::ones({3, 0}), torch::ones({0, 2})), Catch::Contains("no product of"));
  CHECK_THROWS_WITH(tile_product(a, torch::ones({4, 2}), {.bias_M = torch::ones({1})}), Catch::Contains("a bias of 1 numbers"));
  auto narrow = torch::ones({3, 1});
  CHECK_THROWS_WITH(tile_product(narrow, a, torch::ones({4, 2})), Catch::Contains("of another shape than [3, 1]"));
}

TEST_CASE("tile product: what is not finite is not made finite") {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    auto a = numbers(64, 64, 10);
    a[3][5] = bad;
    for (const bool relu : {false, true}) {
      const auto c = tile_product(a, numbers(64, 64, 11), {.relu = relu});
      CHECK_FALSE(c[3].isfinite().any().item<bool>());
      CHECK(c.isfinite().sum().item<std::int64_t>() == 63 * 64);
    }
  }
}

TEST_CASE("tile product: the same bits with any number of threads") {
  const auto a = numbers(300, 700, 12), b = numbers(700, 500, 13);
  const auto expected = tile_product(a, b);
  const int threads = at::get_num_threads();
  for (const int count : {1, 3, 5, 24}) {  // more than there are panels, too
    at::set_num_threads(count);
    CHECK(torch::equal(tile_product(a, b), expected));
  }
  at::set_num_threads(threads);
}

TEST_CASE("tile product: taken by large float32 products alone") {
  const bool has_tiles = tiles::are_there();
  const auto large = numbers(256, 256, 14), narrow = numbers(256, 32, 15);
  CHECK(has_tile_product(large, large) == has_tiles);
  CHECK_FALSE(has_tile_product(large, narrow));
  CHECK_FALSE(has_tile_product(narrow, narrow.t()));
  CHECK_FALSE(has_tile_product(large.slice(0, 0, 64), large.slice(1, 0, 64)));
  CHECK_FALSE(has_tile_product(large.to(torch::kFloat64), large.to(torch::kFloat64)));
  CHECK_FALSE(has_tile_product(large.to(torch::kBFloat16), large.to(torch::kBFloat16)));
  CHECK_FALSE(has_tile_product(large.expand({2, 256, 256}), large));
  if (!has_tiles) return;
  CHECK(torch::equal(matmul::nn(large, large), tile_product(large, large)));
  CHECK(torch::equal(matmul::nt(large, large), tile_product(large, large.t())));
  CHECK(torch::equal(matmul::tn(large, large), tile_product(large.t(), large)));
}

TEST_CASE("tile product: cross-entropy over a large vocabulary has the gradients of LibTorch's") {
  const std::int64_t targets = 700, vocab = 30011, width = 64;  // two chunks
  const auto hidden = numbers(targets, width, 16).requires_grad_(), table = numbers(vocab, width, 17).mul_(0.1).requires_grad_();
  const auto bias = numbers(1, vocab, 18).squeeze(0).requires_grad_();
  std::vector<std::int64_t> wanted;
  for (std::int64_t i = 0; i < targets; ++i) wanted.push_back(i * 7919 % vocab);
  const auto loss = tied_cross_entropy(hidden, table, bias, wanted, 0.1).loss;
  const auto ours = torch::autograd::grad({loss}, {hidden, table, bias});
  const auto expected =
      torch::nn::functional::cross_entropy(torch::mm(hidden, table.t()) + bias, torch::tensor(wanted),
                                           torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kSum).label_smoothing(0.1));
  const auto theirs = torch::autograd::grad({expected}, {hidden, table, bias});
  CHECK(loss.item<double>() == Approx(expected.item<double>()).epsilon(1e-5));
  for (int i = 0; i < 3; ++i) CHECK(torch::allclose(ours[i], theirs[i], 1e-4, 1e-5));
}
