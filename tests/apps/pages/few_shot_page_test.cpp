// The page of evaluate few-shot.
#include "apps/pages/few_shot_page.h"

#include <catch2/catch.hpp>

namespace attend {
namespace {

using Catch::Contains;

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

ShotResult result(std::int64_t shots, double accuracy, const Interval& interval) {
  return {.shots = shots, .estimate = {.accuracy = accuracy, .interval = interval, .examples = 400, .effective_examples = 200}};
}

FewShotPage two_tasks() {
  return {.title = "Few-shot accuracy",
          .settings = {{"model", "runs/gpt"}, {"trials", "4"}},
          .tasks = {{.name = "cipher",
                     .chance = 0.25,
                     .results = {result(0, 0, {0, 0.02}), result(1, 0.5, {0.42, 0.58}), result(8, 0.955, {0.93, 0.97})},
                     .samples = {{.shots = 1, .prompt = "ab -> xy\nba ->", .answer = " yx\n", .expected = "yx"}}},
                    {.name = "affix",
                     .chance = {},
                     .results = {result(0, 0.1, {0.05, 0.2})},
                     .samples = {{.shots = 0, .prompt = "ab ->", .answer = " zz", .expected = "abq"}}}}};
}

}  // namespace

TEST_CASE("the page has a row a task and number of shots, curves, intervals and chance lines") {
  const std::string html = few_shot_page(two_tasks());
  CHECK_THAT(html, Contains("<td>cipher</td><td>8</td><td>95.5 %</td><td>93.0 % to 97.0 %</td><td>400</td><td>25.0 %</td>"));
  CHECK_THAT(html, Contains("<td>affix</td><td>0</td><td>10.0 %</td><td>5.0 % to 20.0 %</td><td>400</td><td></td>"));
  CHECK(count_of(html, "<tr>") == 1 + 4);
  CHECK(count_of(html, "<polyline") == 2);
  CHECK(count_of(html, "<circle") == 4);
  CHECK(count_of(html, "stroke-dasharray") == 1);  // only one task's chance is known
  CHECK_THAT(html, Contains("<dt>model</dt><dd>runs/gpt</dd>"));
}

TEST_CASE("points stand where their values are") {
  FewShotPage page = two_tasks();
  page.tasks.resize(1);
  const std::string html = few_shot_page(page);
  // The field is 286 high from 14 on, and 652 wide from 52 on in three equal parts: 50 % at 157, one shot in the middle, 378.
  CHECK_THAT(html, Contains("<circle cx=\"378.0\" cy=\"157.0\""));
  CHECK_THAT(html, Contains("points=\"160.7,300.0 378.0,157.0 595.3,26.9\""));
}

TEST_CASE("answers are marked right or wrong, and what was expected is told") {
  const std::string html = few_shot_page(two_tasks());
  CHECK_THAT(html, Contains("<pre>ab -&gt; xy\nba -&gt;<b class=\"right\"> yx\n</b></pre>"));
  CHECK_THAT(html, Contains("<b class=\"wrong\"> zz</b></pre>\n<p>expected: <code>abq</code></p>"));
  CHECK_THAT(html, Contains("cipher, 1 example</h2>"));
  CHECK_THAT(html, Contains("affix, 0 examples</h2>"));
}

TEST_CASE("no text can become markup, wherever it comes from") {
  const std::string evil = "</pre><script>alert('x')</script>\"&\x01\xFF";
  const FewShotPage page{.title = evil,
                         .settings = {{evil, evil}},
                         .tasks = {{.name = evil,
                                    .chance = 0.5,
                                    .results = {result(1, 0.5, {0.4, 0.6})},
                                    .samples = {{.shots = 1, .prompt = evil, .answer = evil, .expected = "other" + evil}}}}};
  const std::string html = few_shot_page(page);
  CHECK(count_of(html, "<script") == 0);
  CHECK(count_of(html, "</pre>") == 1);
  const std::string shown = "&lt;/pre&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;\xEF\xBF\xBD\xEF\xBF\xBD";
  CHECK(count_of(html, shown) == 10);  // title twice, setting twice, name in legend, table and heading, three texts of the sample
}

TEST_CASE("the page loads nothing and runs nothing") {
  const std::string html = few_shot_page(two_tasks());
  CHECK_THAT(html, Contains("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline';"));
  for (const char* word :
       {"http:", "https:", "src=", "href=", "url(", "@import", "<script", "<link", "<img", "<iframe", "javascript:", "onload"}) {
    INFO(word);
    CHECK(count_of(html, word) == 0);
  }
}

TEST_CASE("the curves alone are a picture that names them, and its text is text") {
  FewShotPage page = two_tasks();
  page.tasks[1].name = "<affix>";
  const std::string svg = few_shot_picture(page);
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(count_of(svg, "<polyline") == 2);
  CHECK(count_of(svg, "r=\"3.5\"") == 4);  // a point a number of shots
  CHECK(count_of(svg, "r=\"4\"") == 2);    // a mark a name
  CHECK_THAT(svg, Contains(">cipher</text>") && Contains(">&lt;affix&gt;</text>") && !Contains("<affix>"));
  for (const char* word : {"<script", "<style", "href=", "url(", "<image", "<foreignObject", "onload"}) CHECK(count_of(svg, word) == 0);
  CHECK(few_shot_picture({.title = "Nothing", .settings = {}, .tasks = {}}).ends_with("</svg>\n"));
}

TEST_CASE("a page without tasks is a page") {
  const std::string html = few_shot_page({.title = "Nothing", .settings = {}, .tasks = {}});
  CHECK(html.starts_with("<!DOCTYPE html>\n"));
  CHECK(html.ends_with("</html>\n"));
}

}  // namespace attend
