// attend data make, without a process.
#include "apps/commands/data_make.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

#include "tests/support/refusal.h"

using namespace attend;
using Catch::Contains;

namespace {

struct MakeFixture {
  DataMakeOptions options;
  MakeFixture() {
    options.common.device = "cpu";
    options.tasks = "cipher";
    options.count = 5;
  }
  std::string made() {
    std::istringstream in;
    std::ostringstream out;
    CHECK(run_data_make(options, in, out) == 0);
    return out.str();
  }
  std::string refusal() {
    std::istringstream in;
    std::ostringstream out;
    const std::string message = refusal_of([&] { run_data_make(options, in, out); });
    CHECK(out.str().empty());
    return message;
  }
};

std::int64_t lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

TEST_CASE_METHOD(MakeFixture, "data make writes tables, of one rule or of several") {
  CHECK(lines_of(made()) == 5);
  CHECK(std::count(made().begin(), made().end(), '\t') == 5);
  options.rules = 3;
  const std::string table = made();
  CHECK(lines_of(table) == 3 * 5 + 2);
  CHECK_THAT(table, Contains("\n\n"));
  options.common.seed = 2;
  CHECK(made() != table);
  options.count.reset();
  options.rules.reset();
  options.tasks = "subtraction";
  CHECK(lines_of(made()) == 1000);
}

TEST_CASE_METHOD(MakeFixture, "data make writes episodes") {
  options.episodes = true;
  options.tasks = "mixture";
  options.shots = "4";
  const std::string text = made();
  CHECK(lines_of(text) == 5 * (4 + 1));
  CHECK(text.ends_with("\n<|endoftext|>\n"));
  options.shots = "2-3";
  CHECK(lines_of(made()) >= 5 * (2 + 1));
  CHECK(lines_of(made()) <= 5 * (3 + 1));
  options.shots.reset();
  CHECK(lines_of(made()) >= 5 * (8 + 1));
}

TEST_CASE_METHOD(MakeFixture, "data make splits rules") {
  options.count = 1;
  options.rules = 50;
  options.split = RuleSplit::kTrain;
  const std::string train = made();
  options.hold_out = 0.9;
  CHECK(made() != train);
}

TEST_CASE_METHOD(MakeFixture, "data make --list names every task") {
  options = {};
  options.common.device = "cpu";
  options.list = true;
  for (const Task& task : all_tasks()) CHECK_THAT(made(), Contains(task.name) && Contains(task.summary));
}

TEST_CASE_METHOD(MakeFixture, "what data make cannot do is told in a sentence") {
  SECTION("no task") {
    options.tasks.clear();
    CHECK_THAT(refusal(), Contains("no task given") && Contains("cipher"));
  }
  SECTION("no such task") {
    options.tasks = "ciper";
    CHECK_THAT(refusal(), Contains("there is no task 'ciper'; did you mean 'cipher'?"));
  }
  SECTION("counts") {
    options.count = 0;
    CHECK_THAT(refusal(), Contains("--count is 0; expected 1 to"));
    options.count = 5;
    options.rules = -1;
    CHECK_THAT(refusal(), Contains("--rules is -1; expected 1 to"));
  }
  SECTION("shots") {
    options.shots = "8-16";
    CHECK_THAT(refusal(), Contains("--shots has no effect without --episodes"));
    options.episodes = true;
    for (const char* wrong : {"", "8-", "-8", "0-4", "9-8", "8-16-32", "many", "1-100001"}) {
      options.shots = wrong;
      CHECK_THAT(refusal(), Contains(std::string("--shots is '") + wrong + "'; expected MIN-MAX"));
    }
  }
  SECTION("rules where there are none to choose") {
    options.rules = 2;
    options.episodes = true;
    CHECK_THAT(refusal(), Contains("--rules has no effect with --episodes"));
    options.episodes = false;
    options.tasks = "copy";
    CHECK_THAT(refusal(), Contains("--rules is 2, and the task 'copy' has one rule"));
    options.tasks = "cipher,copy";
    CHECK_THAT(refusal(), Contains("2 tasks are given; a table is of one"));
  }
  SECTION("the share held out") {
    options.hold_out = 0.5;
    CHECK_THAT(refusal(), Contains("--hold-out has no effect without --split"));
    options.split = RuleSplit::kHeldOut;
    for (const double wrong : {0.0, 1.0, -1.0, 1.0 / 0.0}) {
      options.hold_out = wrong;
      CHECK_THAT(refusal(), Contains("--hold-out is not between 0 and 1"));
    }
  }
  SECTION("settings of other tasks") {
    options.settings.digits = 3;
    CHECK_THAT(refusal(), Contains("--digits has no effect on the task 'cipher'"));
  }
}

TEST_CASE_METHOD(MakeFixture, "more examples than a task has are refused") {
  options.tasks = "addition";
  options.settings.digits = 1;
  options.count = 101;
  CHECK_THAT(refusal(), Contains("different inputs found; 101 are asked for"));
}
