#include "data/conll.h"

#include <catch2/catch.hpp>

#include <sstream>

#include "core/log.h"
#include "tests/support/captured_stderr.h"
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
    shown += std::to_string(sentence.lines.front()) + ":";
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

TEST_CASE("documents' marks hold no token, and # is a token as any other") {
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

TEST_CASE("comments are passed over where the file shows that they are some") {
  // CoNLL-U: the words have ten columns.
  const std::string text = "# sent_id = a1\n# text = A lamp\n1\tA\ta\tDET\n2\tlamp\tlamp\tNOUN\n\n# sent_id = a2\n1\tGo\tgo\tVERB\n";
  CHECK(sentences_of(text, {.token = 1, .tag = 3}) == "3:A/DET lamp/NOUN;7:Go/VERB;");
  // As many columns as the words, and a last one that is no word's tag.
  CHECK(sentences_of("# id 1 en\nmira _ _ B-PER\nruns _ _ O\n\n# id 2 en\noslo _ _ B-LOC\n") == "2:mira/B-PER runs/O;6:oslo/B-LOC;");
  CHECK(sentences_of("#id 1\na O\n\n#id 2\nb O\n") == "2:a/O;5:b/O;");
  // A comment among real words that begin with #: before a sentence, with a tag of its own.
  CHECK(sentences_of("# from = here\n#tag\tO\na\tB-x\nc\tO\n\n# nothing\n#tag\tB-x\n#\tO\n") == "2:#tag/O a/B-x c/O;7:#tag/B-x #/O;");
  // Inside a sentence, without a TAB where the words have one.
  CHECK(sentences_of("a\tO\n# note\nb\tO\n") == "1:a/O b/O;");
}

TEST_CASE("a word that begins with # stays one") {
  CHECK(sentences_of("#tag\tO\na\tB-x\n\n#\tO\nb\tO\n") == "1:#tag/O a/B-x;4:#/O b/O;");
  CHECK(sentences_of("a\tO\n#new\tB-y\n\n#\tO\n") == "1:a/O #new/B-y;4:#/O;");  // a tag of its own, but inside a sentence
  CHECK(sentences_of("#one\tB-y\na\tO\n") == "1:#one/B-y a/O;");                // one line alone, and no blank after the #
  CHECK_THAT(refusal("#one\na\tO\n"), Contains("line 1: found one column, '#one'") && Contains("--comment '#'"));
  CHECK_THAT(refusal("a x O\n# my note here\nb x O\n"), Contains("line 2: 4 columns; expected 3") && Contains("--comment '#'"));
}

TEST_CASE("what opens a comment can be said, and that nothing does") {
  const std::string text = "% a b\nx\tO\n%% more\ny\tO\n";
  CHECK(sentences_of(text, {.comment = "%"}) == "2:x/O y/O;");
  CHECK(sentences_of("a\tO\n  # note\nb\tO\n", {.comment = "#"}) == "1:a/O b/O;");
  CHECK(sentences_of("# id 1 en\nmira _ _ O\n", {.comment = ""}) == "1:#/en mira/O;");
}

TEST_CASE("that comments were found is said, once") {
  const std::string said = captured_stderr([] {
    set_log_level(LogLevel::kNormal);
    for (int i = 0; i < 2; ++i) {
      std::istringstream in("\n# text = a\na\tO\n");
      ConllReader reader(in, "said.conll");
    }
    set_log_level(LogLevel::kQuiet);
  });
  CHECK(said ==
        "said.conll: lines that begin with '#' before a sentence are comments, the first in line 2; --comment '' reads them as words\n");
}

TEST_CASE("ranges and empty nodes beside numbered words are no words") {
  const std::string text =
      "1\tShe\tPRON\n2-3\tcannot\t_\n2\tcan\tAUX\n3\tnot\tPART\n3.1\twait\tVERB\n\n1-2\tIm\t_\n1\tIn\tADP\n2\tdem\tDET\n";
  set_log_level(LogLevel::kQuiet);
  CHECK(sentences_of(text, {.token = 1}) == "1:She/PRON can/AUX not/PART;8:In/ADP dem/DET;");
  const ConllColumns columns{.token = 1};
  std::istringstream in(text);
  ConllReader reader(in, "x.conllu", columns);
  TaggedSentence sentence;
  REQUIRE(reader.next(sentence));
  CHECK(sentence.lines == std::vector<std::uint64_t>{1, 3, 4});
  // Scores and dates are words where nothing counts them.
  CHECK(sentences_of("2-3\tx\tO\nwon\tx\tO\n", {.token = 1}) == "1:x/O x/O;");
  CHECK(sentences_of("1\tx\tO\n4.1\tx\tO\n7\tx\tO\n", {.token = 1}) == "1:x/O x/O x/O;");
  CHECK(sentences_of("2-3\tO\n4.1\tO\n") == "1:2-3/O 4.1/O;");
}

TEST_CASE("numbers of words that are read as the words are warned of") {
  const auto said = [](const std::string& text) {
    return captured_stderr([&] {
      std::istringstream in(text);
      ConllReader reader(in, "numbers.conll");
    });
  };
  CHECK_THAT(said("1\tA\tDET\n2\tlamp\tNOUN\n\n1\tGo\tVERB\n"),
             Contains("numbers.conll: the first column counts the words") && Contains("--token-column 1"));
  CHECK(said("1\tDET\n2\tNOUN\n") == "");
  CHECK(said("1\tA\tDET\n1\tlamp\tNOUN\n") == "");
}

TEST_CASE("no comment is a class beyond the lines that are read ahead") {
  std::string text;
  for (std::size_t i = 0; i < ConllReader::kShapeLines; ++i) text += i % 4 == 3 ? "\n" : i % 4 == 0 ? "# id 17 en\n" : "w _ _ O\n";
  std::istringstream in(text + "# id 18 de\nw _ _ O\n");
  ConllReader reader(in, "x.conll");
  std::size_t sentences = 0;
  for (TaggedSentence sentence; reader.next(sentence); ++sentences)
    for (const std::string& tag : sentence.tags) REQUIRE(tag == "O");
  CHECK(sentences == ConllReader::kShapeLines / 4 + 1);
}

TEST_CASE("a file is read as a stream is") {
  const TempFolder folder;
  write_text(folder / "x.conll", "a\tO\n\nb\tB-x");
  ConllReader reader(folder / "x.conll");
  TaggedSentence sentence;
  CHECK(reader.next(sentence));
  CHECK(reader.next(sentence));
  CHECK(sentence.tags == std::vector<std::string>{"B-x"});
  CHECK_FALSE(reader.next(sentence));
  const StandardInput in("a\tO\n");
  CHECK(ConllReader("-").next(sentence));
  CHECK_THAT(refusal_of([&] { ConllReader{folder / "absent"}; }), Contains("no such file"));
}

}  // namespace attend
