// Curves on logarithmic axes.
#include "apps/pages/line_chart.h"

#include <catch2/catch.hpp>
#include <regex>

namespace attend {
namespace {

using Catch::Contains;

/// The places of a picture's points, curve by curve in their order.
std::vector<std::pair<double, double>> places_of(const std::string& svg) {
  std::vector<std::pair<double, double>> places;
  const std::regex circle("<circle cx=\"([0-9.]+)\" cy=\"([0-9.]+)\"");
  for (std::sregex_iterator found(svg.begin(), svg.end(), circle), end; found != end; ++found)
    places.emplace_back(std::stod((*found)[1]), std::stod((*found)[2]));
  return places;
}

LineChart two_curves() {
  return {.description = "time against length",
          .x_label = "tokens",
          .y_label = "milliseconds",
          .curves = {{.name = "full", .points = {{512, 4}, {1024, 16}, {2048, 64}}}, {.name = "a < b", .points = {{512, 8}, {2048, 32}}}}};
}

}  // namespace

TEST_CASE("what grows as a power is a straight line, and the higher power is the steeper one") {
  const auto places = places_of(line_chart(two_curves()));
  REQUIRE(places.size() == 5);
  const auto rise = [&](std::size_t from, std::size_t to) { return places[from].second - places[to].second; };  // y counts from the top
  CHECK(rise(0, 1) == Approx(rise(1, 2)).margin(0.2));
  CHECK(rise(0, 2) == Approx(2 * rise(3, 4)).margin(0.3));
  CHECK(places[1].first - places[0].first == Approx(places[2].first - places[1].first).margin(0.2));
  CHECK(places[0].first == places[3].first);
}

TEST_CASE("names of curves that end in one place stand below one another") {
  LineChart chart = two_curves();
  chart.curves = {{.name = "lower", .points = {{512, 8}}}, {.name = "upper", .points = {{512, 8.01}}}};
  const std::string svg = line_chart(chart);
  const auto place_of = [&](const std::string& name) {
    std::smatch found;
    REQUIRE(std::regex_search(svg, found, std::regex(" y=\"([0-9.]+)\" text-anchor=\"start\">" + name + "<")));
    return std::stod(found[1]);
  };
  CHECK(place_of("lower") >= place_of("upper") + 13.9);
}

TEST_CASE("a chart is a file of its own, with its names and marks") {
  const std::string svg = line_chart(two_curves());
  CHECK(svg.starts_with("<svg xmlns="));
  for (const char* text : {">2,048<", ">full<", ">a &lt; b<", ">tokens<", ">milliseconds<", "aria-label=\"time against length\""})
    CHECK_THAT(svg, Contains(text));
  CHECK_THAT(line_chart({.description = "nothing", .x_label = {}, .y_label = {}, .curves = {}}), Contains("<svg"));
}

}  // namespace attend
