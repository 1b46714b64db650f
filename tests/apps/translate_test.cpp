// attend translate as a filter, around a toy model that repeats its source.
#include <catch2/catch.hpp>

#include <sstream>

#include "apps/commands/translate.h"
#include "core/error.h"
#include "core/json.h"
#include "tests/inference/echo_model.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"

using namespace attend;
using namespace attend::test;
using Catch::Contains;

namespace {

struct Filter {
  TranslateOptions options = {};
  bool json = false, scores = false;
  std::optional<std::string> prefixes = {};
};

std::shared_ptr<const MarianTokenizer> joint_tokenizer() {
  return std::make_shared<const MarianTokenizer>(std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures/tokenizers/joint");
}

Translator make_translator() {
  const auto model = std::make_shared<EchoModel>();
  return {model, joint_tokenizer(), seq2seq_generation_config(model->token_roles(), model->max_positions())};
}

TranslateCommandOptions command(const Filter& settings) {
  TranslateCommandOptions options;
  options.common.json = settings.json;
  options.scores = settings.scores;
  options.translate = settings.options;
  return options;
}

void filter_into(std::ostream& out, const std::string& text, const Filter& settings) {
  std::istringstream in(text), prefix_in(settings.prefixes.value_or(""));
  LineReader prefixes(prefix_in, "prefixes");
  TextInput input("-", in, "");
  translate_lines(make_translator(), input, settings.prefixes ? &prefixes : nullptr, command(settings), out);
}

std::string filter(const std::string& text, const Filter& settings = {}) {
  std::ostringstream out;
  filter_into(out, text, settings);
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
  const auto lines = lines_of(filter("the dog\n\n", {.scores = true}));
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
  const auto lines = lines_of(filter("the dog\n\n", {.options = {.beam = 3, .n_best = 2}, .json = true}));
  REQUIRE(lines.size() == 2);
  const Json first = Json::parse(lines[0]);
  REQUIRE(first["translation"] == "the dog");
  REQUIRE(first["score"].get<double>() < 0);
  REQUIRE(first["n_best"].size() == 2);
  REQUIRE(first["n_best"][0]["translation"] == first["translation"]);
  REQUIRE(Json::parse(lines[1])["translation"] == "");
  const Json plain = Json::parse(lines_of(filter("the dog\n", {.json = true}))[0]);
  REQUIRE_FALSE(plain.contains("n_best"));
}

TEST_CASE("prefixes run beside the text, line by line") {
  const auto lines = lines_of(filter("the dog\nthe cat\n", {.prefixes = "wolf\n\n"}));
  REQUIRE(lines[0].starts_with("wolf"));
  REQUIRE(lines[1] == "the cat");
  REQUIRE_THAT(refusal_of([] { filter("the dog\n", {.prefixes = "wolf\nbear\n"}); }),
               Contains("prefixes has more lines than the text, which has 1"));
  // The lines that have a prefix are answered.
  std::ostringstream out;
  const auto short_of_one = [&] { filter_into(out, "the dog\nthe cat\n", {.prefixes = "wolf\n"}); };
  REQUIRE_THAT(refusal_of(short_of_one), Contains("prefixes ends before line 2"));
  REQUIRE(lines_of(out.str()).size() == 1);
}

TEST_CASE("an empty line takes its prefix with it, and samples are drawn by the line's number") {
  const auto lines = lines_of(filter("the dog\n\nthe cat\n", {.prefixes = "\nbear\nwolf\n"}));
  REQUIRE(lines[0] == "the dog");
  REQUIRE(lines[1].empty());
  REQUIRE(lines[2].starts_with("wolf"));
  const Filter sampling{.options = {.temperature = 5.0, .top_k = 40}};
  REQUIRE(lines_of(filter("\n\nthe cat\n", sampling))[2] == lines_of(filter("a\nthe dog\nthe cat\n", sampling))[2]);
}

TEST_CASE("what became of a line is told with its number") {
  const std::string told = captured_stderr([] { filter("the dog\n\nbad \xff\nthe cat\n", {.prefixes = "\n\n\n\xCE\xA9\n"}); });
  REQUIRE_THAT(told, Contains("line 3 is not UTF-8"));
  REQUIRE_THAT(told, Contains("line 4 has a prefix with what the vocabulary lacks") && Contains("\xCE\xA9"));
  REQUIRE_THAT(told, !Contains("line 1") && !Contains("line 2"));
}

TEST_CASE("options are refused before a line is read") {
  std::istringstream in("the dog\n");
  std::ostringstream out;
  TextInput input("-", in, "");
  REQUIRE_THROWS_AS(translate_lines(make_translator(), input, nullptr, command({.options = {.beam = 0}}), out), UserError);
  REQUIRE(input.lines().line_number() == 0);
}

TEST_CASE("what has been read is answered before more is waited for") {
  std::istringstream in("the dog\nthe cat\nthe wolf\n");
  CountingBuffer buffer;
  std::ostream out(&buffer);
  TextInput input(in, [] { return false; });
  translate_lines(make_translator(), input, nullptr, command({}), out);
  REQUIRE(input.lines().line_number() == 3);
  REQUIRE(buffer.flushes == 3);
  REQUIRE(buffer.str() == "the dog\nthe cat\nthe wolf\n");
}
