// The kit of all pages.
#include "apps/pages/html.h"

#include <catch2/catch.hpp>

#include <set>

using namespace attend;
using Catch::Contains;

TEST_CASE("text is shown, whatever it holds") {
  CHECK(escaped("a < b && c > \"d\" or 'e'") == "a &lt; b &amp;&amp; c &gt; &quot;d&quot; or &#39;e&#39;");
  CHECK(escaped("one\ttwo\nthree \xC3\xA9") == "one\ttwo\nthree \xC3\xA9");
  CHECK(escaped(std::string("\x00\x1b[2J\x7f", 6)) == "\xEF\xBF\xBD\xEF\xBF\xBD[2J\xEF\xBF\xBD");  // HTML has no control characters
  CHECK(escaped("\xff") == "\xEF\xBF\xBD");
  CHECK(escaped("").empty());
}

TEST_CASE("an element holds what is HTML already") { CHECK(element("td", element("b", "&lt;")) == "<td><b>&lt;</b></td>"); }

TEST_CASE("a page is a whole document that lets nothing in") {
  const std::string page = html_page("<script>alert(1)</script>", "<p>body</p>\n");
  CHECK(page.starts_with("<!DOCTYPE html>\n"));
  CHECK(page.ends_with("<p>body</p>\n</body>\n</html>\n"));
  CHECK_THAT(page, Contains("Content-Security-Policy") && Contains("default-src 'none'") && !Contains("unsafe-eval"));
  CHECK_THAT(page, !Contains("<script") && Contains("&lt;script&gt;alert(1)"));
  for (const char* loads : {"http:", "https:", "<link", "<img", "@import", "url("}) CHECK_THAT(page, !Contains(loads));
  // The policy stands in front of everything it is to govern.
  CHECK(page.find("Content-Security-Policy") < page.find("<style"));
  CHECK(page.find("charset=\"utf-8\"") < page.find("<title"));
}

TEST_CASE("colours can be told apart and come again") {
  std::set<std::string> different;
  std::size_t count = 0;
  while (different.insert(colour(count)).second) ++count;
  CHECK(count >= 6);
  CHECK(colour(count) == colour(0));
  for (const std::string& one : different) CHECK((one.size() == 7 && one.front() == '#'));
}

TEST_CASE("pictures are made of lines and labels, to a tenth") {
  CHECK(svg::number(1) == "1.0");
  CHECK(svg::number(2.0 / 3) == "0.7");
  CHECK(svg::line({.x1 = 0, .y1 = 1.25, .x2 = 10, .y2 = 2}, "stroke=\"#ddd\"") ==
        "<line x1=\"0.0\" y1=\"" + svg::number(1.25) + "\" x2=\"10.0\" y2=\"2.0\" stroke=\"#ddd\"/>\n");
  CHECK(svg::label(1, 2, "end", "a<b") == "<text x=\"1.0\" y=\"2.0\" text-anchor=\"end\">a&lt;b</text>\n");
  const std::string picture = svg::picture(640, 320, "a \"curve\"", svg::label(1, 2, "start", "x"));
  CHECK(picture.starts_with("<svg viewBox=\"0 0 640.0 320.0\""));
  CHECK(svg::as_file(picture).starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640.0 320.0\""));
  CHECK(svg::as_file(picture).ends_with(picture.substr(4)));
  CHECK_THAT(picture, Contains("aria-label=\"a &quot;curve&quot;\"") && Contains(">x</text>"));
  CHECK(picture.ends_with("</svg>\n"));
}
