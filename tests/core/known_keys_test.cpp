#include "core/known_keys.h"

#include <catch2/catch.hpp>

#include <array>

#include "tests/support/refusal.h"

namespace attend {
namespace {

using Catch::Contains;

constexpr std::array kMustBe{KeyValue{"kind", "\"plain\""}, KeyValue{"parts", R"({"a": {"x": 1, "y": 2}})"}};
constexpr std::array kNotFollowed{KeyValue{"penalty", "1.0"}, KeyValue{"limit", "null"}};
constexpr auto kHarmless = std::to_array<std::string_view>({"version"});
constexpr KnownKeys kKeys{.must_be = kMustBe, .not_followed = kNotFollowed, .harmless = kHarmless};

std::vector<std::string> told(const std::string& text) { return check_keys(parse_json(text, "f"), "f.json", std::array{kKeys}, {"size"}); }

std::string refused(const std::string& text) {
  return refusal_of([&] { told(text); });
}

}  // namespace

TEST_CASE("keys that are followed, neutral or harmless pass without a word") {
  CHECK(told(R"({"size": 3, "kind": "plain", "penalty": 1, "limit": null, "version": 7})").empty());
  CHECK(told(R"({"parts": {"a": {"y": 2, "x": 1.0}}})").empty());  // keys in another order, and another spelling of 1
}

TEST_CASE("a key that says nothing passes, whatever it is called") {
  CHECK(told(R"({"kind": null, "penalty": [], "limit": [], "x": {}, "y": "", "z": null})").empty());
  CHECK_FALSE(says_nothing(Json(0)));
  CHECK_FALSE(says_nothing(Json(false)));
  CHECK_FALSE(says_nothing(Json::array({nullptr})));
}

TEST_CASE("what has no effect here is told by its name and value") {
  CHECK(told(R"({"penalty": 1.5})") == std::vector<std::string>{"f.json: penalty is 1.5, which is not supported and has no effect"});
  CHECK(told(R"({"limit": 5, "penalty": 2})").size() == 2);
}

TEST_CASE("unknown keys are told in one sentence") {
  const auto found = told(R"({"new_thing": false, "version": 1, "other": [0]})");
  REQUIRE(found.size() == 1);
  CHECK_THAT(found[0], Contains("f.json: not known here") && Contains("new_thing, other") && !Contains("version"));
}

TEST_CASE("what means something else is refused") {
  CHECK_THAT(refused(R"({"kind": "fancy"})"), Contains("f.json: kind is \"fancy\"; only \"plain\" is supported"));
  CHECK_THAT(refused(R"({"kind": 0})"), Contains("kind is 0"));
  CHECK_THAT(refused(R"({"parts": {"a": {"x": 1}}})"), Contains("parts is"));
}

TEST_CASE("several lists of keys count together") {
  constexpr auto kMore = std::to_array<std::string_view>({"extra"});
  const std::array both{kKeys, KnownKeys{.must_be = {}, .not_followed = {}, .harmless = kMore}};
  CHECK(check_keys(parse_json(R"({"extra": 1, "version": 2})", "f"), "f", both, {}).empty());
  CHECK(check_keys(parse_json(R"({"extra": 1, "size": 2})", "f"), "f", both, {}).size() == 1);
}

}  // namespace attend
