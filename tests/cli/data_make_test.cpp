// attend data make as a process.
#include <algorithm>

#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;

TEST_CASE("data make writes to standard output, the same bytes for the same flags") {
  const Outcome made = run({"data", "make", "addition", "--digits", "2", "--answer-order", "reversed", "--count", "20", "--seed", "7"});
  INFO(made.err);
  CHECK(made.code == 0);
  CHECK(std::count(made.out.begin(), made.out.end(), '\n') == 20);
  CHECK(run({"data", "make", "addition", "--digits=2", "--answer-order=reversed", "--count=20", "--seed=7"}).out == made.out);
  CHECK(run({"data", "make", "addition", "--digits=2", "--answer-order=reversed", "--count=20", "--seed=8"}).out != made.out);
}

TEST_CASE("data make writes episodes and lists its tasks") {
  const Outcome episodes = run({"data", "make", "cipher,affix", "--episodes", "--count", "3", "--shots", "2", "--split", "train"});
  CHECK(episodes.code == 0);
  CHECK(std::count(episodes.out.begin(), episodes.out.end(), '\n') == 9);
  CHECK_THAT(run({"data", "make", "--list"}).out, Contains("  cipher ") && Contains("  mixture "));
}

TEST_CASE("what data make is asked wrongly ends with exit code 2 and a sentence") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"data", "make"}, "no task given"},
      {{"data", "make", "spellling"}, "did you mean 'spelling'?"},
      {{"data", "make", "copy", "--digits", "3"}, "--digits has no effect on the task 'copy'"},
      {{"data", "make", "cipher", "--split", "test"}, "all|train|held-out"},
      {{"data", "make", "cipher", "--count", "many"}, "--count"},
      {{"data", "make", "copy", "--json"}, "--json has no effect"},
      {{"data", "make", "mixture,copy", "--episodes"}, "stands alone"},
      {{"data", "make", "cipher", "--episodes", "--shots", "9-8"}, "expected MIN-MAX"},
      {{"data"}, "A subcommand is required"},
  };
  for (const auto& [arguments, expected] : cases) {
    const Outcome outcome = run(arguments);
    INFO(expected << "\n" << outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, Contains(expected));
  }
}
