// metrics.jsonl: one JSON object a line, appended and flushed, so that a killed run leaves whole lines.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/json.h"

namespace attend {

/// Appends records to a run's metrics.jsonl. On resuming, records with "step" after `resume_step` are dropped first, so
/// that a step never stands there twice; a last line cut short by a crash is dropped too.
class MetricsLog {
 public:
  explicit MetricsLog(std::filesystem::path path, std::int64_t resume_step = 0);
  void append(const Json& record);

 private:
  std::filesystem::path path_;
};

}  // namespace attend
