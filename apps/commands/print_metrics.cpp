#include "apps/commands/print_metrics.h"

#include <ostream>

#include "core/json.h"
#include "metrics/score.h"

namespace attend {

void print_metrics(const Metrics& metrics, std::int64_t num_examples, bool as_json, std::ostream& out) {
  Json record = Json::object();
  for (const auto& [name, value] : metrics) {
    record[name] = value;
    if (!as_json) out << name << " = " << fixed_decimals(value, 4) << "\n";
  }
  record["examples"] = num_examples;
  if (as_json)
    out << record.dump() << "\n";
  else
    out << "examples = " << num_examples << "\n";
}

}  // namespace attend
