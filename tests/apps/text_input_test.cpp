// Lines answered in windows: how many are held at once, in which order answers come, and what stands beside a line.
#include "apps/text_input.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

#include "core/error.h"
#include "tests/support/refusal.h"

using namespace attend;
using Catch::Contains;

namespace {

struct Answered {
  std::string out, refusal;
  std::vector<std::size_t> windows;  // lines of each call
  std::vector<std::string> beside;   // of each line
};

// Answers each line with its length, and refuses "bad".
Answered answer(const std::string& text, LineHandling how = {}, const std::optional<std::string>& beside = {}) {
  std::istringstream in(text), beside_in(beside.value_or(""));
  LineReader beside_lines(beside_in, "the other text");
  if (beside) how.beside = &beside_lines;
  TextInput input("-", in, "");
  Answered answered;
  std::ostringstream out;
  const AnswerLines lengths = [&](const std::vector<InputLine>& lines) {
    std::vector<std::string> answers;
    for (const InputLine& line : lines) {
      if (line.text == "bad") throw UserError("it is bad", "make it good");
      answers.push_back(std::to_string(line.text.size()));
    }
    answered.windows.push_back(lines.size());
    for (const InputLine& line : lines) answered.beside.push_back(line.beside);
    return answers;
  };
  try {
    answer_lines(input, out, lengths, how);
  } catch (const UserError& error) {
    answered.refusal = error.what();
  }
  answered.out = out.str();
  return answered;
}

}  // namespace

TEST_CASE("a window holds so many lines, an empty one among them") {
  CHECK(answer("a\nbb\n\nccc\ndd\n", {.window_lines = 3}).windows == std::vector<std::size_t>{2, 2});
  CHECK(answer("a\nbb\n\nccc\ndd\n", {.window_lines = 3}).out == "1\n2\n\n3\n2\n");
  CHECK(answer("").windows.empty());
  CHECK(answer("\n\n").out == "\n\n");
}

TEST_CASE("a window of giant lines is bounded by their bytes, whatever stands beside them") {
  const std::string giant = std::string(kWindowBytes / 2 + 1, 'x') + "\n";
  std::string text, empty_lines;
  for (int i = 0; i < 7; ++i) text += giant, empty_lines += '\n';
  const std::vector<std::size_t> two_at_once{2, 2, 2, 1};
  CHECK(answer(text).windows == two_at_once);
  CHECK(answer(text, {}, empty_lines).windows == two_at_once);
  std::string short_lines;
  for (int i = 0; i < 7; ++i) short_lines += "y\n";
  CHECK(answer(short_lines, {}, text).windows == two_at_once);  // what stands beside takes as much
}

TEST_CASE("an empty line is answered as asked") {
  const LineHandling numbered{.empty_answer = [](const InputLine& line) { return "none " + std::to_string(line.number); }};
  CHECK(answer("a\n\nb\n\n", numbered).out == "1\nnone 2\n1\nnone 4\n");
}

TEST_CASE("the other text runs beside, line by line, past empty ones") {
  CHECK(answer("a\n\nb\n", {}, "x\ny\nz\n").beside == std::vector<std::string>{"x", "z"});
  const Answered early = answer("a\nbb\nc\n", {}, "x\ny\n");
  CHECK(early.out == "1\n2\n");
  CHECK_THAT(early.refusal, Contains("the other text ends before line 3"));
  const Answered late = answer("a\n", {}, "x\ny\n");
  CHECK(late.out == "1\n");
  CHECK_THAT(late.refusal, Contains("the other text has more lines than the text, which has 1"));
}

TEST_CASE("a line that is refused comes after the answers to those before it, with its number") {
  for (const std::size_t window : {1, 2, 9}) {
    const Answered refused = answer("a\n\nbb\nbad\nccc\n", {.window_lines = window});
    CHECK(refused.out == "1\n\n2\n");
    CHECK(refused.refusal == "line 4: it is bad");
  }
  // Where the other text ends behind it, it is the first complaint that counts.
  CHECK(answer("bad\na\n", {}, "x\n").refusal == "line 1: it is bad");
}

TEST_CASE("what is ready is answered before more is waited for") {
  std::istringstream in("a\nb\nc\n");
  int asked = 0;
  TextInput input(in, [&] { return ++asked % 2 == 1; });
  std::ostringstream out;
  std::vector<std::size_t> windows;
  answer_lines(input, out, [&](const std::vector<InputLine>& lines) {
    windows.push_back(lines.size());
    return std::vector<std::string>(lines.size(), "-");
  });
  CHECK(windows == std::vector<std::size_t>{2, 1});
  CHECK(out.str() == "-\n-\n-\n");
}
