// How `evaluate` prints what it measured.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "training/objective.h"

namespace attend {

/// "name = value" a line, or one JSON object; the number of examples last.
void print_metrics(const Metrics& metrics, std::int64_t num_examples, bool as_json, std::ostream& out);

}  // namespace attend
