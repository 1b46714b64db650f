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

Json metrics_to_json(const Metrics& metrics) {
  Json json = Json::object();
  for (const auto& [name, value] : metrics) json[name] = value;
  return json;
}

RunLog::RunLog(const std::filesystem::path& output, std::int64_t resume_step, std::int64_t total_steps)
    : metrics_(output / "metrics.jsonl", resume_step), progress_("training", static_cast<std::uint64_t>(total_steps), "steps") {
  progress_.update(static_cast<std::uint64_t>(resume_step), {});  // the rate counts from here
}

void RunLog::show_step(const StepReport& report) {
  tokens_ += report.tokens;
  step_seconds_ += report.step_seconds;
  progress_.update(static_cast<std::uint64_t>(report.step), format("loss %.3f  lr %.2e  %s tokens/s", report.loss, report.learning_rate,
                                                                   format_count(rate(tokens_, step_seconds_)).c_str()));
}

void RunLog::record_step(const StepRecord& record) {
  metrics_.append(Json{{"step", record.step},
                       {"epoch", record.epoch},
                       {"loss", record.loss},
                       {"learning_rate", record.learning_rate},
                       {"gradient_norm", record.gradient_norm},
                       {"tokens_per_second", rate(tokens_, step_seconds_)},
                       {"seconds", record.seconds}});
  tokens_ = 0;
  step_seconds_ = 0;
}

void RunLog::record_skipped(std::int64_t step, const std::string& reason) {
  metrics_.append(Json{{"step", step}, {"skipped", reason}});
  progress_.clear();
  log_warning("step " + std::to_string(step) + " skipped: " + reason);
}

void RunLog::record_evaluation(const std::string& name, std::int64_t step, const Metrics& metrics, double seconds) {
  metrics_.append(Json{{"step", step}, {name, metrics_to_json(metrics)}, {"seconds", seconds}});
}

void RunLog::say(const std::string& line) {
  progress_.clear();
  log_info(line);
}

}  // namespace attend
