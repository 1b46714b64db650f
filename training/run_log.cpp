#include "training/run_log.h"

#include <cmath>
#include <cstdio>

#include "core/log.h"

namespace attend {
namespace {

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, arguments...);
  return text;
}

double rate(std::int64_t tokens, double seconds) { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; }

}  // namespace

std::string format_metrics(const Metrics& metrics) {
  std::string text;
  for (const auto& [name, value] : metrics)
    text += (text.empty() ? "" : "  ") + name + format(name == "loss" || std::abs(value) <= 1 ? " %.4f" : " %.2f", value);
  return text;
}

std::string short_number(double value) { return format("%.3g", value); }

Json metrics_to_json(const Metrics& metrics) {
  Json json = Json::object();
  for (const auto& [name, value] : metrics) json[name] = value;
  return json;
}

RunLog::RunLog(const std::filesystem::path& output, std::int64_t resume_step, std::int64_t total_steps, bool tensorboard)
    : output_(new Output{.metrics = MetricsLog(output / "metrics.jsonl", resume_step),
                         .progress = Progress("training", static_cast<std::uint64_t>(total_steps), "steps")}) {
  output_->progress.update(static_cast<std::uint64_t>(resume_step), {});  // the rate counts from here
  if (tensorboard) output_->events.emplace(output / "tensorboard", resume_step);
}

void RunLog::show_step(const StepReport& report) {
  tokens_ += report.tokens;
  step_seconds_ += report.step_seconds;
  if (!output_) return;
  output_->progress.update(
      static_cast<std::uint64_t>(report.step),
      format("loss %.3f  lr %.2e  %s tokens/s", report.loss, report.learning_rate, format_count(rate(tokens_, step_seconds_)).c_str()));
}

void RunLog::record_step(const StepRecord& record) {
  if (output_)
    output_->metrics.append(Json{{"step", record.step},
                                 {"epoch", record.epoch},
                                 {"loss", record.loss},
                                 {"learning_rate", record.learning_rate},
                                 {"gradient_norm", record.gradient_norm},
                                 {"tokens_per_second", rate(tokens_, step_seconds_)},
                                 {"seconds", record.seconds}});
  if (output_ && output_->events) {
    EventFile& events = *output_->events;
    events.append("train/loss", record.loss, record.step);
    events.append("train/learning_rate", record.learning_rate, record.step);
    events.append("train/grad_norm", record.gradient_norm, record.step);
    events.append("train/epoch", static_cast<double>(record.epoch), record.step);
    events.append("train/tokens_per_second", rate(tokens_, step_seconds_), record.step);
  }
  tokens_ = 0;
  step_seconds_ = 0;
}

void RunLog::record_skipped(std::int64_t step, const std::string& reason) {
  if (!output_) return;
  output_->metrics.append(Json{{"step", step}, {"skipped", reason}});
  output_->progress.clear();
  log_warning("step " + std::to_string(step) + " skipped: " + reason);
}

void RunLog::record_evaluation(const EvaluationRecord& record) {
  if (!output_) return;
  Json json{{"step", record.step}, {record.name, metrics_to_json(record.metrics)}, {"seconds", record.seconds}};
  if (!record.samples.empty()) json["samples"] = to_json(record.samples);
  output_->metrics.append(json);
  if (!output_->events) return;
  const std::string group = record.name == "evaluation" ? "eval/" : record.name + "/";
  for (const auto& [metric, value] : record.metrics) output_->events->append(group + metric, value, record.step);
}

void RunLog::say(const std::string& line) {
  if (!output_) return;
  output_->progress.clear();
  log_info(line);
}

void RunLog::finish() {
  if (output_) output_->progress.finish();
}

}  // namespace attend
