#include <catch2/catch.hpp>

#include "inference/token_history.h"

using namespace attend;

namespace {

std::vector<float> penalised(std::vector<float> logits, const TokenHistory& history, const RepetitionPenalties& penalties) {
  history.penalise(logits, penalties);
  return logits;
}

using Logits = std::vector<float>;

}  // namespace

TEST_CASE("the repetition penalty divides what is positive and multiplies what is negative, once a token") {
  const TokenIds prompt{1, 3, 3, 1};
  TokenHistory history(prompt);
  history.add(2);
  history.add(2);
  REQUIRE(penalised({1.0f, 4.0f, -2.0f, 0.0f, 5.0f}, history, {.repetition = 2.0}) == Logits{1.0f, 2.0f, -4.0f, 0.0f, 5.0f});
  REQUIRE(penalised({1.0f, 4.0f, -2.0f, 0.0f, 5.0f}, history, {.repetition = 0.5}) == Logits{1.0f, 8.0f, -1.0f, 0.0f, 5.0f});
  REQUIRE(penalised({1.0f, 4.0f, -2.0f, 0.0f, 5.0f}, history, {}) == Logits{1.0f, 4.0f, -2.0f, 0.0f, 5.0f});
}

TEST_CASE("presence and frequency count what was generated, not the prompt") {
  const TokenIds prompt{0, 0};
  TokenHistory history(prompt);
  for (const std::int64_t id : {1, 2, 2, 2}) history.add(id);
  REQUIRE(penalised({3.0f, 3.0f, 3.0f, 3.0f}, history, {.presence = 0.5}) == Logits{3.0f, 2.5f, 2.5f, 3.0f});
  REQUIRE(penalised({3.0f, 3.0f, 3.0f, 3.0f}, history, {.frequency = 0.5}) == Logits{3.0f, 2.5f, 1.5f, 3.0f});
  REQUIRE(penalised({3.0f, 3.0f, 3.0f, 3.0f}, history, {.presence = 1.0, .frequency = 0.5}) == Logits{3.0f, 1.5f, 0.5f, 3.0f});
  REQUIRE(penalised({3.0f, 3.0f, 3.0f, 3.0f}, history, {.presence = -1.0}) == Logits{3.0f, 4.0f, 4.0f, 3.0f});  // negative ones encourage
  // The repetition penalty goes first: 3 / 2 - 1 - 3 * 0.25.
  REQUIRE(penalised({3.0f, 3.0f, 3.0f, 3.0f}, history, {.repetition = 2.0, .presence = 1.0, .frequency = 0.25}) ==
          Logits{1.5f, 0.25f, -0.25f, 3.0f});
}

TEST_CASE("ids that a row does not have are passed over") {
  const TokenIds prompt{7, -1};
  const TokenHistory history(prompt);
  REQUIRE(penalised({1.0f, 2.0f}, history, {.repetition = 2.0}) == Logits{1.0f, 2.0f});
}
