// Linear, residual norm, dropout, packed layouts and positions against LibTorch's own or hand-computed values.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "models/kernels/few_rows.h"
#include "models/kernels/gelu.h"
#include "models/layers/linear.h"
#include "models/layers/packed.h"
#include "models/layers/positions.h"
#include "models/layers/residual_norm.h"
#include "models/layers/tied_cross_entropy.h"

namespace attend {
namespace {

double difference(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).abs().max().item<double>(); }

torch::Tensor leaf(const torch::Tensor& value) { return value.detach().clone().requires_grad_(); }

}  // namespace

TEST_CASE("linear equals LibTorch's, gradients included") {
  torch::manual_seed(1);
  const auto activation = GENERATE(Activation::kNone, Activation::kRelu, Activation::kSilu, Activation::kGelu, Activation::kGeluTanh);
  const auto reference_activation = [&](const torch::Tensor& y) {
    if (activation == Activation::kRelu) return torch::relu(y);
    if (activation == Activation::kSilu) return torch::silu(y);
    if (activation == Activation::kGeluTanh) return torch::gelu(y, "tanh");
    return activation == Activation::kGelu ? torch::gelu(y) : y;
  };
  for (const auto& [rows, inputs, outputs] : {std::tuple{1, 3, 5}, {7, 16, 33}, {300, 64, 48}}) {
    const auto x = torch::randn({rows, inputs}), weight = torch::randn({outputs, inputs}), bias = torch::randn({outputs}),
               g = torch::randn({rows, outputs});
    const auto x1 = leaf(x), w1 = leaf(weight), b1 = leaf(bias), x2 = leaf(x), w2 = leaf(weight), b2 = leaf(bias);
    const auto y1 = linear(x1, w1, b1, activation), y2 = reference_activation(torch::linear(x2, w2, b2));
    (y1 * g).sum().backward();
    (y2 * g).sum().backward();
    CHECK(difference(y1, y2) < 2e-5);
    CHECK(difference(x1.grad(), x2.grad()) < 1e-4);
    CHECK(difference(w1.grad(), w2.grad()) < 2e-4);
    CHECK(difference(b1.grad(), b2.grad()) < 1e-4);
    const torch::NoGradGuard no_gradient;
    CHECK(difference(linear(x1, w1, b1, activation), y1) < (rows > kFewRows ? 1e-30 : 2e-5));  // few rows are multiplied otherwise
  }
}

TEST_CASE("a part of a weight's columns multiplies as its copy does, gradients included") {
  for (const std::int64_t rows : {40, 300}) {
    torch::manual_seed(2);
    const auto x = torch::randn({rows, 48}).requires_grad_(), whole = torch::randn({64, 96}).requires_grad_(), bias = torch::randn({64});
    const auto part = whole.narrow(1, 48, 48);
    const auto y = linear(x, part, bias);
    y.square().sum().backward();
    const auto x_gradient = x.grad().clone(), weight_gradient = whole.grad().clone();
    x.mutable_grad() = whole.mutable_grad() = torch::Tensor();
    const auto expected = linear(x, part.contiguous(), bias);
    expected.square().sum().backward();
    CHECK(torch::equal(y, expected));
    CHECK(difference(x_gradient, x.grad()) == 0);
    CHECK(difference(weight_gradient, whole.grad()) == 0);
  }
}

TEST_CASE("a few rows are multiplied as many are, whatever the sizes and the number of threads") {
  torch::manual_seed(11);
  const torch::NoGradGuard no_gradient;
  const auto [inputs, outputs] = GENERATE(std::pair{1, 1}, std::pair{15, 6}, std::pair{16, 4}, std::pair{100, 37}, std::pair{768, 3001});
  const auto weight = torch::randn({outputs, inputs}), bias = torch::randn({outputs});
  for (std::int64_t rows = 1; rows <= kFewRows; ++rows) {
    INFO(rows << " rows, " << inputs << " to " << outputs);
    const auto x = torch::randn({inputs, rows}).t();  // not contiguous
    REQUIRE(has_few_rows(x, weight));
    const auto y = few_rows_linear(x, weight, bias);
    const double scale = std::sqrt(static_cast<double>(inputs));
    CHECK(difference(y, torch::linear(x.to(torch::kFloat64), weight.to(torch::kFloat64), bias.to(torch::kFloat64)).to(torch::kFloat32)) <
          2e-6 * scale + 1e-6);
    CHECK(difference(few_rows_linear(x, weight, torch::Tensor()) + bias, y) < 1e-5);
    for (std::int64_t r = 0; r < rows; ++r) CHECK(torch::equal(few_rows_linear(x.narrow(0, r, 1), weight, bias)[0], y[r]));
    const int threads = torch::get_num_threads();
    torch::set_num_threads(1);
    CHECK(torch::equal(few_rows_linear(x, weight, bias), y));
    torch::set_num_threads(threads);
  }
  CHECK_FALSE(has_few_rows(torch::zeros({kFewRows + 1, 3}), torch::zeros({2, 3})));
  CHECK_FALSE(has_few_rows(torch::zeros({1, 3}, torch::kFloat64), torch::zeros({2, 3}, torch::kFloat64)));
  CHECK_FALSE(has_few_rows(torch::zeros({1, 3}), torch::zeros({3, 2}).t()));
}

TEST_CASE("GELU by tanh is its formula, slope included, from end to end") {
  const auto count = GENERATE(1, 16, 20011);  // whole vectors, and pieces
  torch::manual_seed(13);
  const auto x = torch::cat({torch::linspace(-30, 30, count), torch::tensor({-1e4f, 1e4f, 0.0f}), torch::randn({count})}).view({-1, 1});
  const auto x1 = leaf(x), x2 = leaf(x.to(torch::kFloat64)), g = torch::randn_like(x);
  const auto y1 = gelu_tanh(x1);
  const auto y2 = x2 / 2 * (1 + torch::tanh(std::sqrt(2 / M_PI) * (x2 + 0.044715 * x2.pow(3))));
  (y1 * g).sum().backward();
  (y2 * g).sum().backward();
  CHECK(difference(y1 / (1 + x.abs()), (y2 / (1 + x2.abs())).to(torch::kFloat32)) < 3e-7);
  CHECK(difference(x1.grad(), x2.grad().to(torch::kFloat32)) < 1e-6);
  const torch::NoGradGuard no_gradient;
  CHECK(torch::equal(gelu_tanh(x), y1));
  CHECK(gelu_tanh(torch::tensor({NAN})).isnan().item<bool>());
}

TEST_CASE("residual norm equals LayerNorm(x + sublayer), gradients included") {
  torch::manual_seed(2);
  const auto width = GENERATE(16, 24, 128, 130);  // whole vectors, and pieces
  ResidualNorm norm(ResidualNormConfig{.width = width});
  {
    const torch::NoGradGuard no_gradient;
    norm->weight.normal_();
    norm->bias.normal_();
  }
  const auto x = torch::randn({70, width}) * 3 + 1, s = torch::randn({70, width}), g = torch::randn({70, width});
  const auto x1 = leaf(x), s1 = leaf(s), x2 = leaf(x), s2 = leaf(s), w2 = leaf(norm->weight), b2 = leaf(norm->bias);
  const auto y1 = norm->forward(x1, s1), y2 = torch::layer_norm(x2 + s2, {width}, w2, b2, 1e-5);
  (y1 * g).sum().backward();
  (y2 * g).sum().backward();
  CHECK(difference(y1, y2) < 5e-6);
  CHECK(difference(x1.grad(), x2.grad()) < 5e-6);
  CHECK(difference(s1.grad(), s2.grad()) < 5e-6);
  CHECK(difference(norm->weight.grad(), w2.grad()) < 5e-5);
  CHECK(difference(norm->bias.grad(), b2.grad()) < 5e-5);
}

TEST_CASE("residual norm drops the same elements in both directions") {
  torch::manual_seed(3);
  const double probability = 0.3;
  ResidualNorm norm(ResidualNormConfig{.width = 64, .dropout = probability});
  const auto x = torch::zeros({50, 64}), s = torch::randn({50, 64});
  torch::manual_seed(9);
  const auto kept = dropout(torch::ones({50, 64}), probability);  // the first draw after this seed
  torch::manual_seed(9);
  const auto s1 = leaf(s);
  const auto y1 = norm->forward(x, s1);
  const auto s2 = leaf(s);
  const auto y2 = torch::layer_norm(x + s2 * kept, {64}, norm->weight, norm->bias, 1e-5);
  const auto g = torch::randn({50, 64});
  (y1 * g).sum().backward();
  (y2 * g).sum().backward();
  CHECK(difference(y1, y2) < 5e-6);
  CHECK(difference(s1.grad(), s2.grad()) < 1e-5);
}

TEST_CASE("a residual stream is x = x + Dropout(f(LayerNorm(x))), again and again, gradients included") {
  const auto width = GENERATE(16, 130);
  const double probability = GENERATE(0.0, 0.3);
  const ResidualNormConfig config{.width = width, .dropout = probability};
  ResidualNorm first(config), second(config), last(config);
  torch::manual_seed(12);
  {
    const torch::NoGradGuard no_gradient;
    for (auto* norm : {&first, &second, &last}) {
      (*norm)->weight.normal_();
      (*norm)->bias.normal_();
    }
  }
  const auto x = torch::randn({70, width}) * 3 + 1, g = torch::randn({70, width});
  const auto parameters = [&] {
    std::vector<torch::Tensor> all;
    for (auto* norm : {&first, &second, &last})
      for (const auto& parameter : (*norm)->parameters()) all.push_back(parameter);
    return all;
  };
  const auto gradients = [&](const torch::Tensor& at) {
    std::vector<torch::Tensor> all{at.grad()};
    for (auto& parameter : parameters()) {
      all.push_back(parameter.grad());
      parameter.mutable_grad() = torch::Tensor();
    }
    return all;
  };
  const auto norm = [&](const torch::Tensor& value, const ResidualNorm& of) {
    return torch::layer_norm(value, {width}, of->weight, of->bias, 1e-5);
  };

  torch::manual_seed(9);
  const auto x1 = leaf(x);
  ResidualStream stream({x1});
  stream.add(torch::sin(stream.normed(first)));
  stream.add(torch::cos(stream.normed(second)));
  CHECK_THROWS(stream.add(torch::tanh(x1)));  // no norm between two additions
  const auto y1 = stream.normed(last);
  (y1 * g).sum().backward();
  const auto gradients1 = gradients(x1);

  torch::manual_seed(9);
  const auto x2 = leaf(x);
  auto value = x2 + dropout(torch::sin(norm(x2, first)), probability);
  value = value + dropout(torch::cos(norm(value, second)), probability);
  const auto y2 = norm(value, last);
  (y2 * g).sum().backward();
  const auto gradients2 = gradients(x2);

  CHECK(difference(y1, y2) < 2e-5);
  for (std::size_t i = 0; i < gradients1.size(); ++i) CHECK(difference(gradients1[i], gradients2[i]) < 1e-4);
}

TEST_CASE("dropout keeps the rate asked for, independently, and depends on the seed alone") {
  torch::manual_seed(4);
  const auto x = torch::ones({2000, 130});
  const auto once = dropout(x, 0.3), twice = dropout(x, 0.3);
  torch::manual_seed(4);
  CHECK(torch::equal(dropout(x, 0.3), once));
  CHECK_FALSE(torch::equal(once, twice));
  const auto kept = (once > 0).to(torch::kFloat32);
  CHECK(std::abs(kept.mean().item<double>() - 0.7) < 0.004);  // 4.4 standard deviations
  CHECK(once.max().item<float>() == Approx(1 / 0.7));
  const auto neighbours = (kept.narrow(1, 0, 129) * kept.narrow(1, 1, 129)).mean().item<double>();
  const auto below = (kept.narrow(0, 0, 1999) * kept.narrow(0, 1, 1999)).mean().item<double>();
  CHECK(std::abs(neighbours - 0.49) < 0.006);
  CHECK(std::abs(below - 0.49) < 0.006);
  const auto columns = kept.mean(0);
  CHECK((columns - 0.7).abs().max().item<double>() < 0.05);
  CHECK(torch::equal(dropout(x, 0), x));
}

// In float64 as on a device without a kernel of ours: of LibTorch's functions.
TEST_CASE("the chunked cross-entropy equals LibTorch's, gradients included") {
  torch::manual_seed(5);
  const auto dtype = GENERATE(torch::kFloat32, torch::kFloat64);
  const bool is_exact = dtype == torch::kFloat64;
  const double smoothing = GENERATE(0.0, 0.1);
  const std::int64_t vocab = GENERATE(19, 5000);
  const auto hidden = torch::randn({1100, 24}, dtype), table = torch::randn({vocab, 24}, dtype), bias = torch::randn({vocab}, dtype);
  const auto targets_T = torch::randint(vocab, {1100});
  const std::vector<std::int64_t> targets(targets_T.const_data_ptr<std::int64_t>(), targets_T.const_data_ptr<std::int64_t>() + 1100);
  const auto h1 = leaf(hidden), t1 = leaf(table), b1 = leaf(bias), h2 = leaf(hidden), t2 = leaf(table), b2 = leaf(bias);
  const auto result = tied_cross_entropy(h1, t1, b1, targets, smoothing);
  const auto logits = torch::linear(h2, t2, b2);
  const auto expected = torch::nn::functional::cross_entropy(
      logits, targets_T, torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kSum).label_smoothing(smoothing));
  (result.loss / 1100).backward();
  (expected / 1100).backward();
  CHECK(result.num_targets == 1100);
  CHECK(result.loss.item<double>() == Approx(expected.item<double>()).epsilon(is_exact ? 1e-13 : 1e-6));
  const auto log_p = torch::log_softmax(logits, 1);
  const auto log_likelihood = log_p.gather(1, targets_T.unsqueeze(1)).sum().item<double>();
  CHECK(result.log_likelihood() == Approx(log_likelihood).epsilon(is_exact ? 1e-13 : 1e-5));
  CHECK(result.num_correct() == (log_p.argmax(1) == targets_T).sum().item<std::int64_t>());
  CHECK(difference(h1.grad(), h2.grad()) < (is_exact ? 1e-15 : 2e-7));
  CHECK(difference(t1.grad(), t2.grad()) < (is_exact ? 1e-14 : 2e-6));
  CHECK(difference(b1.grad(), b2.grad()) < (is_exact ? 1e-14 : 2e-6));
}

TEST_CASE("log-probabilities of targets equal LibTorch's, in float32 and float64") {
  torch::manual_seed(6);
  const std::int64_t vocab = GENERATE(19, 5000);
  const auto dtype = GENERATE(torch::kFloat32, torch::kFloat64);
  const auto hidden = torch::randn({1100, 24}, dtype), table = torch::randn({vocab, 24}, dtype);
  const auto targets_T = torch::randint(vocab, {1100});
  const std::vector<std::int64_t> targets(targets_T.const_data_ptr<std::int64_t>(), targets_T.const_data_ptr<std::int64_t>() + 1100);
  const auto found = torch::tensor(tied_log_probabilities(hidden, table, targets));
  const auto expected = torch::log_softmax(torch::linear(hidden, table), 1).gather(1, targets_T.unsqueeze(1)).squeeze(1);
  CHECK(difference(found, expected.to(torch::kFloat32)) < 1e-4);
  CHECK(tied_log_probabilities(hidden.narrow(0, 0, 0), table, {}).empty());
}

TEST_CASE("a packed layout pads and unpads") {
  const PackedLayout layout({2, 1, 3}, torch::kCPU);
  CHECK(layout.tokens() == 6);
  CHECK(layout.longest() == 3);
  CHECK(torch::equal(layout.positions_N(), torch::tensor({0, 1, 0, 0, 1, 2})));
  const auto x = torch::arange(1, 7).to(torch::kFloat32).unsqueeze(1);
  const auto padded = layout.pad(x);
  CHECK(torch::equal(padded.squeeze(2), torch::tensor({{1, 2, 0}, {3, 0, 0}, {4, 5, 6}}).to(torch::kFloat32)));
  CHECK(torch::equal(layout.unpad(padded), x));
  CHECK(torch::equal(layout.is_token_BL(), padded.squeeze(2) > 0));
  CHECK_THROWS(PackedLayout({2, 0}, torch::kCPU));
}

TEST_CASE("positions are sines, then cosines, of the paper's angles") {
  const auto table = sinusoidal_positions(50, 8);
  CHECK(torch::equal(table[0], torch::tensor({0., 0., 0., 0., 1., 1., 1., 1.}).to(torch::kFloat32)));
  for (int i = 0; i < 4; ++i) {
    const double angle = 37 / std::pow(10000.0, 2.0 * i / 8);
    CHECK(table[37][i].item<double>() == Approx(std::sin(angle)).margin(1e-7));
    CHECK(table[37][4 + i].item<double>() == Approx(std::cos(angle)).margin(1e-7));
  }
}

TEST_CASE("Xavier initialisation treats a fused projection as its matrices") {
  torch::manual_seed(6);
  Linear layer(64, 192);
  xavier_init(layer, 3);
  const double bound = std::sqrt(6.0 / (64 + 64));
  CHECK(layer->weight.abs().max().item<double>() <= bound);
  CHECK(layer->weight.abs().max().item<double>() > 0.98 * bound);
  CHECK(std::abs(layer->weight.std().item<double>() - bound / std::sqrt(3.0)) < 0.005);
  CHECK(layer->bias.abs().max().item<double>() == 0);
}

}  // namespace attend
