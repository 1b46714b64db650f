#include <catch2/catch.hpp>

#include <sstream>

#include "core/error.h"
#include "inference/translate_stream.h"
#include "tests/inference/echo_model.h"

using namespace attend;
using namespace attend::test;

namespace {

struct Filter {
  TranslateOptions options = {};
  AnswerFormat format = {};
  std::optional<std::string> prefixes = {};
};

std::shared_ptr<const MarianTokenizer> joint_tokenizer() {
  return std::make_shared<const MarianTokenizer>(std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures/tokenizers/joint");
}

Translator make_translator() {
  const auto model = std::make_shared<EchoModel>();
  return {model, joint_tokenizer(), seq2seq_generation_config(model->token_roles(), model->max_positions())};
}

std::string filter(const std::string& text, const Filter& settings = {}) {
  std::istringstream in(text), prefix_in(settings.prefixes.value_or(""));
  std::ostringstream out;
  LineReader source(in, "text"), prefixes(prefix_in, "prefixes");
  translate_stream(make_translator(), {.source = source, .prefixes = settings.prefixes ? &prefixes : nullptr, .is_more_ready = {}},
                   settings.options, settings.format, out);
  return out.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Counts how often the stream was flushed.
class CountingBuffer : public std::stringbuf {
 public:
  int flushes = 0;

 protected:
  int sync() override {
    ++flushes;
    return 0;
  }
};

}  // namespace

TEST_CASE("lines out are lines in") {
  REQUIRE(filter("").empty());
  REQUIRE(filter("\n") == "\n");
  REQUIRE(filter("the dog\n\nthe cat") == "the dog\n\nthe cat\n");  // the last line need not end
  REQUIRE(filter("the dog\r\nthe cat\r\n") == "the dog\nthe cat\n");
  std::string text;
  for (int i = 0; i < 5000; ++i) text += i % 7 == 0 ? "\n" : i % 2 == 0 ? "the dog sees\n" : "a bird\n";  // three windows
  REQUIRE(filter(text, {.options = {.beam = 1}}) == text);
}

TEST_CASE("scores follow a tab") {
  const auto lines = lines_of(filter("the dog\n\n", {.format = {.scores = true}}));
  REQUIRE(lines.size() == 2);
  REQUIRE(lines[0].starts_with("the dog\t-0."));
  REQUIRE(lines[1] == "\t0.000000");
}

TEST_CASE("n-best lists are numbered by line from 0") {
  const auto lines = lines_of(filter("the dog\n\nthe cat\n", {.options = {.beam = 3, .n_best = 2}}));
  REQUIRE(lines.size() == 5);
  REQUIRE(lines[0].starts_with("0 ||| the dog ||| -"));
  REQUIRE(lines[1].starts_with("0 ||| "));
  REQUIRE(lines[2] == "1 |||  ||| 0.000000");
  REQUIRE(lines[3].starts_with("2 ||| the cat ||| -"));
}

TEST_CASE("JSON has an object a line") {
  const auto lines = lines_of(filter("the dog\n\n", {.options = {.beam = 3, .n_best = 2}, .format = {.json = true}}));
  REQUIRE(lines.size() == 2);
  const Json first = Json::parse(lines[0]);
  REQUIRE(first["translation"] == "the dog");
  REQUIRE(first["score"].get<double>() < 0);
  REQUIRE(first["n_best"].size() == 2);
  REQUIRE(first["n_best"][0]["translation"] == first["translation"]);
  REQUIRE(Json::parse(lines[1])["translation"] == "");
  const Json plain = Json::parse(lines_of(filter("the dog\n", {.format = {.json = true}}))[0]);
  REQUIRE_FALSE(plain.contains("n_best"));
}

TEST_CASE("prefixes run beside the text, line by line") {
  const auto lines = lines_of(filter("the dog\nthe cat\n", {.prefixes = "wolf\n\n"}));
  REQUIRE(lines[0].starts_with("wolf"));
  REQUIRE(lines[1] == "the cat");
  REQUIRE_THROWS_AS(filter("the dog\nthe cat\n", {.prefixes = "wolf\n"}), UserError);
  REQUIRE_THROWS_AS(filter("the dog\n", {.prefixes = "wolf\nbear\n"}), UserError);
}

TEST_CASE("options are refused before a line is read") {
  std::istringstream in("the dog\n");
  std::ostringstream out;
  LineReader source(in, "text");
  REQUIRE_THROWS_AS(translate_stream(make_translator(), {.source = source, .is_more_ready = {}}, {.beam = 0}, {}, out), UserError);
  REQUIRE(source.line_number() == 0);
}

TEST_CASE("what has been read is answered before more is waited for") {
  std::istringstream in("the dog\nthe cat\nthe wolf\n");
  CountingBuffer buffer;
  std::ostream out(&buffer);
  LineReader source(in, "text");
  const auto count = translate_stream(make_translator(), {.source = source, .is_more_ready = [] { return false; }}, {}, {}, out);
  REQUIRE(count == 3);
  REQUIRE(buffer.flushes == 3);
  REQUIRE(buffer.str() == "the dog\nthe cat\nthe wolf\n");
}
