#include <catch2/catch.hpp>

#include <memory>
#include <sstream>

#include "core/error.h"
#include "metrics/aligned_lines.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

/// A text as a file would be read.
class Texts {
 public:
  LineReader add(const std::string& name, const std::string& text) {
    streams_.push_back(std::make_unique<std::istringstream>(text));
    return LineReader(*streams_.back(), name);
  }

 private:
  std::vector<std::unique_ptr<std::istringstream>> streams_;
};

/// What the error says when all lines are read; "" where there is none.
std::string error_of(const std::string& hypothesis, const std::vector<std::string>& references) {
  Texts texts;
  std::vector<LineReader> readers;
  for (std::size_t i = 0; i < references.size(); ++i) readers.push_back(texts.add("ref" + std::to_string(i + 1), references[i]));
  AlignedLines lines(texts.add("hyp", hypothesis), std::move(readers));
  std::string line;
  std::vector<std::string> reference_lines;
  try {
    while (lines.next(line, reference_lines)) {
    }
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("lines come side by side, without white space at the end") {
  Texts texts;
  std::vector<LineReader> references;
  references.push_back(texts.add("a", "one\r\ntwo\u3000\n"));
  references.push_back(texts.add("b", "eins\nzwei"));
  AlignedLines lines(texts.add("hyp", " un \t\n\n"), std::move(references));
  std::string hypothesis;
  std::vector<std::string> of_line;
  REQUIRE(lines.next(hypothesis, of_line));
  CHECK(hypothesis == " un");
  CHECK(of_line == std::vector<std::string>{"one", "eins"});
  REQUIRE(lines.next(hypothesis, of_line));
  CHECK(hypothesis.empty());
  CHECK(of_line == std::vector<std::string>{"two", "zwei"});
  CHECK_FALSE(lines.next(hypothesis, of_line));
}

TEST_CASE("unequal numbers of lines are told with all counts") {
  const std::string expected = "; expected a reference line for each hypothesis line";
  CHECK(error_of("a\nb\n", {"a\nb\nc\nd\n"}) == "different numbers of lines: hyp has 2, ref1 has 4" + expected);
  CHECK(error_of("a\nb\nc\n", {"a\n", "a\nb\nc\n"}) == "different numbers of lines: hyp has 3, ref1 has 1, ref2 has 3" + expected);
  CHECK(error_of("", {"a\n"}) == "different numbers of lines: hyp has 0, ref1 has 1" + expected);
  CHECK(error_of("a\n", {""}) == "different numbers of lines: hyp has 1, ref1 has 0" + expected);
}

TEST_CASE("nothing to score is an error") { CHECK(error_of("", {""}) == "hyp and its references are empty; expected at least one line"); }

TEST_CASE("text that is not UTF-8 is told with its line") {
  CHECK(error_of("a\nb\xE9\n", {"a\nb\n"}) == "hyp, line 2: not valid UTF-8; expected UTF-8 text");
  CHECK(error_of("a\nb\n", {"\xC0\xAF\nb\n"}) == "ref1, line 1: not valid UTF-8; expected UTF-8 text");
}

TEST_CASE("a missing reference file is an error") {
  TempFolder folder;
  CHECK_THROWS_AS(LineReader(folder / "absent.en"), UserError);
}

}  // namespace attend
