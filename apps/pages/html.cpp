#include "apps/pages/html.h"

#include <iterator>

#include "core/text.h"
#include "metrics/score.h"

namespace attend {
namespace {

// Nothing may be loaded or run: no scripts, no images, no fonts, no connections; only the page's own style.
constexpr const char* kPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

constexpr const char* kStyle = R"(
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; } th, td { padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
dl { display: grid; grid-template-columns: max-content auto; gap: 0 1rem; } dt { color: #666; } dd { margin: 0; }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; white-space: pre-wrap; }
svg { width: 100%; height: auto; }
.right { color: #0a6b2d; } .wrong { color: #a3201a; }
)";

constexpr const char* kColours[] = {"#1b6ca8", "#c4511d", "#2b8a3e", "#7b4397", "#8a6d1b", "#b02a5b", "#3d7f86", "#555555"};

}  // namespace

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : repair_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&')
      html += "&amp;";
    else if (c == '<')
      html += "&lt;";
    else if (c == '>')
      html += "&gt;";
    else if (c == '"')
      html += "&quot;";
    else if (c == '\'')
      html += "&#39;";
    else if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F)
      html += "\xEF\xBF\xBD";
    else
      html += c;
  }
  return html;
}

std::string element(const std::string& name, const std::string& content) { return "<" + name + ">" + content + "</" + name + ">"; }

std::string html_page(const std::string& title, const std::string& body) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += std::string("<meta http-equiv=\"Content-Security-Policy\" content=\"") + kPolicy + "\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += element("title", escaped(title)) + "\n" + element("style", kStyle) + "\n</head>\n<body>\n";
  return html + element("h1", escaped(title)) + "\n" + body + "</body>\n</html>\n";
}

std::string colour(std::size_t index) { return kColours[index % std::size(kColours)]; }

namespace svg {

std::string number(double value) { return fixed_decimals(value, 1); }

std::string line(const Line& at, const std::string& style) {
  return "<line x1=\"" + number(at.x1) + "\" y1=\"" + number(at.y1) + "\" x2=\"" + number(at.x2) + "\" y2=\"" + number(at.y2) + "\" " +
         style + "/>\n";
}

std::string label(double x, double y, const std::string& anchor, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\">" + escaped(text) + "</text>\n";
}

std::string picture(double width, double height, const std::string& description, const std::string& content) {
  return "<svg viewBox=\"0 0 " + number(width) + " " + number(height) + "\" role=\"img\" aria-label=\"" + escaped(description) +
         "\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#444\">\n" + content + "</svg>\n";
}

std::string as_file(std::string picture) { return picture.replace(0, 4, "<svg xmlns=\"http://www.w3.org/2000/svg\""); }

}  // namespace svg

}  // namespace attend
