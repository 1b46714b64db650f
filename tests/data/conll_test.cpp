#include "data/conll.h"

#include <catch2/catch.hpp>

#include <sstream>

#include "tests/support/refusal.h"
#include "tests/support/standard_input.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Catch::Contains;

/// Sentences as "line:token/tag token/tag", each closed by ";".
std::string sentences_of(const std::string& text, const ConllColumns& columns = {}) {
  std::istringstream in(text);
  ConllReader reader(in, "x.conll", columns);
  std::string shown;
  for (TaggedSentence sentence; reader.next(sentence);) {
    shown += std::to_string(sentence.line) + ":";
    for (std::size_t i = 0; i < sentence.tokens.size(); ++i) shown += (i ? " " : "") + sentence.tokens[i] + "/" + sentence.tags[i];
    shown += ";";
  }
  return shown;
}

std::string refusal(const std::string& text, const ConllColumns& columns = {}) {
  return refusal_of([&] { sentences_of(text, columns); });
}

}  // namespace

TEST_CASE("sentences end at blank lines, stray white space or not") {
  CHECK(sentences_of("a\tO\nb\tB-x\n\nc\tO\n") == "1:a/O b/B-x;4:c/O;");
  CHECK(sentences_of("a\tO\n\t\nb\tO\n \nc\tO\n \t \nd\tO") == "1:a/O;3:b/O;5:c/O;7:d/O;");
  CHECK(sentences_of("\n\n\na\tO\n\n\n\nb\tO\n\n\n") == "4:a/O;8:b/O;");
  CHECK(sentences_of("a\tO\r\n\r\nb\tO\r\n") == "1:a/O;3:b/O;");
  CHECK(sentences_of("\xEF\xBB\xBF"
                     "a\tO\n") == "1:a/O;");
}

TEST_CASE("columns are separated by TABs or by spaces, and stray ones do no harm") {
  CHECK(sentences_of("a O\nb B-x\n") == "1:a/O b/B-x;");
  CHECK(sentences_of("a   O \n b\tB-x\t\n") == "1:a/O b/B-x;");
  CHECK(sentences_of("a \t O\nb\t\tB-x\n") == "1:a/O b/B-x;");
  CHECK(sentences_of("New York\tB-x\n") == "1:New York/B-x;");  // a TAB separates, so a space need not
  CHECK(sentences_of("a\xC2\xA0"
                     "b O\n") ==
        "1:a\xC2\xA0"
        "b/O;");  // a no-break space belongs to the token
}

TEST_CASE("documents' marks hold no token, and # no comment") {
  CHECK(sentences_of("-DOCSTART- -X- -X- O\n\na NN x O\n-DOCSTART-\nb NN x B-x\n") == "3:a/O;5:b/B-x;");
  CHECK(sentences_of("-DOCSTART-\tO\na\tO\n") == "2:a/O;");
  CHECK(sentences_of("#tag\tO\n# O\n") == "1:#tag/O #/O;");
}

TEST_CASE("other columns can be asked for") {
  const std::string text = "1 EU NNP B-ORG x\n2 rejects VBZ O y\n";
  CHECK(sentences_of(text) == "1:1/x 2/y;");
  CHECK(sentences_of(text, {.token = 1, .tag = 3}) == "1:EU/B-ORG rejects/O;");
  CHECK(sentences_of(text, {.token = 1, .tag = -3}) == "1:EU/NNP rejects/VBZ;");
  CHECK_THAT(refusal(text, {.token = 0, .tag = 5}), Contains("x.conll, line 1: no column 5 among 5"));
  CHECK_THAT(refusal(text, {.token = -6, .tag = 0}), Contains("no column -6 among 5"));
  CHECK_THAT(refusal(text, {.token = 4, .tag = -1}), Contains("column 4 is asked for twice"));
  CHECK_THAT(refusal(text, {.token = INT64_MIN, .tag = INT64_MAX}), Contains("no column"));
}

TEST_CASE("what is wrong with a line is said with its number") {
  CHECK_THAT(refusal("a\tO\nb\n"), Contains("x.conll, line 2: found one column, 'b'"));
  CHECK_THAT(refusal("a\tO\n  b\t\n"), Contains("line 2: found one column, 'b'"));
  CHECK_THAT(refusal("a NN O\n\nb O\n"), Contains("line 3: 2 columns; expected 3, as in line 1"));
  CHECK_THAT(refusal("EU NNP\tB-NP B-ORG\n"), Contains("line 1: the tag 'B-NP B-ORG' holds a space"));
  CHECK_THAT(refusal("a\tO\nb\xFF\tO\n"), Contains("line 2: not valid UTF-8"));
  CHECK_THAT(refusal(""), Contains("x.conll is empty"));
  CHECK_THAT(refusal("\n \n\t\n"), Contains("x.conll holds no sentence"));
  CHECK_THAT(refusal("-DOCSTART- O\n"), Contains("holds no sentence"));
}

TEST_CASE("a sentence without end is refused before it fills the memory") {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += "a O\n";
  CHECK(refusal(text) == "");
  CHECK_THAT(refusal(text + "a O\n"), Contains("line 1000001: a sentence of more than 1000000 tokens"));
}

TEST_CASE("a file is read as a stream is") {
  const TempFolder folder;
  write_text(folder / "x.conll", "a\tO\n\nb\tB-x");
  const std::vector<TaggedSentence> sentences = read_conll(folder / "x.conll");
  REQUIRE(sentences.size() == 2);
  CHECK(sentences[1].tags == std::vector<std::string>{"B-x"});
  const StandardInput in("a\tO\n");
  CHECK(read_conll("-").size() == 1);
  CHECK_THAT(refusal_of([&] { read_conll(folder / "absent"); }), Contains("no such file"));
}

}  // namespace attend
