#include "core/json.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

std::string refusal(const std::string& text) {
  try {
    parse_json(text, "config.json");
    return "";
  } catch (const UserError& error) {
    return error.what();
  }
}

Json number(const std::string& text) { return parse_json(text, "x"); }

}  // namespace

TEST_CASE("JSON keeps its values and the order of its keys") {
  const Json value = parse_json(R"( {"z":1,"a":[true,null,-2,2.5,"\u00fc\ud83d\ude00"],"m":{}} )", "x");
  CHECK(value.dump() == "{\"z\":1,\"a\":[true,null,-2,2.5,\"\xC3\xBC\xF0\x9F\x98\x80\"],\"m\":{}}");
  CHECK(parse_json("3", "x") == Json(3));
  CHECK(parse_json("\xEF\xBB\xBF{}", "x") == Json::object());
}

TEST_CASE("duplicate JSON keys are refused, escaped or nested") {
  CHECK(refusal(R"({"a":1,"a":1})").find("'a' stands twice") != std::string::npos);
  CHECK_FALSE(refusal(R"({"a":1,"\u0061":2})").empty());
  CHECK_FALSE(refusal(R"([{"x":{"b":1,"c":2,"b":3}}])").empty());
  CHECK_FALSE(refusal(R"({"":1,"":2})").empty());
  CHECK(refusal(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]})") == "");
}

TEST_CASE("JSON depth is capped at 64") {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(refusal(nested(64)) == "");
  CHECK(refusal(nested(65)).find("deeper than 64") != std::string::npos);
  CHECK_FALSE(refusal(std::string(1'000'000, '[')).empty());
}

TEST_CASE("the number of JSON values can be capped") {
  CHECK_NOTHROW(parse_json("[1,2,3]", "x", 4));
  CHECK_THROWS_AS(parse_json("[1,2,3,4]", "x", 4), UserError);
}

TEST_CASE("what is not JSON is refused with file, line and column") {
  CHECK(refusal("{\n  \"a\": 1,\n  b: 2\n}").starts_with("config.json: line 3, column 3: not valid JSON"));
  for (const char* text : {"{", "[1,]", "{\"a\" 1}", "1 2", "{} x", "'a'", "[01]", "[+1]", "[.5]", "[1.]", "tru", "[\"\t\"]", "// x\n1",
                           "\"\\x41\"", "\"\xFF\"", "\"\xED\xA0\x80\"", "\"\\ud800\"", "\"\\udc00\"", "\xFF"}) {
    INFO(text);
    CHECK(refusal(text).starts_with("config.json: "));
  }
  CHECK(refusal("").find("empty") != std::string::npos);
  CHECK(refusal(" \n").find("empty") != std::string::npos);
}

TEST_CASE("a NUL does not end JSON") {
  using namespace std::string_literals;
  CHECK(refusal("{}\0"s).find("NUL") != std::string::npos);
  CHECK_FALSE(refusal("{}\0garbage"s).empty());
  CHECK_FALSE(refusal("\0{}"s).empty());
  CHECK(parse_json(R"("\u0000")", "x").get<std::string>() == "\0"s);
}

TEST_CASE("NaN and Infinity as Python writes them are named in the message") {
  for (const char* text : {"NaN", "{\"loss\": NaN}", "[Infinity]", "{\"a\": -Infinity}"}) {
    INFO(text);
    CHECK(refusal(text).find("NaN or Infinity") != std::string::npos);
  }
  CHECK(refusal("[None]").find("NaN or Infinity") == std::string::npos);
  CHECK_FALSE(refusal("[None]").empty());
}

TEST_CASE("JSON numbers beyond a double are refused, large ones are read") {
  CHECK(refusal("[1e400]").find("outside the range of a double") != std::string::npos);
  CHECK_FALSE(refusal("-1e309").empty());
  CHECK(json_number(number("1000000000000000019884624838656"), "x", "model_max_length") == 1e30);
  CHECK(json_number(number("1e-400"), "x", "k") == 0.0);
}

TEST_CASE("a JSON message does not pass control characters on to the terminal") {
  const std::string message = refusal("{\"\\u001b[31m\\u009b\":1,\"\\u001b[31m\\u009b\":2}");
  CHECK(message.find("\\x1b[31m\\x9b") != std::string::npos);
  CHECK(message.find('\x1b') == std::string::npos);
}

TEST_CASE("json_integer takes whole numbers of 64 bits only") {
  CHECK(json_integer(number("5"), "x", "k") == 5);
  CHECK(json_integer(number("5.0"), "x", "k") == 5);
  CHECK(json_integer(number("-1"), "x", "k") == -1);
  CHECK(json_integer(number("-1.0"), "x", "k") == -1);
  CHECK(json_integer(number("9223372036854775807"), "x", "k") == std::numeric_limits<std::int64_t>::max());
  CHECK(json_integer(number("-9223372036854775808"), "x", "k") == std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"1.5", "9223372036854775808", "18446744073709551615", "18446744073709551616", "9223372036854775808.0", "-9.3e18",
                           "1e30", "true", "\"5\"", "null", "[5]", "{}"}) {
    INFO(text);
    CHECK_THROWS_AS(json_integer(number(text), "x", "k"), UserError);
  }
}

TEST_CASE("wrong JSON types are refused with file, key, what was found and what was expected") {
  const auto message = [](auto read, const std::string& text) -> std::string {
    try {
      read(number(text), "config.json", "hidden_size");
      return "";
    } catch (const UserError& error) {
      return error.what();
    }
  };
  CHECK(message(json_integer, "1.5") == "config.json: hidden_size is 1.5; expected an integer of 64 bits");
  CHECK(message(json_number, "\"a\"") == "config.json: hidden_size is \"a\"; expected a number");
  CHECK(message(json_bool, "1") == "config.json: hidden_size is 1; expected true or false");
  CHECK(message(json_string, "null") == "config.json: hidden_size is null; expected a text in quotes");
  CHECK(json_bool(number("true"), "x", "k"));
  CHECK(json_string(number("\"a\""), "x", "k") == "a");
  CHECK(json_number(number("-2"), "x", "k") == -2.0);
}

TEST_CASE("a JSON file is written with an indent and read back") {
  const TempFolder folder;
  const Json value = parse_json(R"({"b":1e-12,"a":"\u00fc"})", "x");
  write_json_file(folder / "x.json", value);
  CHECK(read_text(folder / "x.json") == "{\n  \"b\": 1e-12,\n  \"a\": \"\xC3\xBC\"\n}\n");
  CHECK(read_json_file(folder / "x.json") == value);
  CHECK_THROWS_AS(write_json_file(folder / "x.json", Json("\xFF")), UserError);
  CHECK(read_json_file(folder / "x.json") == value);
  CHECK_THROWS_AS(read_json_file(folder / "absent.json"), UserError);
}

TEST_CASE("a JSON object of 200,000 keys is read in a moment") {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":" + std::to_string(i);
  const auto start = std::chrono::steady_clock::now();
  CHECK(parse_json(text + "}", "vocab.json").size() == 200'000);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(30));
}

}  // namespace attend
