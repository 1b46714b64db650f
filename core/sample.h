// What a model answered in an evaluation, for people to read beside its metrics.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace attend {

struct Sample {
  std::string input, output;
  std::string expected;  ///< what the data say; may be empty

  bool operator==(const Sample&) const = default;
};

/// As a record of metrics.jsonl holds them: [{"input": ..., "output": ..., "expected": ...}].
Json to_json(const std::vector<Sample>& samples);
/// Throws UserError, with `place`, for what is not such a list.
std::vector<Sample> samples_from_json(const Json& json, const std::string& place);

}  // namespace attend
