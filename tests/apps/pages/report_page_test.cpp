// The page of `report` as a file; what it looks like is for the browser's check.
#include <catch2/catch.hpp>

#include <zlib.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "apps/pages/report_page.h"
#include "core/json.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Catch::Contains;

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

RunHistory run_of(const std::filesystem::path& folder, std::size_t records) {
  RunHistory run{.folder = folder};
  for (std::size_t i = 1; i <= records; ++i) {
    const auto at = static_cast<float>(i);
    run.steps.push_back({static_cast<std::int64_t>(10 * i), 5 / at, 0.001F * at, kNone, 1000 + at, 0.5 * static_cast<double>(i)});
  }
  run.evaluations = {{.step = 10, .seconds = 1, .is_average = false, .metrics = {{"loss", 2.5}, {"bleu", 10}}},
                     {.step = 20, .seconds = 2, .is_average = false, .metrics = {{"loss", kNone}, {"bleu", 30}}},
                     {.step = 20, .seconds = 3, .is_average = true, .metrics = {{"loss", 1.5}}}};
  run.skipped = {{.step = 15, .reason = "the loss is nan"}};
  return run;
}

Json data_of(const std::string& html) {
  const std::string open = R"(<script type="application/json" id="report-data">)";
  const std::size_t begin = html.find(open) + open.size();
  return Json::parse(html.substr(begin, html.find("</script>", begin) - begin));
}

std::string from_base64(const std::string& text) {
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<unsigned>(letters.find(c));
    if ((count += 6) < 8) continue;
    bytes += static_cast<char>(bits >> (count -= 8) & 255);
  }
  return bytes;
}

/// A column as the page's scripts read it.
template <class Number>
std::vector<Number> column(const Json& packed, std::size_t count) {
  const std::string deflated = from_base64(packed.get<std::string>());
  std::string planes(count * sizeof(Number), '\0');
  uLongf size = planes.size();
  REQUIRE(uncompress(reinterpret_cast<Bytef*>(planes.data()), &size, reinterpret_cast<const Bytef*>(deflated.data()), deflated.size()) ==
          Z_OK);
  REQUIRE(size == planes.size());
  std::vector<Number> numbers(count);
  for (std::size_t i = 0; i < count; ++i) {
    char bytes[sizeof(Number)];
    for (std::size_t b = 0; b < sizeof(Number); ++b) bytes[b] = planes[b * count + i];
    std::memcpy(&numbers[i], bytes, sizeof bytes);
  }
  return numbers;
}

}  // namespace

TEST_CASE("a report holds the records of its runs to the bit") {
  RunHistory run = run_of("runs/one", 1000);
  run.steps[7].loss = kNone;
  run.evaluations[1].samples = {{"ein Hund", "a </script> dog", "one dog"}};
  const Json data = data_of(report_page({run}));
  const Json& shown = data.at("runs").at(0);
  CHECK(shown.at("name") == "one");
  CHECK(shown.at("path") == "runs/one");
  CHECK(shown.at("last_step") == 10000);
  CHECK(shown.at("seconds") == 500);
  CHECK(shown.at("tokens_per_second") == 1500.5);
  REQUIRE(shown.at("samples").size() == 1);
  CHECK(shown.at("samples").at(0).at("step") == 20);
  CHECK(shown.at("samples").at(0).at("samples").at(0).at("output") == "a </script> dog");
  const auto steps = column<double>(shown.at("columns").at("step"), 1000);
  const auto loss = column<float>(shown.at("columns").at("loss"), 1000);
  const auto seconds = column<float>(shown.at("columns").at("seconds"), 1000);
  double step = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    CHECK((step += steps[i]) == static_cast<double>(run.steps[i].step));
    CHECK((i == 7 ? std::isnan(loss[i]) : loss[i] == run.steps[i].loss));
    CHECK(seconds[i] == static_cast<float>(run.steps[i].seconds));
  }
  CHECK(shown.at("columns").at("gradient_norm").is_null());  // no record has one
}

TEST_CASE("a report holds evaluations, the best one and skipped steps") {
  const Json data = data_of(report_page({run_of("runs/one", 3)}));
  const Json& shown = data.at("runs").at(0);
  CHECK(shown.at("best") == Json({{"step", 10}, {"metric", "loss"}, {"value", 2.5}}));
  const Json& loss = shown.at("curves").at(0);
  CHECK(loss.at("metric") == "loss");
  CHECK(loss.at("smaller_is_better") == true);
  CHECK(loss.at("steps") == Json({10, 20, 20}));
  CHECK(loss.at("values") == Json({2.5, nullptr, 1.5}));
  CHECK(loss.at("averages") == Json({0, 0, 1}));
  CHECK(shown.at("curves").at(1).at("smaller_is_better") == false);
  CHECK(shown.at("skipped").at("steps") == Json(std::vector<int>{15}));
  CHECK(shown.at("skipped").at("reasons").at(0) == Json({"the loss is nan", 1}));
}

TEST_CASE("no name and no setting of a run can get out of its place in the page") {
  RunHistory run = run_of("runs/<script>alert(1)<\\script>", 2);
  run.settings = {{"preset", "</script><script>alert(2)</script>"}, {"<b>key", "<!--"}};
  run.evaluations[0].metrics[0].first = "</script><img src=x>";
  run.skipped[0].reason = "<script>alert(3)</script>";
  const std::string html = report_page({run});
  CHECK_THAT(html, Contains("default-src 'none'") && !Contains("unsafe-inline") && !Contains("<script>alert") && !Contains("<img") &&
                       !Contains("<b>") && Contains("&lt;script&gt;alert(1)"));
  const Json data = data_of(html);
  CHECK(data.at("settings").at(0).at("values").at(0) == "</script><script>alert(2)</script>");
  CHECK(data.at("runs").at(0).at("name") == "<script>alert(1)<\\script>");
}

TEST_CASE("settings are marked where runs differ") {
  RunHistory first = run_of("runs/one", 2), second = run_of("runs/two", 2);
  first.settings = {{"output", "runs/one"}, {"steps", 10}, {"seed", 1}, {"optimizer", {{"beta", 0.5}}}};
  second.settings = {{"output", "runs/two"}, {"steps", 10}, {"seed", 2}, {"clip", 1}};
  std::map<std::string, Json> rows;
  const Json data = data_of(report_page({first, second}));
  for (const Json& row : data.at("settings")) rows[row.at("key").get<std::string>()] = row;
  CHECK(rows.at("output").at("differs") == false);  // folders always do
  CHECK(rows.at("steps").at("differs") == false);
  CHECK(rows.at("seed") == Json({{"key", "seed"}, {"values", {"1", "2"}}, {"differs", true}}));
  CHECK(rows.at("optimizer.beta").at("values") == Json({"0.5", nullptr}));
  CHECK(rows.at("clip").at("differs") == true);
}

TEST_CASE("runs are named by their folders, by their paths where names are the same, and each is given once") {
  const TempFolder folder;
  const auto names = [](const std::vector<std::filesystem::path>& folders) {
    std::vector<RunHistory> runs;
    for (const auto& each : folders) runs.push_back(run_of(each, 1));
    return run_names(runs);
  };
  CHECK(names({"a/one", "a/two/"}) == std::vector<std::string>{"one", "two"});
  CHECK(names({"a/one", "b/one", "b/two"}) == std::vector<std::string>{"a/one", "b/one", "two"});
  CHECK(names({"."}) == std::vector<std::string>{std::filesystem::current_path().filename().string()});
  CHECK_THAT(refusal_of([&] { names({"a/one", "b", "a/../a/one/"}); }), Contains("a/../a/one/ is given twice, as a/one before"));
}

}  // namespace attend
