#include "apps/pages/report_page.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "apps/pages/script_page.h"
#include "core/error.h"

namespace attend {

namespace embedded {  // made of apps/pages/report
extern const std::string_view report_style, report_script;
}

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReasons = 20;  // of skipped steps, told apart

/// First bytes of all numbers, then second ones, and so on: of numbers that resemble each other, which pack better so.
template <class Number>
std::string packed(const std::vector<Number>& numbers) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(numbers));
  std::vector<std::byte> planes(bytes.size());
  for (std::size_t i = 0; i < numbers.size(); ++i)
    for (std::size_t b = 0; b < sizeof(Number); ++b) planes[b * numbers.size() + i] = bytes[i * sizeof(Number) + b];
  return deflated(planes);
}

/// As differences to the number before, which are small and often the same; whole up to 2^53.
std::string packed_steps(const std::vector<RunHistory::Step>& steps) {
  std::vector<double> differences;
  differences.reserve(steps.size());
  std::int64_t before = 0;
  for (const RunHistory::Step& each : steps) differences.push_back(static_cast<double>(each.step - std::exchange(before, each.step)));
  return packed(differences);
}

/// Null where no record has the number.
template <class Number>
Json packed_column(const std::vector<RunHistory::Step>& steps, Number RunHistory::Step::*member) {
  std::vector<float> column;
  column.reserve(steps.size());
  for (const RunHistory::Step& each : steps) column.push_back(static_cast<float>(each.*member));
  if (std::all_of(column.begin(), column.end(), [](float value) { return std::isnan(value); })) return nullptr;
  return packed(column);
}

Json columns_of(const std::vector<RunHistory::Step>& steps) {
  return {{"step", packed_steps(steps)},
          {"loss", packed_column(steps, &RunHistory::Step::loss)},
          {"learning_rate", packed_column(steps, &RunHistory::Step::learning_rate)},
          {"gradient_norm", packed_column(steps, &RunHistory::Step::gradient_norm)},
          {"tokens_per_second", packed_column(steps, &RunHistory::Step::tokens_per_second)},
          {"seconds", packed_column(steps, &RunHistory::Step::seconds)}};
}

/// A curve a metric, in the order in which they come first.
Json curves_of(const RunHistory& run) {
  Json curves = Json::array();
  std::map<std::string, std::size_t> places;
  for (const RunHistory::Evaluation& evaluation : run.evaluations) {
    for (const auto& [metric, value] : evaluation.metrics) {
      const auto [place, is_new] = places.emplace(metric, curves.size());
      if (is_new)
        curves.push_back({{"metric", metric},
                          {"smaller_is_better", smaller_is_better(metric)},
                          {"steps", Json::array()},
                          {"seconds", Json::array()},
                          {"values", Json::array()},
                          {"averages", Json::array()}});
      Json& curve = curves[place->second];
      curve["steps"].push_back(evaluation.step);
      curve["seconds"].push_back(evaluation.seconds);
      curve["values"].push_back(value);
      curve["averages"].push_back(evaluation.is_average ? 1 : 0);
    }
  }
  return curves;
}

/// What was written at each evaluation, for those that have any.
Json samples_of(const RunHistory& run) {
  Json list = Json::array();
  for (const RunHistory::Evaluation& evaluation : run.evaluations)
    if (!evaluation.samples.empty())
      list.push_back({{"step", evaluation.step},
                      {"seconds", evaluation.seconds},
                      {"is_average", evaluation.is_average},
                      {"samples", to_json(evaluation.samples)}});
  return list;
}

Json skipped_of(const RunHistory& run) {
  Json steps = Json::array(), reasons = Json::array();
  std::map<std::string, std::int64_t> counts;
  for (const RunHistory::Skipped& each : run.skipped) {
    steps.push_back(each.step);
    if (counts.size() < kReasons || counts.contains(each.reason)) ++counts[each.reason];
  }
  for (const auto& [reason, count] : counts) reasons.push_back({reason, count});
  return {{"steps", std::move(steps)}, {"reasons", std::move(reasons)}};
}

Json about_run(const RunHistory& run, const std::string& name) {
  const auto best = best_evaluation(run);
  return {{"name", name},
          {"path", run.folder.string()},
          {"records", run.steps.size()},
          {"last_step", last_step(run)},
          {"seconds", last_second(run)},
          {"tokens_per_second", median_tokens_per_second(run)},
          {"best", best ? Json{{"step", best->step}, {"metric", best->metric}, {"value", best->value}} : Json(nullptr)},
          {"columns", columns_of(run.steps)},
          {"curves", curves_of(run)},
          {"samples", samples_of(run)},
          {"skipped", skipped_of(run)}};
}

/// Settings as text, those of tables under "table.key".
void add_settings(const Json& settings, const std::string& prefix, std::vector<std::pair<std::string, std::string>>& list) {
  for (const auto& [key, value] : settings.items()) {
    if (value.is_object())
      add_settings(value, prefix + key + ".", list);
    else
      list.emplace_back(prefix + key, value.is_string() ? value.get<std::string>() : one_line(value));
  }
}

/// A row a setting, with null for a run that has none of the name. The output folder differs in all runs, and says nothing.
Json settings_of(const std::vector<RunHistory>& runs) {
  Json rows = Json::array();
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::vector<std::pair<std::string, std::string>> settings;
    add_settings(runs[i].settings, "", settings);
    for (const auto& [key, value] : settings) {
      const auto [place, is_new] = places.emplace(key, rows.size());
      if (is_new) rows.push_back({{"key", key}, {"values", std::vector<Json>(runs.size())}});
      rows[place->second]["values"][i] = value;
    }
  }
  for (Json& row : rows) {
    const Json& values = row["values"];
    const bool is_same = std::all_of(values.begin(), values.end(), [&](const Json& value) { return value == values[0]; });
    row["differs"] = !is_same && row["key"] != "output";
  }
  return rows;
}

fs::path without_dots(const fs::path& folder) {
  const fs::path path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // "runs/a/"
}

}  // namespace

std::vector<std::string> run_names(const std::vector<RunHistory>& runs) {
  std::map<fs::path, fs::path> given;
  std::map<std::string, int> counts;
  for (const RunHistory& run : runs) {
    const auto [before, is_new] = given.emplace(without_dots(fs::weakly_canonical(run.folder)), run.folder);
    if (!is_new)
      throw UserError(run.folder.string() + " is given twice" +
                      (before->second == run.folder ? "" : ", as " + before->second.string() + " before"));
    ++counts[without_dots(run.folder).filename().string()];
  }
  std::vector<std::string> names;
  for (const RunHistory& run : runs) {
    const std::string name = without_dots(run.folder).filename().string();
    names.push_back(counts[name] == 1 && !name.empty() ? name : run.folder.string());
  }
  return names;
}

std::string report_page(const std::vector<RunHistory>& runs) {
  const std::vector<std::string> names = run_names(runs);
  Json data{{"version", 1}, {"settings", settings_of(runs)}, {"runs", Json::array()}};
  for (std::size_t i = 0; i < runs.size(); ++i) data["runs"].push_back(about_run(runs[i], names[i]));
  const std::string title = runs.size() == 1 ? names[0] : std::to_string(runs.size()) + " runs";
  return script_page({title, "report-data", embedded::report_style, embedded::report_script}, data);
}

}  // namespace attend
