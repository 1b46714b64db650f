// attend evaluate few-shot, by the binary, with the tiny GPT-2 of tests/fixtures/gpt_text.
#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;

namespace {

const std::string kModel = std::string(ATTEND_SOURCE_DIR) + "/tests/fixtures/gpt_text";
const std::string kTask =
    "the dog\teats\nthe hen\teats\nthe fox\teats\nthe cat\teats\n\nthe dog\tsings\nthe hen\tsings\nthe fox\tsings\nthe cat\tsings\n";

std::vector<std::string> evaluating(const std::filesystem::path& task, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"evaluate", "few-shot", "--model", kModel, "--data", task.string(), "--max-new-tokens", "12"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

TEST_CASE("accuracy against shots is printed, as rows, as JSON and as a page") {
  const TempFolder folder;
  write_text(folder / "verbs.tsv", kTask);
  const std::string page = (folder / "curve.html").string();
  const Outcome rows = run(evaluating(folder / "verbs.tsv", {"--shots", "0,1,3", "--trials", "2", "--page", page, "--show", "1"}));
  INFO(rows.err);
  REQUIRE(rows.code == 0);
  CHECK_THAT(rows.out,
             Contains("shots  accuracy") && Contains("    3   100.0 %") && Contains("--- 1 shots, expected: eats, answered: eats"));
  CHECK_THAT(read_text(page), Contains("<svg") && Contains("verbs.tsv") && !Contains("http:") && !Contains("https:"));

  const Outcome json = run(evaluating(folder / "verbs.tsv", {"--shots", "1", "--json", "--by", "likelihood"}));
  INFO(json.err);
  const Json list = parse_json(json.out, "rows");
  REQUIRE(list.size() == 1);
  CHECK(list[0]["shots"] == 1);
  CHECK(list[0]["examples"] == 8);
  CHECK(list[0]["accuracy"] == 1.0);
  CHECK(list[0]["low"] < list[0]["high"]);
  CHECK(list[0]["task"] == "verbs.tsv");
}

TEST_CASE("the curve alone is an SVG file") {
  const TempFolder folder;
  write_text(folder / "verbs.tsv", kTask);
  const std::filesystem::path picture = folder / "curve.svg";
  const Outcome outcome = run(evaluating(folder / "verbs.tsv", {"--shots", "0,2", "--page", picture.string()}));
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  const std::string svg = read_text(picture);
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK_THAT(svg, Contains("<polyline") && Contains("verbs.tsv") && !Contains("<html") && !Contains("<script"));
}

TEST_CASE("how long an answer may be, and outputs that end too soon, are told") {
  const TempFolder folder;
  write_text(folder / "long.tsv", "the dog\t" + std::string(40, 'x') + "\nthe hen\t3.14\n");
  write_text(folder / "full_stop.txt", "{input} -> {output}.");
  const auto told = [&](const std::vector<std::string>& more) {
    const Outcome outcome =
        run(Arguments{"evaluate", "few-shot", "--model", kModel, "--data", (folder / "long.tsv").string(), "--shots", "0"} + more);
    CHECK(outcome.code == 0);
    return outcome.err;
  };
  CHECK_THAT(told({}), Contains("long.tsv: an answer may take") && Contains("as the longest output does"));
  CHECK_THAT(told({"--max-new-tokens", "12"}), Contains("--max-new-tokens is 12, and the longest output takes"));
  CHECK_THAT(told({"--template", (folder / "full_stop.txt").string()}), Contains("1 of 2 outputs hold it themselves, as '3.14'"));
  const std::string quiet = told({"--by", "likelihood", "--normalize", "bytes", "--template", (folder / "full_stop.txt").string()});
  CHECK_THAT(quiet, !Contains("outputs hold it") && !Contains("may take"));
}

TEST_CASE("what cannot be measured is refused with a sentence") {
  const TempFolder folder;
  write_text(folder / "verbs.tsv", kTask);
  write_text(folder / "template.txt", "{output}\n");
  write_text(folder / "bad.tsv", "the dog eats\n");
  const auto refused = [&](const char* task, const std::vector<std::string>& more, const std::string& expected) {
    const Outcome outcome = run(evaluating(folder / task, more));
    INFO(outcome.err);
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, Contains(expected) && !Contains("internal error"));
  };
  refused("verbs.tsv", {"--shots", "5"}, "5");
  refused("verbs.tsv", {"--shots", "1,5"}, "5");
  CHECK(run(evaluating(folder / "verbs.tsv", {"--shots", "1,5"})).out.empty());  // told before anything is computed
  refused("verbs.tsv", {"--page", (folder / "absent" / "page.html").string()}, "there is no folder");
  refused("verbs.tsv", {"--shots", "-1"}, "--shots");
  refused("verbs.tsv", {"--chance", "20"}, "--chance has no effect without --page");
  refused("verbs.tsv", {"--shots", "1,1"}, "twice");
  refused("verbs.tsv", {"--trials", "0"}, "--trials");
  refused("verbs.tsv", {"--calibrate"}, "--by likelihood");
  refused("verbs.tsv", {"--normalize", "tokens"}, "--by likelihood");
  refused("verbs.tsv", {"--normalize", "tokens", "--calibrate", "--by", "likelihood"}, "--calibrate and --normalize");
  refused("verbs.tsv", {"--normalize", "letters", "--by", "likelihood"}, "letters");
  refused("verbs.tsv", {"--template", (folder / "template.txt").string()}, "{input}");
  refused("bad.tsv", {}, "line 1");
  refused("absent.tsv", {}, "absent.tsv");
}
