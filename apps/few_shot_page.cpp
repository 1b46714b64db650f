#include "apps/few_shot_page.h"

#include <algorithm>

#include "core/text.h"
#include "metrics/score.h"

namespace attend {
namespace {

// Nothing may be loaded or run: no scripts, no images, no fonts, no connections; only the style element below.
constexpr const char* kPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

constexpr const char* kStyle = R"(
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; } th, td { padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
dl { display: grid; grid-template-columns: max-content auto; gap: 0 1rem; } dt { color: #666; } dd { margin: 0; }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; white-space: pre-wrap; }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: #444; }
.right { color: #0a6b2d; } .wrong { color: #a3201a; }
)";

constexpr const char* kColours[] = {"#1b6ca8", "#c4511d", "#2b8a3e", "#7b4397", "#8a6d1b", "#b02a5b", "#3d7f86", "#555555"};

std::string colour(std::size_t task) { return kColours[task % std::size(kColours)]; }

/// Text as HTML shows it. Control characters, which HTML forbids, become U+FFFD; line breaks and TABs stay.
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

std::string percent(double share) { return fixed_decimals(100 * share, 1) + " %"; }

std::string number(double value) { return fixed_decimals(value, 1); }

/// <name>content</name>; the content is HTML already.
std::string element(const std::string& name, const std::string& content) { return "<" + name + ">" + content + "</" + name + ">"; }

/// From numbers of shots and accuracies to places in the picture. Numbers of shots stand at equal distances: 0, 1, 2, 4, 8 on a line
/// of their own values would crowd at the left.
class Axes {
 public:
  static constexpr double kWidth = 720, kHeight = 340, kLeft = 52, kRight = 16, kTop = 14, kBottom = 40;

  explicit Axes(const std::vector<TaskResult>& tasks) {
    for (const TaskResult& task : tasks)
      for (const ShotResult& result : task.results) shots_.push_back(result.shots);
    std::sort(shots_.begin(), shots_.end());
    shots_.erase(std::unique(shots_.begin(), shots_.end()), shots_.end());
  }

  double x(std::int64_t shots) const {
    const auto place = std::lower_bound(shots_.begin(), shots_.end(), shots) - shots_.begin();
    const double room = kWidth - kLeft - kRight;
    return kLeft + room * (static_cast<double>(place) + 0.5) / static_cast<double>(std::max<std::size_t>(shots_.size(), 1));
  }
  static double y(double accuracy) { return kTop + (kHeight - kTop - kBottom) * (1 - accuracy); }
  const std::vector<std::int64_t>& shots() const { return shots_; }

 private:
  std::vector<std::int64_t> shots_;
};

struct Line {
  double x1, y1, x2, y2;
};

std::string line(const Line& at, const std::string& style) {
  return "<line x1=\"" + number(at.x1) + "\" y1=\"" + number(at.y1) + "\" x2=\"" + number(at.x2) + "\" y2=\"" + number(at.y2) + "\" " +
         style + "/>\n";
}

std::string label(double x, double y, const std::string& anchor, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\">" + escaped(text) + "</text>\n";
}

std::string grid(const Axes& axes) {
  std::string svg;
  for (int i = 0; i <= 4; ++i) {
    const double y = Axes::y(i / 4.0);
    svg += line({Axes::kLeft, y, Axes::kWidth - Axes::kRight, y}, "stroke=\"#ddd\"");
    svg += label(Axes::kLeft - 6, y + 4, "end", std::to_string(25 * i) + " %");
  }
  for (const std::int64_t shots : axes.shots()) svg += label(axes.x(shots), Axes::kHeight - 22, "middle", std::to_string(shots));
  return svg + label((Axes::kLeft + Axes::kWidth) / 2, Axes::kHeight - 4, "middle", "examples in the prompt");
}

/// The curve of a task, a bar for each interval, and its chance line; moved a little aside, so that bars of several tasks can be told
/// apart.
std::string curve(const Axes& axes, const TaskResult& task, std::size_t index, std::size_t num_tasks) {
  constexpr double kStep = 4;
  const double aside = kStep * (static_cast<double>(index) - static_cast<double>(num_tasks - 1) / 2);
  const std::string stroke = "stroke=\"" + colour(index) + "\"";
  std::string svg, points;
  if (task.chance) {
    const double y = Axes::y(*task.chance);
    svg += line({Axes::kLeft, y, Axes::kWidth - Axes::kRight, y}, stroke + " stroke-dasharray=\"3 4\"");
  }
  for (const ShotResult& result : task.results) {
    const double x = axes.x(result.shots) + aside, y = Axes::y(result.estimate.accuracy);
    const Interval& interval = result.estimate.interval;
    svg += line({x, Axes::y(interval.low), x, Axes::y(interval.high)}, stroke + " stroke-width=\"1.5\"");
    svg += "<circle cx=\"" + number(x) + "\" cy=\"" + number(y) + "\" r=\"3.5\" fill=\"" + colour(index) + "\"/>\n";
    points += (points.empty() ? "" : " ") + number(x) + "," + number(y);
  }
  return svg + "<polyline points=\"" + points + "\" fill=\"none\" " + stroke + " stroke-width=\"2\"/>\n";
}

std::string figure(const std::vector<TaskResult>& tasks) {
  const Axes axes(tasks);
  std::string svg = "<svg viewBox=\"0 0 " + number(Axes::kWidth) + " " + number(Axes::kHeight) +
                    "\" role=\"img\" aria-label=\"accuracy against the number of examples\">\n" + grid(axes);
  for (std::size_t i = 0; i < tasks.size(); ++i) svg += curve(axes, tasks[i], i, tasks.size());
  svg += "</svg>\n<p>";
  for (std::size_t i = 0; i < tasks.size(); ++i)
    svg += "<span style=\"color: " + colour(i) + "\">&#9679;</span> " + escaped(tasks[i].name) + " &nbsp; ";
  return svg + "</p>\n<p>Bars are 95 % intervals; a dotted line is the accuracy of guessing.</p>\n";
}

std::string table(const std::vector<TaskResult>& tasks) {
  std::string rows =
      element("tr", "<th>task</th><th>examples shown</th><th>accuracy</th><th>95 % interval</th><th>answers</th><th>chance</th>") + "\n";
  for (const TaskResult& task : tasks)
    for (const ShotResult& result : task.results) {
      const AccuracyEstimate& estimate = result.estimate;
      rows +=
          element("tr", element("td", escaped(task.name)) + element("td", std::to_string(result.shots)) +
                            element("td", percent(estimate.accuracy)) +
                            element("td", percent(estimate.interval.low) + " to " + percent(estimate.interval.high)) +
                            element("td", std::to_string(estimate.examples)) + element("td", task.chance ? percent(*task.chance) : "")) +
          "\n";
    }
  return element("table", "\n" + rows) + "\n";
}

std::string samples(const TaskResult& task) {
  std::string html;
  for (const PromptSample& sample : task.samples) {
    const bool is_right = is_exact_match(sample.answer, sample.expected);
    html += "<h2>" + escaped(task.name) + ", " + std::to_string(sample.shots) + (sample.shots == 1 ? " example" : " examples") + "</h2>\n";
    html +=
        "<pre>" + escaped(sample.prompt) + "<b class=\"" + (is_right ? "right" : "wrong") + "\">" + escaped(sample.answer) + "</b></pre>\n";
    if (!is_right) html += element("p", "expected: " + element("code", escaped(sample.expected))) + "\n";
  }
  return html;
}

}  // namespace

std::string few_shot_page(const FewShotPage& page) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += std::string("<meta http-equiv=\"Content-Security-Policy\" content=\"") + kPolicy + "\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += element("title", escaped(page.title)) + "\n" + element("style", kStyle) + "\n</head>\n<body>\n";
  html += element("h1", escaped(page.title)) + "\n<dl>\n";
  for (const auto& [name, value] : page.settings) html += element("dt", escaped(name)) + element("dd", escaped(value)) + "\n";
  html += "</dl>\n" + figure(page.tasks) + table(page.tasks);
  for (const TaskResult& task : page.tasks) html += samples(task);
  return html + "</body>\n</html>\n";
}

}  // namespace attend
