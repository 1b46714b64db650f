// attend report on runs written here.
#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;

namespace fs = std::filesystem;

namespace {

fs::path write_run(const fs::path& folder, const std::string& records, const std::string& settings = "seed = 1\n") {
  fs::create_directories(folder);
  write_text(folder / "metrics.jsonl", records);
  write_text(folder / "run.toml", settings);
  return folder;
}

constexpr const char* kRecords =
    "{\"step\":10,\"epoch\":0,\"loss\":3.5,\"learning_rate\":0.1,\"gradient_norm\":1,\"tokens_per_second\":100,\"seconds\":1}\n"
    "{\"step\":20,\"epoch\":0,\"loss\":null,\"learning_rate\":0.1,\"gradient_norm\":null,\"tokens_per_second\":300,\"seconds\":2}\n"
    "{\"step\":20,\"evaluation\":{\"loss\":2.5},\"seconds\":2.5}\n";

/// What `report` says of a folder that it cannot use.
std::string refusal(const Arguments& arguments) {
  const Outcome outcome = run(Arguments{"report"} + arguments);
  CHECK(outcome.code == 2);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, !Contains("internal"));
  return outcome.err;
}

}  // namespace

TEST_CASE("report writes a page, and a summary of each run") {
  const TempFolder folder;
  const fs::path one = write_run(folder / "one", kRecords), two = write_run(folder / "two", kRecords, "seed = 2\n"),
                 page = folder / "page.html";
  const Outcome outcome = run({"report", one.string(), two.string(), "--output", page.string(), "--json"});
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  std::istringstream lines(outcome.out);
  std::string line;
  std::vector<Json> runs;
  while (std::getline(lines, line)) runs.push_back(parse_json(line, "report"));
  REQUIRE(runs.size() == 2);
  CHECK(runs[0]["run"] == "one");
  CHECK(runs[0]["path"] == one.string());
  CHECK(runs[0]["step"] == 20);
  CHECK(runs[0]["best"] == Json({{"step", 20}, {"metric", "loss"}, {"value", 2.5}}));
  CHECK(runs[0]["tokens_per_second"] == 200);
  CHECK(runs[0]["seconds"] == 2.5);
  CHECK(runs[1]["run"] == "two");
  CHECK_THAT(read_text(page), Contains("default-src 'none'") && Contains("2 runs") && Contains("report-data"));
  CHECK_THAT(run({"report", one.string(), "--output", page.string()}).err, Contains("open it in a browser"));
}

TEST_CASE("report shows the paths of two runs of one name, and no markup of theirs") {
  const TempFolder folder;
  const fs::path first = write_run(folder / "a/run", kRecords), second = write_run(folder / "b/run", kRecords);
  const Outcome named = run({"report", first.string(), second.string(), "--json"});
  CHECK_THAT(named.out, Contains("\"run\":\"" + first.string() + "\"") && Contains("\"run\":\"" + second.string() + "\""));
  CHECK_THAT(refusal({first.string(), (folder / "b/../a/run").string(), "--json"}), Contains("is given twice"));

  const fs::path page = folder / "page.html";
  const fs::path bad = write_run(folder / "<script>alert(1)", kRecords, "preset = \"</script><script>alert(2)</script>\"\n");
  CHECK(run({"report", bad.string(), "--output", page.string()}).code == 0);
  CHECK_THAT(read_text(page), !Contains("<script>alert") && Contains("&lt;script&gt;alert(1)"));
}

TEST_CASE("report says what is wrong with a folder, a record and --output") {
  const TempFolder folder;
  const std::string one = write_run(folder / "one", kRecords).string();
  CHECK_THAT(refusal({(folder / "nowhere").string(), "--json"}), Contains("there is no such folder"));
  fs::create_directories(folder / "bare");
  CHECK_THAT(refusal({one, (folder / "bare").string(), "--json"}), Contains("bare holds no metrics.jsonl"));
  CHECK_THAT(refusal({one}), Contains("neither --output nor --json"));
  CHECK_THAT(refusal({one, "--output", (folder / "none/page.html").string()}), Contains("there is no folder"));
  CHECK_THAT(refusal({write_run(folder / "empty", "").string(), "--json"}), Contains("holds no records"));
  CHECK_THAT(refusal({write_run(folder / "half", "{\"step\":1,\n" + std::string(kRecords)).string(), "--json"}),
             Contains("metrics.jsonl line 1"));
  CHECK_THAT(refusal({write_run(folder / "toml", kRecords, "seed = \n").string(), "--json"}), Contains("run.toml"));
  const Outcome cut = run({"report", write_run(folder / "cut", kRecords + std::string("{\"step\":30,\"lo")).string(), "--json"});
  CHECK(cut.code == 0);
  CHECK_THAT(cut.err, Contains("line 4 was cut short"));
  CHECK(run({"report"}).code == 2);
}
