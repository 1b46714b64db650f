// What a run's folder tells of its training: the records of metrics.jsonl (core/metrics_log.h) and the settings of run.toml.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/sample.h"

namespace attend {

struct RunHistory {
  /// A record of a step; what it lacks, or has as null, is NaN.
  struct Step {
    std::int64_t step;
    float loss, learning_rate, gradient_norm, tokens_per_second;
    double seconds;  ///< since the run began
  };
  struct Evaluation {
    std::int64_t step;
    double seconds;
    bool is_average;  ///< of the mean of the last checkpoints
    std::vector<std::pair<std::string, double>> metrics;
    std::vector<Sample> samples = {};
  };
  struct Skipped {
    std::int64_t step;
    std::string reason;
  };

  std::filesystem::path folder;
  std::vector<Step> steps;  ///< in the order of their steps, as the two below
  std::vector<Evaluation> evaluations;
  std::vector<Skipped> skipped;
  Json settings = Json::object();  ///< of run.toml; empty where there is none
};

/// Throws UserError, with file and line, for a folder or a metrics.jsonl that is not there, a line that is no record, and a file without
/// records. A last line that was cut short, of a run that was killed or goes on, is left out.
RunHistory read_run_history(const std::filesystem::path& folder);

/// Whether a smaller value of an evaluation's metric is the better one: of losses, perplexities, TER and errors.
bool smaller_is_better(const std::string& metric);

struct BestEvaluation {
  std::int64_t step;
  std::string metric;
  double value;
};
/// By the setting best_by, else by "loss", else by the first metric. Averages do not count, nor what is not finite.
std::optional<BestEvaluation> best_evaluation(const RunHistory& run);

/// The middle of the records' tokens a second; NaN where there are none.
double median_tokens_per_second(const RunHistory& run);

/// The last step and the last second that a record names.
std::int64_t last_step(const RunHistory& run);
double last_second(const RunHistory& run);

}  // namespace attend
