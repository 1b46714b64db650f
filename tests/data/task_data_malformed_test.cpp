// Tables, CoNLL and SQuAD files as nobody should write them: kind by kind with its verdict, and at random.
#include <catch2/catch.hpp>

#include <sstream>

#include "core/limits.h"
#include "core/log.h"
#include "core/random.h"
#include "data/conll.h"
#include "data/squad.h"
#include "data/table.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"

namespace attend {
namespace {

using Catch::Contains;
using namespace std::string_literals;

struct Kind {
  std::string name, file;
  std::string verdict;  ///< part of the message; "" where the file is accepted
};

std::string table_refusal(const std::string& file) {
  return refusal_of([&] {
    std::istringstream in(file);
    TableReader reader(in, "x.tsv", {.text = "0", .text_pair = "", .label = "1"});
    for (LabelledText row; reader.next(row);) REQUIRE(row.text.size() + row.label.size() <= file.size());
  });
}

std::string conll_refusal(const std::string& file) {
  return refusal_of([&] {
    std::istringstream in(file);
    ConllReader reader(in, "x.conll");
    for (TaggedSentence sentence; reader.next(sentence);) {
      REQUIRE_FALSE(sentence.tokens.empty());
      REQUIRE(sentence.tokens.size() == sentence.tags.size());
    }
  });
}

std::string squad_refusal(const std::string& file) {
  return refusal_of([&] {
    const SquadData data = parse_squad(file, "x.json");
    for (const SquadQuestion& question : data.questions)
      for (const SquadAnswer& answer : question.answers)
        if (answer.begin) REQUIRE(data.contexts.at(question.context).substr(*answer.begin, answer.text.size()) == answer.text);
  });
}

template <class Refusal>
void check_verdicts(const std::vector<Kind>& kinds, const Refusal& refusal) {
  set_log_level(LogLevel::kQuiet);
  for (const Kind& kind : kinds) {
    INFO(kind.name);
    const std::string message = refusal(kind.file);
    if (kind.verdict.empty())
      CHECK(message == "");
    else
      CHECK_THAT(message, Catch::StartsWith("x.") && Contains(kind.verdict));
  }
}

/// Every beginning of a file, and random changes of it: none may do other than be accepted or refused with a UserError.
template <class Refusal>
void check_survival(const std::string& good, const Refusal& refusal) {
  set_log_level(LogLevel::kQuiet);
  REQUIRE(refusal(good) == "");
  const std::string alphabet = "\t\t\n\n\r\"{}[],:\\ -0159aeO\xC3\xA9\xF0\xFF\xEF\xBB\xBF\0\x1C"s;
  RandomStream random(6, "task_data_malformed_test");
  int accepted = 0, refused = 0;
  const std::string warnings = captured_stderr([&] {
    for (std::size_t size = 0; size < good.size(); ++size) refusal(good.substr(0, size));
    for (int round = 0; round < 20'000; ++round) {
      std::string file = good;
      for (std::uint64_t left = 1 + random.below(3); left > 0 && !file.empty(); --left) {
        const std::size_t at = random.below(file.size());
        const char letter = alphabet[random.below(alphabet.size())];
        switch (random.below(4)) {
          case 0:
            file[at] = letter;
            break;
          case 1:
            file.insert(at, 1 + random.below(3), letter);
            break;
          case 2:
            file.erase(at, 1 + random.below(5));
            break;
          default:
            file.insert(at, file.substr(random.below(file.size()), random.below(30)));
            break;
        }
      }
      ++(refusal(file).empty() ? accepted : refused);
    }
  });
  CHECK(accepted > 100);
  CHECK(refused > 100);
}

const std::string kContext = R"("context":"The cat sat.")", kId = R"("id":"q")", kText = R"("question":"Who?")";
const std::string kAnswers = R"("answers":[{"text":"cat","answer_start":4}])";

std::string squad(const std::string& questions, const std::string& context = kContext) {
  return R"({"version":"1.1","data":[{"title":"t","paragraphs":[{)" + context + R"(,"qas":)" + questions + "}]}]}";
}

std::string squad_of_one(const std::string& id, const std::string& text, const std::string& answers) {
  return squad("[{" + id + "," + text + "," + answers + "}]");
}

std::string with_answers(const std::string& answers) { return squad_of_one(kId, kText, answers); }

}  // namespace

TEST_CASE("malformed tables have their verdicts") {
  std::string wide = "a";
  for (std::size_t i = 0; i < limits::kTableColumns; ++i) wide += "\t1";
  check_verdicts(
      {
          {"plain", "a\t1\nb\t0\n", ""},
          {"no line break at the end", "a\t1", ""},
          {"unclosed quotes", "\"a\t1\n\"\"\"b\t\"\n", ""},
          {"NUL bytes", "a\0b\t1\n\0\t0\n"s, ""},
          {"control characters", "a\x1b[2J\t1\n", ""},
          {"lone carriage returns", "a\rb\t1\r\r\n", ""},
          {"noncharacters", "\xEF\xBF\xBF\t1\n", ""},
          {"blank lines at the end", "a\t1\n\n\n\n", ""},
          {"empty", "", "x.tsv is empty"},
          {"only a byte-order mark", "\xEF\xBB\xBF", "line 1: blank"},
          {"only line breaks", "\n\n", "line 1: blank"},
          {"blank first line", "\na\t1\n", "line 1: blank"},
          {"blank line inside", "a\t1\n\nb\t0\n", "line 2: blank"},
          {"blank lines inside", "a\t1\n\n\n\nb\t0\n", "line 2: blank"},
          {"one column", "a 1\nb 0\n", "no column 1; it has 1 column"},
          {"commas", "a,1\nb,0\n", "no column 1"},
          {"a column too few", "a\t1\nb\n", "line 2: 1 column; expected 2, as in line 1"},
          {"a column too many", "a\t1\nb\t0\t\n", "line 2: 3 columns; expected 2, as in line 1"},
          {"empty label", "a\t1\nb\t\n", "line 2: the label is empty"},
          {"empty label in the first row", "a\t\n", "line 1: the label is empty"},
          {"10,001 columns", wide, "line 1: 10001 columns; at most 10000"},
          {"Latin-1", "a\t1\nb\xE9\t0\n", "line 2: not valid UTF-8"},
          {"Latin-1 in the header", "t\xE9xt\tlabel\na\t1\n", "line 1: not valid UTF-8"},
          {"UTF-16",
           "\xFF\xFE"
           "a\0\t\0"s +
               "1\0\n\0"s,
           "is UTF-16; expected UTF-8 text"},
          {"overlong", "\xC0\xAF\t1\n", "line 1: not valid UTF-8"},
          {"surrogate", "\xED\xA0\x80\t1\n", "line 1: not valid UTF-8"},
          {"beyond Unicode", "\xF4\x90\x80\x80\t1\n", "line 1: not valid UTF-8"},
          {"cut character at the end", "a\t1\nb\t\xE4\xB8", "line 2: not valid UTF-8"},
          {"a line of 65 MiB", std::string(65u << 20, 'a') + "\t1\n", "line 1 is longer than"},
      },
      table_refusal);
  CHECK_THAT(refusal_of([] {
               std::istringstream in("text\tlabel\n\n");
               TableReader reader(in, "x.tsv", {"text", "", "label"});
               LabelledText row;
               reader.next(row);
             }),
             Contains("x.tsv holds a header and no rows"));
}

TEST_CASE("malformed CoNLL files have their verdicts") {
  check_verdicts(
      {
          {"plain", "a\tO\n\nb\tO\n", ""},
          {"no line break at the end", "a O", ""},
          {"stray white space everywhere", " \t a \t\t O \t\n\t \t\n b O\t", ""},
          {"NUL in a token", "a\0b\tO\n"s, ""},
          {"a lone carriage return in a token", "a\rb\tO\r\r\n", ""},
          {"tags of any kind", "a\t-\nb\tB-\nc\t\xC3\xA9\n", ""},
          {"empty", "", "x.conll is empty"},
          {"only a byte-order mark", "\xEF\xBB\xBF", "holds no sentence"},
          {"only white space", " \n\t\n\r\n", "holds no sentence"},
          {"only documents' marks", "-DOCSTART- -X- O O\n\n-DOCSTART-\n", "holds no sentence"},
          {"a token without tag", "a\tO\nb\n", "line 2: found one column, 'b'"},
          {"a tag without token", "a\tO\n\tO\n", "line 2: found one column, 'O'"},
          {"plain text", "The\n", "line 1: found one column"},
          {"another number of columns", "a NN O\nb O\n", "line 2: 2 columns; expected 3, as in line 1"},
          {"TABs and spaces", "a NN\tB-x y\n", "line 1: the tag 'B-x y' holds a space"},
          {"terminal controls in the message", "a\x1b[2J\n", "'a\\x1b[2J'"},
          {"Latin-1", "a\tO\nb\xE9\tO\n", "line 2: not valid UTF-8"},
          {"UTF-16",
           "\xFF\xFE"
           "a\0\t\0"s,
           "is UTF-16; expected UTF-8 text"},
          {"surrogate", "a\tO\n\n\xED\xB0\x80\tO\n", "line 3: not valid UTF-8"},
          {"a line of 65 MiB", std::string(65u << 20, 'a') + " O\n", "line 1 is longer than"},
      },
      conll_refusal);
}

TEST_CASE("malformed SQuAD files have their verdicts") {
  const std::string good = with_answers(kAnswers);
  check_verdicts(
      {
          {"plain", good, ""},
          {"unknown members", with_answers(R"("answers":[{"text":"cat","answer_start":4,"x":null}],"y":{"z":[1]})"), ""},
          {"a blank question", squad_of_one(kId, R"("question":" ")", kAnswers), ""},
          {"two answers", with_answers(R"("answers":[{"text":"cat","answer_start":4},{"text":"The cat","answer_start":0}])"), ""},
          {"offset as 4.0", with_answers(R"("answers":[{"text":"cat","answer_start":4.0}])"), ""},
          {"impossible", with_answers(R"("answers":[],"is_impossible":true)"), ""},
          {"empty", "", "x.json: empty"},
          {"not JSON", "question\tanswer\n", "not valid JSON"},
          {"cut", good.substr(0, good.size() / 2), "not valid JSON"},
          {"two documents", good + good, "not valid JSON"},
          {"trailing comma", with_answers(kAnswers + ","), "not valid JSON"},
          {"NUL", good + "\0"s, "NUL"},
          {"not UTF-8", squad_of_one(kId, "\"question\":\"\xFF\"", kAnswers), "not valid JSON"},
          {"a lone surrogate", squad_of_one(kId, R"("question":"\ud800")", kAnswers), "not valid JSON"},
          {"nested deeply", std::string(100'000, '['), "nested deeper"},
          {"a duplicate key", with_answers(kAnswers + "," + kAnswers), "stands twice in one JSON object"},
          {"a list at its top", "[" + good + "]", "[0]: has no 'context'"},
          {"a text at its top", "\"data\"", "no 'data' at its top"},
          {"without data", R"({"version":"1.1"})", "no 'data' at its top"},
          {"data is an object", R"({"data":{}})", "data: expected a list"},
          {"data is null", R"({"data":null})", "data: expected a list"},
          {"no article", R"({"data":[]})", "holds no question"},
          {"an article is a text", R"({"data":["x"]})", "data[0]: expected a JSON object"},
          {"no paragraphs", R"({"data":[{"title":"t"}]})", "data[0]: has no 'paragraphs'"},
          {"a paragraph is a list", R"({"data":[{"paragraphs":[[]]}]})", "data[0].paragraphs[0]: expected a JSON object"},
          {"no context", squad("[]", R"("x":1)"), "data[0].paragraphs[0]: has no 'context'"},
          {"context is a number", squad("[]", R"("context":1)"), "data[0].paragraphs[0].context is 1"},
          {"context is blank", squad("[]", R"("context":" ")"), "data[0].paragraphs[0].context: empty"},
          {"questions are no list", squad("{}"), "data[0].paragraphs[0].qas: expected a list"},
          {"no questions", squad("[]"), "holds no question"},
          {"a question is null", squad("[null]"), "data[0].paragraphs[0].qas[0]: expected a JSON object"},
          {"no id", squad("[{" + kText + "," + kAnswers + "}]"), "qas[0]: has no 'id'"},
          {"id is a number", squad_of_one(R"("id":7)", kText, kAnswers), ""},
          {"id is a fraction", squad_of_one(R"("id":7.5)", kText, kAnswers), "qas[0].id is 7.5"},
          {"id is a list", squad_of_one(R"("id":[7])", kText, kAnswers), "qas[0].id is [7]"},
          {"id is empty", squad_of_one(R"("id":"")", kText, kAnswers), "qas[0].id: empty"},
          {"an id twice", squad("[{" + kId + "," + kText + "," + kAnswers + "},{" + kId + "," + kText + "," + kAnswers + "}]"),
           "id 'q' stands twice"},
          {"no question's text", squad("[{" + kId + "," + kAnswers + "}]"), "qas[0]: has no 'question'"},
          {"question is null", squad_of_one(kId, R"("question":null)", kAnswers), "qas[0].question is null"},
          {"no answers", squad("[{" + kId + "," + kText + "}]"), "qas[0]: has no 'answers'"},
          {"answers are an object of lists", with_answers(R"("answers":{"text":["cat"],"answer_start":[4]})"), ""},
          {"an object of others", with_answers(R"("answers":{"text":"cat","answer_start":4})"), "answers.text: expected a list"},
          {"lists of two lengths", with_answers(R"("answers":{"text":["cat","The"],"answer_start":[4]})"), "2 texts and 1 answer_start"},
          {"an object without texts", with_answers(R"("answers":{"answer_start":[4]})"), "answers: has no 'text'"},
          {"answers are a number", with_answers(R"("answers":7)"), "qas[0].answers: expected a list"},
          {"no answer at -1", with_answers(R"("answers":[{"text":"","answer_start":-1}])"), ""},
          {"none, and possible", with_answers(R"("answers":[{"text":"","answer_start":-1}],"is_impossible":false)"), "no answers"},
          {"flat", "[{" + kContext + "," + kId + "," + kText + "," + kAnswers + "}]", ""},
          {"flat without context", "[{" + kId + "," + kText + "," + kAnswers + "}]", "[0]: has no 'context'"},
          {"flat and nested", R"({"data":[{"paragraphs":[]},{)" + kContext + "," + kId + "," + kText + "," + kAnswers + "}]}", ""},
          {"lines", "{" + kContext + "," + kId + "," + kText + "," + kAnswers + "}\n{}\n", "x.json, line 2: has no 'context'"},
          {"a broken line", "{" + kContext + "," + kId + "," + kText + "," + kAnswers + "}\n{\"\n",
           "x.json, line 2: line 1, column 2: not valid JSON"},
          {"flat without any answer", "[{" + kContext + "," + kId + "," + kText + R"(,"answers":[]}])", "none of its 1 questions has"},
          {"answers are empty", with_answers(R"("answers":[])"), "no answers"},
          {"possible without answers", with_answers(R"("answers":[],"is_impossible":false)"), "no answers"},
          {"impossible with answers", with_answers(kAnswers + R"(,"is_impossible":true)"), "is_impossible is true, and there are answers"},
          {"impossible is a text", with_answers(kAnswers + R"(,"is_impossible":"no")"), "is_impossible is \"no\""},
          {"an answer is a text", with_answers(R"("answers":["cat"])"), "answers[0]: expected a JSON object"},
          {"no answer's text", with_answers(R"("answers":[{"answer_start":4}])"), "answers[0]: has no 'text'"},
          {"an empty answer", with_answers(R"("answers":[{"text":"","answer_start":4}])"), "answers[0].text: empty"},
          {"no offset", with_answers(R"("answers":[{"text":"cat"}])"), "answers[0]: has no 'answer_start'"},
          {"offset -1", with_answers(R"("answers":[{"text":"cat","answer_start":-1}])"), "answer_start: is -1"},
          {"offset 4.5", with_answers(R"("answers":[{"text":"cat","answer_start":4.5}])"), "answer_start is 4.5"},
          {"offset over 2^63", with_answers(R"("answers":[{"text":"cat","answer_start":9223372036854775808}])"),
           "answer_start is 9223372036854775808"},
          {"offset 2^63 - 1", with_answers(R"("answers":[{"text":"cat","answer_start":9223372036854775807}])"), "none of its 1 answers"},
          {"offset past the end", with_answers(R"("answers":[{"text":"cat","answer_start":12}])"), "none of its 1 answers"},
          {"an answer over the end", with_answers(R"("answers":[{"text":"sat. It","answer_start":8}])"), "none of its 1 answers"},
          {"another case", with_answers(R"("answers":[{"text":"Cat","answer_start":4}])"), "none of its 1 answers"},
      },
      squad_refusal);
}

TEST_CASE("tables, CoNLL and SQuAD files changed at random are accepted or refused, never more") {
  check_survival("\xEF\xBB\xBFtext\tlabel\n\"a b\t1\r\nc\xC3\xA9\t0\n\xF0\x9F\x98\x80\t12\n\n", table_refusal);
  check_survival("-DOCSTART- O\n\na\tB-x\nb\xC3\xA9\tI-x\n\t\nc\tO\r\n\nd  O\n", conll_refusal);
  check_survival(
      squad("[{" + kId + "," + kText + "," + kAnswers + R"(},{"id":"r","question":"\u00e9","is_impossible":true,"answers":[]}])"),
      squad_refusal);
}

}  // namespace attend
