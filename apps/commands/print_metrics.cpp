#include "apps/commands/print_metrics.h"

#include <ostream>

#include "core/json.h"
#include "metrics/score.h"

namespace attend {
namespace {

Json class_record(const MetricDetails::Class& one) {
  const PrecisionRecall figures = precision_recall(one.counts);
  return {{"label", one.name}, {"precision", figures.precision}, {"recall", figures.recall},
          {"f1", figures.f1},  {"examples", one.counts.gold},    {"predicted", one.counts.predicted}};
}

std::string class_line(const MetricDetails::Class& one) {
  const PrecisionRecall figures = precision_recall(one.counts);
  return "'" + one.name + "': precision = " + fixed_decimals(figures.precision, 4) + ", recall = " + fixed_decimals(figures.recall, 4) +
         ", f1 = " + fixed_decimals(figures.f1, 4) + ", examples = " + std::to_string(one.counts.gold) +
         ", predicted = " + std::to_string(one.counts.predicted);
}

}  // namespace

void print_metrics(const Metrics& metrics, std::int64_t num_examples, bool as_json, std::ostream& out, const MetricDetails& details) {
  Json record = Json::object();
  for (const auto& [name, value] : metrics) {
    record[name] = value;
    const std::string of = name == "f1" && !details.f1_is.empty() ? " (" + details.f1_is + ")" : "";
    if (!as_json) out << name << " = " << fixed_decimals(value, 4) << of << "\n";
  }
  record["examples"] = num_examples;
  if (details.positive) record["positive"] = details.positive->empty() ? Json(nullptr) : Json(*details.positive);
  for (const auto& one : details.classes) record["classes"].push_back(class_record(one));
  if (as_json) {
    out << record.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
    return;
  }
  out << "examples = " << num_examples << "\n";
  for (const auto& one : details.classes) out << class_line(one) << "\n";
}

}  // namespace attend
