#include "core/field_io.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/random.h"

namespace attend {

enum class Shape { kRound, kFlat };

template <>
struct EnumNames<Shape> {
  static constexpr std::array values{std::pair{Shape::kRound, "round"}, std::pair{Shape::kFlat, "flat"}};
};

namespace {

struct Settings {
  std::int64_t size = 3;
  double rate = 0.5;
  bool is_on = true;
  std::string title = "a";
  Shape shape = Shape::kRound;
  std::optional<std::int64_t> limit;
  std::vector<std::string> names;
  std::vector<std::int64_t> steps{1, 2};
  bool operator==(const Settings&) const = default;

  static void fields(auto& self, auto&& visit) {
    visit("size", self.size, "how many");
    visit("rate", self.rate, "how fast");
    visit("is_on", self.is_on, "whether");
    visit("title", self.title, "a name");
    visit("shape", self.shape, "which");
    visit("limit", self.limit, "at most");
    visit("names", self.names, "all");
    visit("steps", self.steps, "when");
  }
};

std::string toml_refusal(const std::string& text) {
  try {
    toml_to_json(text, "run.toml");
    return "";
  } catch (const UserError& error) {
    return error.what();
  }
}

Json through_toml(const Json& value) { return toml_to_json(json_to_toml(value), "x"); }

}  // namespace

TEST_CASE("a configuration goes to JSON and back in the order of its fields") {
  Settings settings{
      .size = -7, .rate = 0.1, .is_on = false, .title = "b", .shape = Shape::kFlat, .limit = 9, .names = {"x", "y"}, .steps = {}};
  const Json json = to_json(settings);
  CHECK(json.dump() == R"({"size":-7,"rate":0.1,"is_on":false,"title":"b","shape":"flat","limit":9,"names":["x","y"],"steps":[]})");
  Settings read;
  from_json(read, json, "x");
  CHECK(read == settings);
  CHECK(to_json(Settings{})["limit"].is_null());
  from_json(read, to_json(Settings{}), "x");
  CHECK(read == Settings{});
}

TEST_CASE("fields that are not named keep their values and unknown ones are refused where asked") {
  Settings settings;
  from_json(settings, Json{{"size", 5}, {"model_type", "x"}}, "x");
  CHECK(settings.size == 5);
  CHECK(settings.rate == 0.5);
  try {
    from_json(settings, Json{{"sise", 5}}, "run.toml", UnknownKeys::kRefuse);
    FAIL("accepted an unknown key");
  } catch (const UserError& error) {
    CHECK(std::string(error.what()) == "run.toml: unknown setting 'sise'");
    CHECK(error.hint().find("size, rate") != std::string::npos);
  }
}

TEST_CASE("fields of the wrong type are refused") {
  Settings settings;
  for (const Json& json : {Json{{"size", 1.5}}, Json{{"size", "1"}}, Json{{"rate", true}}, Json{{"is_on", 1}}, Json{{"title", 1}},
                           Json{{"shape", "square"}}, Json{{"shape", 1}}, Json{{"limit", "x"}}, Json{{"names", "x"}}, Json{{"names", {1}}},
                           Json{{"steps", {1, "2"}}}, Json::array(), Json(1)}) {
    INFO(json.dump());
    CHECK_THROWS_AS(from_json(settings, json, "x"), UserError);
  }
}

TEST_CASE("TOML has scalars first, then a table for each object, without nulls") {
  const Json value = {
      {"table", {{"b", 1}, {"inner", {{"c", "x"}}}}}, {"none", nullptr}, {"a", 1.0}, {"list", {1, 2}}, {"empty", Json::object()}};
  CHECK(json_to_toml(value) == "a = 1.0\nlist = [1, 2]\n\n[table]\nb = 1\n\n[table.inner]\nc = \"x\"\n\n[empty]\n");
  CHECK_THROWS_AS(json_to_toml(Json::array()), std::invalid_argument);
  CHECK_THROWS_AS(json_to_toml(Json{{"a", Json::array({nullptr})}}), std::invalid_argument);
  CHECK_THROWS_AS(json_to_toml(Json{{"a", "\xFF"}}), UserError);
}

TEST_CASE("TOML gives back what was written, to the bit") {
  const Json value = {{"comment # not", "a # b"},
                      {"quotes", "\"'\\ \n\t\r\b\f\x1f\x7f"},
                      {"unicode \xC3\xBC", "\xF0\x9F\x98\x80"},
                      {"", "empty key"},
                      {"a.b", "dotted key"},
                      {"list", {"x, y", "]", "#"}},
                      {"nested", {{1, 2}, Json::array(), {"a"}}},
                      {"objects", Json::array({Json{{"a", 1}, {"b c", "d"}}, Json::object()})},
                      {"max", std::numeric_limits<std::int64_t>::max()},
                      {"min", std::numeric_limits<std::int64_t>::min()},
                      {"numbers", {0.1, 1e-12, 5e-324, 1.7976931348623157e308, -0.0, 3.0, 1e22}},
                      {"flags", {true, false}},
                      {"table", {{"z", 1}, {"a", {{"deep [x]", {{"y", 2}}}}}}},
                      {"after", {{"k", ""}}}};
  CHECK(through_toml(value).dump() == value.dump());
}

TEST_CASE("any double survives TOML") {
  RandomStream random(1, "toml doubles");
  for (int i = 0; i < 2000; ++i) {
    const double number = std::bit_cast<double>(random.next());
    if (!std::isfinite(number)) continue;
    const double read = through_toml(Json{{"x", number}})["x"].get<double>();
    REQUIRE(std::bit_cast<std::uint64_t>(read) == std::bit_cast<std::uint64_t>(number));
  }
  CHECK(std::isinf(through_toml(Json{{"x", std::numeric_limits<double>::infinity()}})["x"].get<double>()));
  CHECK(std::isnan(through_toml(Json{{"x", std::nan("")}})["x"].get<double>()));
}

TEST_CASE("a configuration survives TOML") {
  const Settings settings{.rate = 1.0 / 3, .title = "# \"x\"\n", .shape = Shape::kFlat, .limit = 4, .names = {"a#b"}};
  Settings read;
  from_json(read, through_toml(to_json(settings)), "x", UnknownKeys::kRefuse);
  CHECK(read == settings);
}

TEST_CASE("a mistake in TOML is shown with its line and column") {
  CHECK(toml_refusal("a = 1\nb = = 2\n").starts_with("run.toml: line 2, column"));
  CHECK(toml_refusal("a = 1\na = 2\n").starts_with("run.toml: line 2, column"));
  CHECK(toml_refusal("a = 1\nd = 2020-01-01\n").starts_with("run.toml: line 2, column 5: found a date"));
  for (const char* text : {"a", "= 1", "[a", "a = \"x", "a = 99999999999999999999", "a = \"\xFF\"", "a = 1 b = 2", "[a]\n[a]\n"}) {
    INFO(text);
    CHECK_FALSE(toml_refusal(text).empty());
  }
  CHECK_FALSE(toml_refusal("a = " + std::string(100, '[') + std::string(100, ']')).empty());
  CHECK(toml_refusal("") == "");
}

TEST_CASE("tables nest as deep as their keys can be written, whatever they are spelled with") {  // the fuzzer's finding
  const auto nested = [](int parts) {
    std::string key = "a";
    for (int i = 1; i < parts; ++i) key += ".a";
    return "[b.c]\n" + key + ".d = 1\n";
  };
  const std::string written = json_to_toml(toml_to_json(nested(14), "run.toml"));  // in 16 tables
  CHECK(json_to_toml(toml_to_json(written, "written")) == written);
  CHECK_THAT(toml_refusal(nested(15)), Catch::Contains("in more than 16 tables"));
}

TEST_CASE("a TOML key of thousands of parts is refused before it can overflow the stack") {
  std::string deep = "a", quoted = "\"a\"";
  for (int i = 0; i < 200'000; ++i) deep += ".a", quoted += " . 'a'";
  CHECK(toml_refusal("x = 1\n" + deep + " = 1").starts_with("run.toml: line 2: a key of more than 16 parts"));
  CHECK_FALSE(toml_refusal(quoted + " = 1").empty());
  CHECK_FALSE(toml_refusal("[" + deep + "]\nb = 1").empty());
  CHECK_FALSE(toml_refusal("x = {" + deep + " = 1}").empty());
  CHECK_FALSE(toml_refusal("x = \"\"\"\n\\\"\"\"\" # '\n" + deep + " = 1").empty());
  CHECK_FALSE(toml_refusal("x = '\\'\n" + deep + " = 1").empty());
  CHECK(toml_refusal("x = [\"\"\"a\"\"\"\", {" + deep + " = 1}]").find("a key of more than") != std::string::npos);
  // Dots in texts, comments and numbers are no parts of keys.
  const std::string dots(1000, '.');
  CHECK(toml_refusal("a = \"" + dots + "\\\"" + dots + "\"") == "");
  CHECK(toml_refusal("a = '" + dots + "' # " + dots) == "");
  CHECK(toml_refusal("a = \"\"\"" + dots + "\n\"" + dots + "\"\"\"\nb = '''\n" + dots + "'''") == "");
  std::string numbers = "a = [1.5";
  for (int i = 0; i < 100; ++i) numbers += ", 1.5";
  CHECK(toml_refusal(numbers + "]") == "");
  CHECK(toml_refusal("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p = 1") == "");
}

}  // namespace attend
