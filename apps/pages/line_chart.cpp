#include "apps/pages/line_chart.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "apps/pages/html.h"

namespace attend {
namespace {

using namespace svg;

constexpr double kWidth = 720, kHeight = 400, kLeft = 64, kRight = 110, kTop = 14, kBottom = 44;

/// "16,384", "0.5".
std::string short_number(double value) {
  if (value != std::floor(value)) return number(value);
  std::string digits = std::to_string(static_cast<std::int64_t>(value));
  for (auto at = static_cast<std::int64_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

/// From values to places in the picture.
class LogAxes {
 public:
  explicit LogAxes(const std::vector<LineChart::Curve>& curves) {
    for (const LineChart::Curve& curve : curves)
      for (const auto& [x, y] : curve.points) {
        marks_.insert(x);
        least_ = std::min(least_, y);
        most_ = std::max(most_, y);
      }
    least_ = std::pow(10, std::floor(std::log10(least_)));
    most_ = std::pow(10, std::ceil(std::log10(most_)));
    if (least_ == most_) most_ *= 10;
  }

  double x(double value) const {
    const double first = std::log(*marks_.begin()), last = std::log(*marks_.rbegin());
    return kLeft + (kWidth - kLeft - kRight) * (last > first ? (std::log(value) - first) / (last - first) : 0.5);
  }
  double y(double value) const {
    return kTop + (kHeight - kTop - kBottom) * (std::log(most_) - std::log(value)) / (std::log(most_) - std::log(least_));
  }
  const std::set<double>& marks() const { return marks_; }
  double least() const { return least_; }
  double most() const { return most_; }

 private:
  std::set<double> marks_;
  double least_ = 1e300, most_ = 1e-300;
};

std::string grid(const LineChart& chart, const LogAxes& axes) {
  std::string content;
  for (double value = axes.least(); value <= axes.most() * 1.001; value *= 10) {
    content += line({kLeft, axes.y(value), kWidth - kRight, axes.y(value)}, "stroke=\"#ddd\"");
    content += label(kLeft - 6, axes.y(value) + 4, "end", value < 1 ? number(value) : short_number(value));
  }
  for (const double value : axes.marks()) content += label(axes.x(value), kHeight - kBottom + 18, "middle", short_number(value));
  content += label((kLeft + kWidth - kRight) / 2, kHeight - 6, "middle", chart.x_label);
  return content + label(kLeft + 6, kTop + 12, "start", chart.y_label);
}

/// The curves' names beside their last points, the upper ones first, none over another.
std::string names(const std::vector<LineChart::Curve>& curves, const LogAxes& axes) {
  constexpr double kLineHeight = 14;
  std::vector<const LineChart::Curve*> from_above;
  for (const LineChart::Curve& curve : curves)
    if (!curve.points.empty()) from_above.push_back(&curve);
  std::stable_sort(from_above.begin(), from_above.end(),
                   [](const LineChart::Curve* a, const LineChart::Curve* b) { return a->points.back().second > b->points.back().second; });
  std::string content;
  double free = 0;
  for (const LineChart::Curve* curve : from_above) {
    const auto& [x, y] = curve->points.back();
    const double place = std::max(axes.y(y) + 4, free);
    content += label(axes.x(x) + 8, place, "start", curve->name);
    free = place + kLineHeight;
  }
  return content;
}

}  // namespace

std::string line_chart(const LineChart& chart) {
  const LogAxes axes(chart.curves);
  if (axes.marks().empty()) return as_file(picture(kWidth, kHeight, chart.description, ""));
  std::string content = grid(chart, axes);
  for (std::size_t i = 0; i < chart.curves.size(); ++i) {
    const LineChart::Curve& curve = chart.curves[i];
    if (curve.points.empty()) continue;
    std::string points;
    for (const auto& [x, y] : curve.points) {
      points += (points.empty() ? "" : " ") + number(axes.x(x)) + "," + number(axes.y(y));
      content += "<circle cx=\"" + number(axes.x(x)) + "\" cy=\"" + number(axes.y(y)) + "\" r=\"3\" fill=\"" + colour(i) + "\"/>\n";
    }
    content += "<polyline points=\"" + points + "\" fill=\"none\" stroke=\"" + colour(i) + "\" stroke-width=\"2\"/>\n";
  }
  return as_file(picture(kWidth, kHeight, chart.description, content + names(chart.curves, axes)));
}

}  // namespace attend
