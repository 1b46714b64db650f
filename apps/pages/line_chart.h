// Curves on logarithmic axes, as an SVG file: how time or memory grows.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace attend {

struct LineChart {
  struct Curve {
    std::string name;
    std::vector<std::pair<double, double>> points;  ///< x and y, above 0
  };
  std::string description, x_label, y_label;
  std::vector<Curve> curves;
};

/// Both axes are logarithmic: a line of slope 1 grows as the length, one of slope 2 as its square. x is marked where there are points.
std::string line_chart(const LineChart& chart);

}  // namespace attend
