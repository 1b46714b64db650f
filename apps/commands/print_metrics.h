// How `evaluate` prints what it measured.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "metrics/precision_recall.h"
#include "training/objective.h"

namespace attend {

/// What is told beside the figures of a whole.
struct MetricDetails {
  struct Class {
    std::string name;
    MatchCounts counts;
  };
  std::optional<std::string> positive;  ///< the class of f1; "": the mean over the classes. Nothing: f1 is of no class
  std::string f1_is;                    ///< the same in words
  std::vector<Class> classes;           ///< those of --per-class
};

/// "name = value" a line, or one JSON object; the number of examples, and then the classes, last.
void print_metrics(const Metrics& metrics, std::int64_t num_examples, bool as_json, std::ostream& out, const MetricDetails& details = {});

}  // namespace attend
