// What a head is said to do, of weights made by hand.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "inference/attention_view.h"

namespace attend {
namespace {

using Text = AttentionView::Text;

constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();

const Text kText{.name = "source", .tokens = {"[CLS]", "the", "cat", "the", "dog", "[SEP]"}, .special = {0, 5}};

/// Every query's weight on one key: keys[q].
std::vector<float> pointing(const std::vector<std::size_t>& keys, std::size_t num_keys, float rest = 0) {
  std::vector<float> weights(keys.size() * num_keys, rest);
  for (std::size_t q = 0; q < keys.size(); ++q) weights[q * num_keys + keys[q]] = 1;
  return weights;
}

}  // namespace

TEST_CASE("a head is named by where most of its weight goes") {
  const auto does = [](const std::vector<std::size_t>& keys) { return head_of_self(pointing(keys, 6), kText).does; };
  CHECK(does({0, 0, 1, 2, 3, 4}) == "looks at the previous token");
  CHECK(does({1, 2, 3, 4, 5, 5}) == "looks at the next token");
  CHECK(does({0, 1, 2, 3, 4, 5}) == "looks at the token itself");
  CHECK(does({5, 5, 5, 5, 5, 0}) == "looks at special tokens");
  CHECK(does({3, 3, 4, 1, 2, 3}).empty());
  const auto head = head_of_self(pointing({0, 0, 1, 2, 3, 4}, 6), kText);
  CHECK(head.entropy == 0);
  CHECK(head.share == Approx(5.0 / 6));
}

TEST_CASE("a head that looks at the same word elsewhere, at the first token, or everywhere alike") {
  const Text twice{.name = "source", .tokens = {"a", "b", "a", "b"}, .special = {}};
  CHECK(head_of_self(pointing({2, 3, 0, 1}, 4), twice).does == "looks at the same word elsewhere");
  const Text plain{.name = "source", .tokens = {"a", "b", "c", "d", "e", "f"}, .special = {}};
  CHECK(head_of_self(pointing({0, 0, 0, 0, 0, 0}, 6), plain).does == "looks at the first token");
  const auto even = head_of_self(std::vector<float>(36, 1.0f / 6), kText);
  CHECK(even.does == "looks everywhere alike");
  CHECK(even.entropy == Approx(std::log(6.0)));
  CHECK(even.share == Approx(1));
}

TEST_CASE("what is not computed counts for nothing") {
  // Causal and even: query q sees q + 1 keys alike.
  std::vector<float> weights(36, kNothing);
  double entropy = 0;
  for (std::size_t q = 0; q < 6; ++q) {
    for (std::size_t k = 0; k <= q; ++k) weights[q * 6 + k] = 1.0f / static_cast<float>(q + 1);
    entropy += std::log(static_cast<double>(q + 1)) / 6;
  }
  const auto head = head_of_self(weights, kText);
  CHECK(head.entropy == Approx(entropy));
}

TEST_CASE("a head between two texts is named by special tokens, the same word, or the same place") {
  const Text source{.name = "source", .tokens = {"ein", "taxi", "</s>"}, .special = {2}};
  const Text target{.name = "target", .tokens = {"a", "taxi", "</s>"}, .special = {2}};
  CHECK(head_of_cross(pointing({2, 2, 2}, 3), target, source).does == "looks at special tokens");
  CHECK(head_of_cross(pointing({0, 1, 2}, 3), target, source).does == "looks at the same place");
  const Text longer{.name = "source", .tokens = {"ein", "rotes", "taxi", "</s>"}, .special = {3}};
  const Text word{.name = "target", .tokens = {"taxi"}, .special = {}};
  CHECK(head_of_cross(pointing({2}, 4), word, longer).does == "looks at the same word");
}

}  // namespace attend
