// What a run says: the bar or the lines on standard error, and the records of metrics.jsonl.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/event_file.h"
#include "core/metrics_log.h"
#include "core/progress.h"
#include "training/objective.h"

namespace attend {

/// One optimizer step, as it is shown.
struct StepReport {
  std::int64_t step = 0;
  double loss = 0;  ///< mean over the step's targets
  double learning_rate = 0;
  std::int64_t tokens = 0;  ///< real tokens of the step
  double step_seconds = 0;
};

/// The means since the last record, as they are kept.
struct StepRecord {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  double loss = 0;
  double learning_rate = 0;
  double gradient_norm = 0;
  double seconds = 0;  ///< of the whole run
};

struct EvaluationRecord {
  std::string name = "evaluation";  ///< or "average", for the mean of the last checkpoints
  std::int64_t step = 0;
  Metrics metrics = {};
  double seconds = 0;  ///< of the whole run
  std::vector<Sample> samples = {};
};

class RunLog {
 public:
  /// Says and writes nothing: of a process that is not the first.
  RunLog() = default;
  /// `total_steps` 0: unknown; `tensorboard`: as event files too (core/event_file.h), with the tags of Hugging Face's Trainer. Records
  /// after `resume_step` are dropped from the file. Throws StorageError, as all of this class.
  RunLog(const std::filesystem::path& output, std::int64_t resume_step, std::int64_t total_steps, bool tensorboard = false);

  void show_step(const StepReport& report);
  void record_step(const StepRecord& record);
  void record_skipped(std::int64_t step, const std::string& reason);
  void record_evaluation(const EvaluationRecord& record);
  /// A line, with the bar out of its way.
  void say(const std::string& line);
  void finish();

 private:
  struct Output {
    MetricsLog metrics;
    Progress progress;
    std::optional<EventFile> events = {};
  };
  std::unique_ptr<Output> output_;
  std::int64_t tokens_ = 0;  // since the last record
  double step_seconds_ = 0;
};

/// "loss 2.1034  perplexity 8.19  bleu 31.02  accuracy 0.7819": losses and shares of one with four decimals.
std::string format_metrics(const Metrics& metrics);
Json metrics_to_json(const Metrics& metrics);
/// "0.05", "1e-06": three digits.
std::string short_number(double value);

}  // namespace attend
