#include "apps/pages/few_shot_page.h"

#include <algorithm>

#include "apps/pages/html.h"
#include "metrics/score.h"

namespace attend {
namespace {

using namespace svg;

std::string percent(double share) { return fixed_decimals(100 * share, 1) + " %"; }

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

// The curves alone; the colours' names stand in the picture where it has no page around it.
std::string curves(const std::vector<TaskResult>& tasks, bool with_names) {
  const Axes axes(tasks);
  std::string svg = grid(axes);
  for (std::size_t i = 0; i < tasks.size(); ++i) svg += curve(axes, tasks[i], i, tasks.size());
  for (std::size_t i = 0; with_names && i < tasks.size(); ++i) {
    const double y = Axes::kHeight - Axes::kBottom - 16 * static_cast<double>(tasks.size() - i);
    svg += "<circle cx=\"" + number(Axes::kWidth - 120) + "\" cy=\"" + number(y - 4) + "\" r=\"4\" fill=\"" + colour(i) + "\"/>\n";
    svg += label(Axes::kWidth - 110, y, "start", tasks[i].name);
  }
  return picture(Axes::kWidth, Axes::kHeight, "accuracy against the number of examples", svg);
}

std::string figure(const std::vector<TaskResult>& tasks) {
  std::string html = curves(tasks, /*with_names=*/false) + "<p>";
  for (std::size_t i = 0; i < tasks.size(); ++i)
    html += "<span style=\"color: " + colour(i) + "\">&#9679;</span> " + escaped(tasks[i].name) + " &nbsp; ";
  return html + "</p>\n<p>Bars are 95 % intervals; a dotted line is the accuracy of guessing.</p>\n";
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
  std::string body = "<dl>\n";
  for (const auto& [name, value] : page.settings) body += element("dt", escaped(name)) + element("dd", escaped(value)) + "\n";
  body += "</dl>\n" + figure(page.tasks) + table(page.tasks);
  for (const TaskResult& task : page.tasks) body += samples(task);
  return html_page(page.title, body);
}

std::string few_shot_picture(const FewShotPage& page) { return as_file(curves(page.tasks, /*with_names=*/true)); }

}  // namespace attend
