#include "core/run_history.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "core/error.h"
#include "core/field_io.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/text.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kMostSteps = std::int64_t{1} << 53;  // what a browser's numbers hold

/// A file that was written whole ends in a line break.
bool ends_in_a_line_break(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(-1, std::ios::end);
  return !file || file.get() == '\n';
}

double number_or_none(const Json& value, const std::string& place, const std::string& key) {
  return value.is_null() ? kNone : json_number(value, place, key);
}

double member_or_none(const Json& record, const char* key, const std::string& place) {
  const auto found = record.find(key);
  return found == record.end() ? kNone : number_or_none(*found, place, key);
}

std::int64_t step_of(const Json& record, const std::string& place) {
  if (!record.is_object()) throw UserError(place + ": expected a JSON object");
  const auto found = record.find("step");
  if (found == record.end()) throw UserError(place + ": a record without \"step\"");
  const std::int64_t step = json_integer(*found, place, "step");
  if (step < 0 || step > kMostSteps) throw UserError(place + ": step is " + std::to_string(step) + "; expected 0 to 2^53");
  return step;
}

RunHistory::Evaluation evaluation_of(const Json& record, const std::string& name, std::int64_t step, const std::string& place) {
  RunHistory::Evaluation evaluation{.step = step, .seconds = member_or_none(record, "seconds", place), .is_average = name == "average"};
  const Json& metrics = record[name];
  if (!metrics.is_object()) throw UserError(place + ": \"" + name + "\" must be an object of numbers");
  for (const auto& [metric, value] : metrics.items()) evaluation.metrics.emplace_back(metric, number_or_none(value, place, metric));
  if (const auto samples = record.find("samples"); samples != record.end()) evaluation.samples = samples_from_json(*samples, place);
  return evaluation;
}

void add_record(RunHistory& run, const Json& record, const std::string& place) {
  const std::int64_t step = step_of(record, place);
  if (const auto skipped = record.find("skipped"); skipped != record.end()) {
    run.skipped.push_back({step, json_string(*skipped, place, "skipped")});
    return;
  }
  for (const char* name : {"evaluation", "average"}) {
    if (!record.contains(name)) continue;
    run.evaluations.push_back(evaluation_of(record, name, step, place));
    return;
  }
  const auto number = [&](const char* key) { return static_cast<float>(member_or_none(record, key, place)); };
  run.steps.push_back({.step = step,
                       .loss = number("loss"),
                       .learning_rate = number("learning_rate"),
                       .gradient_norm = number("gradient_norm"),
                       .tokens_per_second = number("tokens_per_second"),
                       .seconds = member_or_none(record, "seconds", place)});
}

void read_records(RunHistory& run, const fs::path& path) {
  const bool is_whole = ends_in_a_line_break(path);
  LineReader lines(path);
  std::string line, next;
  for (bool more = lines.next(line); more; std::swap(line, next)) {
    const std::string place = path.string() + " line " + std::to_string(lines.line_number());
    more = lines.next(next);
    if (trimmed(line).empty()) continue;
    Json record;
    try {
      record = parse_json(line, place);
    } catch (const UserError&) {
      if (is_whole || more) throw;
      log_info(place + " was cut short; it is left out");
      break;
    }
    add_record(run, record, place);
  }
}

template <class Records>
void sort_by_step(Records& records) {
  const auto is_before = [](const auto& a, const auto& b) { return a.step < b.step; };
  if (!std::is_sorted(records.begin(), records.end(), is_before)) std::stable_sort(records.begin(), records.end(), is_before);
}

/// The value of a metric; NaN where the evaluation has none of that name.
double value_of(const RunHistory::Evaluation& evaluation, const std::string& metric) {
  for (const auto& [name, value] : evaluation.metrics)
    if (name == metric) return value;
  return kNone;
}

bool is_measured(const RunHistory& run, const std::string& metric) {
  return std::any_of(run.evaluations.begin(), run.evaluations.end(),
                     [&](const auto& each) { return std::isfinite(value_of(each, metric)); });
}

/// What evaluations are compared by; "" where there are none.
std::string compared_by(const RunHistory& run) {
  const auto setting = run.settings.find("best_by");
  if (setting != run.settings.end() && setting->is_string() && is_measured(run, setting->get<std::string>()))
    return setting->get<std::string>();
  if (is_measured(run, "loss")) return "loss";
  for (const RunHistory::Evaluation& evaluation : run.evaluations)
    for (const auto& [name, value] : evaluation.metrics)
      if (std::isfinite(value)) return name;
  return "";
}

}  // namespace

RunHistory read_run_history(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw UserError(folder.string() + ": there is no such folder", "give the --output folder of a run");
  const fs::path records = folder / "metrics.jsonl", settings = folder / "run.toml";
  if (!fs::is_regular_file(records))
    throw UserError(folder.string() + " holds no metrics.jsonl", "give the --output folder of `attend pretrain` or `attend finetune`");
  RunHistory run{.folder = folder};
  read_records(run, records);
  if (run.steps.empty() && run.evaluations.empty() && run.skipped.empty())
    throw UserError(records.string() + " holds no records", "a run writes the first one after --log-every steps");
  sort_by_step(run.steps);
  sort_by_step(run.evaluations);
  sort_by_step(run.skipped);
  if (fs::is_regular_file(settings)) run.settings = toml_to_json(read_text_file(settings, limits::kJsonBytes), settings.string());
  return run;
}

bool smaller_is_better(const std::string& metric) {
  return metric.ends_with("loss") || metric.ends_with("perplexity") || metric.ends_with("error") || metric == "ter" || metric == "TER";
}

std::optional<BestEvaluation> best_evaluation(const RunHistory& run) {
  const std::string metric = compared_by(run);
  std::optional<BestEvaluation> best;
  for (const RunHistory::Evaluation& evaluation : run.evaluations) {
    const double value = value_of(evaluation, metric);
    if (evaluation.is_average || !std::isfinite(value)) continue;
    if (!best || (smaller_is_better(metric) ? value < best->value : value > best->value)) best = {evaluation.step, metric, value};
  }
  return best;
}

double median_tokens_per_second(const RunHistory& run) {
  std::vector<float> rates;
  for (const RunHistory::Step& step : run.steps)
    if (std::isfinite(step.tokens_per_second)) rates.push_back(step.tokens_per_second);
  if (rates.empty()) return kNone;
  const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
  std::nth_element(rates.begin(), middle, rates.end());
  if (rates.size() % 2 == 1) return *middle;
  return (static_cast<double>(*middle) + *std::max_element(rates.begin(), middle)) / 2;
}

std::int64_t last_step(const RunHistory& run) {
  std::int64_t last = 0;
  if (!run.steps.empty()) last = run.steps.back().step;
  if (!run.evaluations.empty()) last = std::max(last, run.evaluations.back().step);
  if (!run.skipped.empty()) last = std::max(last, run.skipped.back().step);
  return last;
}

double last_second(const RunHistory& run) {
  double last = kNone;
  for (const RunHistory::Step& step : run.steps) last = std::fmax(last, step.seconds);
  for (const RunHistory::Evaluation& evaluation : run.evaluations) last = std::fmax(last, evaluation.seconds);
  return last;
}

}  // namespace attend
