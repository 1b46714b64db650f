#include "data/task_examples.h"

#include <catch2/catch.hpp>

#include <sstream>

#include "core/random.h"
#include "core/text.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"
#include "tests/support/standard_input.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Catch::Contains;

/// Examples as "input/output@block;".
std::string examples_of(const std::string& text) {
  std::istringstream in(text);
  std::string shown;
  for (const TaskExample& example : read_task_examples(in, "x.tsv"))
    shown += example.input + "/" + example.output + "@" + std::to_string(example.block) + ";";
  return shown;
}

std::string refusal(const std::string& text) {
  return refusal_of([&] { examples_of(text); });
}

}  // namespace

TEST_CASE("a task is a line an example, and blank lines begin blocks") {
  CHECK(examples_of("1+2\t3\n4+5\t9\n") == "1+2/3@0;4+5/9@0;");
  CHECK(examples_of("a\tb\n\nc\td\ne\tf\n\n\ng\th") == "a/b@0;c/d@1;e/f@1;g/h@2;");
  CHECK(examples_of("\n\na\tb\n\n\n") == "a/b@0;");
  CHECK(examples_of(" a b \tc d\n") == " a b /c d@0;");  // spaces are text
}

TEST_CASE("byte-order marks and carriage returns are not text") {
  CHECK(examples_of("\xEF\xBB\xBF"
                    "a\tb\r\n\r\nc\td\r\n") == "a/b@0;c/d@1;");
}

TEST_CASE("malformed tasks are refused with their line") {
  CHECK_THAT(refusal("a\tb\nno tab\n"), Contains("x.tsv, line 2: no TAB in 'no tab'; expected an input and its output"));
  CHECK_THAT(refusal("a\tb\tc\n"), Contains("x.tsv, line 1: 2 TABs; expected one") && Contains("cut -f 1,2"));
  CHECK_THAT(refusal("a\tb\n\tb\n"), Contains("x.tsv, line 2: the input is empty"));
  CHECK_THAT(refusal("a\t\n"), Contains("x.tsv, line 1: the output is empty"));
  CHECK_THAT(refusal("a\tb\n\na\t\xFF\n"), Contains("x.tsv, line 3: not valid UTF-8") && Contains("iconv"));
  CHECK_THAT(refusal(""), Contains("x.tsv holds no examples"));
  CHECK_THAT(refusal("\n\n"), Contains("x.tsv holds no examples"));
}

TEST_CASE("tasks are read from files and from standard input") {
  const TempFolder folder;
  write_text(folder / "task.tsv", "a\tb\n");
  CHECK(read_task_examples(folder / "task.tsv") == std::vector<TaskExample>{{"a", "b", 0}});
  const StandardInput input("c\td\n");
  CHECK(read_task_examples("-") == std::vector<TaskExample>{{"c", "d", 0}});
  CHECK_THAT(refusal_of([&] { read_task_examples(folder / "absent.tsv"); }), Contains("absent.tsv: no such file"));
}

TEST_CASE("files damaged at random are read or refused with their line, and what is read holds to the format") {
  const std::string whole =
      "\xEF\xBB\xBF"
      "1+2\t3\r\n4+5\t9\n\nM\xC3\xA4use\tmice\nq\tr\n";
  RandomStream random(1, "damage");
  int refused = 0, accepted = 0;
  const std::string warnings = captured_stderr([&] {  // of blanks that are taken off
    for (int run = 0; run < 20000; ++run) {
      std::string text = whole;
      for (std::uint64_t change = random.below(4) + 1; change > 0 && !text.empty(); --change) {
        const std::size_t at = random.below(text.size());
        const char byte = "\t\n\r\0a\xC3\xFF"[random.below(7)];
        if (random.below(3) == 0)
          text.erase(at, 1);
        else if (random.below(2) == 0)
          text.insert(at, 1, byte);
        else
          text[at] = byte;
      }
      std::istringstream in(text);
      std::vector<TaskExample> examples;
      const std::string message = refusal_of([&] { examples = read_task_examples(in, "x.tsv"); });
      if (!message.empty()) {
        ++refused;
        REQUIRE(message.starts_with("x.tsv"));
        continue;
      }
      ++accepted;
      REQUIRE_FALSE(examples.empty());
      for (std::size_t i = 0; i < examples.size(); ++i) {
        REQUIRE(is_valid_utf8(examples[i].input + examples[i].output));
        REQUIRE((examples[i].input + examples[i].output).find_first_of("\t\n") == std::string::npos);
        REQUIRE_FALSE((examples[i].input.empty() || examples[i].output.empty()));
        const std::size_t block_before = i == 0 ? 0 : examples[i - 1].block;
        REQUIRE(examples[i].block - block_before <= (i == 0 ? 0u : 1u));
      }
    }
  });
  CHECK(refused > 1000);
  CHECK(accepted > 1000);
}

TEST_CASE("the choices of a block are its outputs, once each") {
  const std::vector<TaskExample> examples{{"a", "x", 0}, {"b", "y", 0}, {"c", "x", 0}, {"d", "z", 1}};
  CHECK(output_choices(examples, 0) == std::vector<std::string>{"x", "y"});
  CHECK(output_choices(examples, 1) == std::vector<std::string>{"z"});
  CHECK(output_choices(examples, 2).empty());
}

TEST_CASE("blanks at the ends of outputs are no part of the answer, which is said") {
  const std::string said = captured_stderr([] {
    std::istringstream in("a\tyes\nb\tyes \nc\t no\xE3\x80\x80\n");
    CHECK(output_choices(read_task_examples(in, "trail.tsv"), 0) == std::vector<std::string>{"yes", "no"});
  });
  CHECK(said == "warning: trail.tsv: 2 of 3 outputs have blanks at their ends, which are taken off; the first is in line 2\n");
  CHECK_THAT(refusal("a\t \n"), Contains("line 1: the output is empty"));
}

}  // namespace attend
