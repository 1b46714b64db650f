// The other half of training/trainer.h: what a run measures, saves and says at its end.
#include "training/trainer.h"

#include <algorithm>
#include <cmath>

#include "core/log.h"
#include "core/stop_signal.h"
#include "training/average.h"
#include "training/model_card.h"

namespace attend {
namespace {

double metric(const Metrics& metrics, const std::string& name) {
  for (const auto& [candidate, value] : metrics)
    if (candidate == name) return value;
  TORCH_CHECK(false, "the objective's evaluation has no metric ", name);
}

}  // namespace

/// Records after the present step are dropped.
void Trainer::open_log() {
  log_ = is_first() ? std::make_unique<RunLog>(setup_.output, state_.step, schedule_.total_steps, options_.tensorboard)
                    : std::make_unique<RunLog>();
}

double Trainer::learning_rate(std::int64_t step) const {
  return schedule_.learning_rate(step) * (step <= state_.slower_until ? state_.slower_by : 1);
}

/// Back to the newest checkpoint where the loss has jumped and stays up, or is not finite and would end the run; the data go on from here.
/// Weights and the optimizer's state are the checkpoint's, the learning rate is half of what it was for five times the steps that are lost.
/// A run that is killed and resumed comes to the same jump and does the same.
bool Trainer::rewind(std::int64_t step, const StepResult& result) {
  if (options_.on_spike != OnSpike::kRewind) return false;
  const bool is_finite = std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
  if (!is_finite && (options_.on_nan == OnNan::kSkip || saved_step_ == 0)) return false;
  if (!is_spike(state_.trend, result.loss, options_.spike_deviations) && is_finite) return false;
  const std::string jump = "the loss is " + short_number(result.loss) + ", the gradient's norm " + short_number(result.gradient_norm) +
                           ", after a mean loss of " + short_number(state_.trend.mean);
  if (saved_step_ == 0) {
    log_->say("step " + std::to_string(step) + ": " + jump + "; there is no checkpoint yet to go back to (--save-every)");
    state_.trend = {};
    return false;
  }
  const TrainerState before = state_;
  constexpr std::int64_t kMostRewinds = 3;
  if (before.rewinds == kMostRewinds)
    throw UserError(
        "step " + std::to_string(step) + ": " + jump + ", for the fourth time after step " + std::to_string(saved_step_),
        "use a smaller --learning-rate, more --warmup-steps or a smaller --clip; --resume goes on from an older checkpoint where "
        "checkpoints/step-" +
            std::to_string(saved_step_) + " is removed");
  const Json position = objective_.position();
  state_ = checkpoints_.state(saved_step_);
  checkpoints_.load(state_, objective_, optimizer_);
  objective_.seek(position);
  optimizer_.clear_gradients();
  state_.settings = before.settings;
  state_.validation = before.validation;
  state_.processes = before.processes;
  state_.position = position;
  state_.tokens = before.tokens;
  state_.best = before.best;
  state_.best_step = before.best_step;
  state_.best_metrics = before.best_metrics;
  state_.rewinds = before.rewinds + 1;
  state_.slower_by = 0.5 * (before.step <= before.slower_until ? before.slower_by : 1);
  state_.slower_until = std::max(before.slower_until, state_.step + 5 * (step - state_.step));
  update_seconds();
  log_->finish();
  open_log();
  log_->record_skipped(state_.step, "back from step " + std::to_string(step) + ": " + jump + "; other data, and the learning rate times " +
                                        short_number(state_.slower_by) + " up to step " + std::to_string(state_.slower_until));
  return true;
}

std::optional<Metrics> Trainer::measure() {
  const torch::NoGradGuard no_grad;
  objective_.model().eval();
  std::optional<Metrics> metrics = objective_.evaluate({.process = setup_.ranks->process(),
                                                        .sum = [&](std::vector<double>& numbers) { setup_.ranks->sum(numbers); },
                                                        .stop = stop_requested});
  objective_.model().train();
  update_seconds();
  if (setup_.ranks->any(!metrics)) return std::nullopt;
  for (auto& [name, value] : *metrics) value = setup_.ranks->from_first(value);
  return metrics;
}

void Trainer::evaluate() {
  const std::optional<Metrics> metrics = measure();
  if (!metrics) return;  // a stop was requested
  const BestMetric which = objective_.best_metric();
  const double value = metric(*metrics, which.name);
  const bool is_best = std::isfinite(value) && (!state_.best || which.is_better(value, *state_.best));
  state_.evaluated_step = state_.step;
  state_.without_gain = is_best ? 0 : state_.without_gain + 1;
  if (is_best) {
    state_.best = value;
    state_.best_step = state_.step;
    state_.best_metrics = metrics_to_json(*metrics);
    save_objective();
  }
  log_->record_evaluation({.step = state_.step, .metrics = *metrics, .seconds = state_.seconds, .samples = objective_.samples()});
  log_->say("step " + std::to_string(state_.step) + ": " + format_metrics(*metrics) + (is_best ? "  (best so far)" : ""));
}

void Trainer::save() {
  optimizer_.gather();
  state_.rewinds = 0;
  setup_.ranks->first_alone([&] { checkpoints_.save(state_, objective_, optimizer_); });
  saved_step_ = state_.step;
  // Without an evaluation to choose by, the newest model is the one to use.
  if (!objective_.can_evaluate()) save_objective();
  if (!is_first()) return;
  checkpoints_.prune(
      {.keep = std::max(options_.keep, options_.average), .save_every = options_.save_every.value_or(0), .best_step = state_.best_step});
}

void Trainer::save_objective() const {
  setup_.ranks->first_alone([&] { objective_.save(setup_.output); });
}

ExitCode Trainer::stop() {
  if (state_.step != saved_step_) save();
  log_->finish();
  if (saved_step_ > 0)
    log_info("stopped and saved at step " + std::to_string(saved_step_) + "; go on with: " + setup_.command + " --config " +
             (setup_.output / "run.toml").string() + " --resume");
  else
    log_info("stopped before the first step; nothing to save");
  return ExitCode::kStoppedAndSaved;
}

/// Why the run ended before its steps or epochs did; "" where it did not.
std::string Trainer::early_end() const {
  if ((options_.steps && state_.step >= *options_.steps) || (options_.epochs && objective_.epoch() >= *options_.epochs)) return "";
  if (options_.patience > 0 && state_.without_gain >= options_.patience)
    return "stopped early: " + std::to_string(state_.without_gain) + " evaluations in a row gave no better " +
           objective_.best_metric().name + " (--patience " + std::to_string(options_.patience) + ")";
  return "--max-minutes " + short_number(*options_.max_minutes) + " are over";
}

/// Whose weights the output folder holds.
std::string Trainer::written_model() const {
  if (options_.average > 0) return "the mean of the last checkpoints";
  if (state_.best) return "that of step " + std::to_string(state_.best_step) + ", the best by " + objective_.best_metric().name;
  return "that of step " + std::to_string(state_.step) + ", the last";
}

ExitCode Trainer::finish() {
  std::optional<Metrics> averaged;
  if (options_.average > 0) {
    averaged = write_average();
    agree();
    if (is_asked_to_stop_) return stop();
  } else if (objective_.can_evaluate() && !state_.best) {
    log_warning("no evaluation gave a finite " + objective_.best_metric().name + "; the last model is written");
    save_objective();
  }
  written_metrics_ = averaged ? metrics_to_json(*averaged) : options_.average > 0 ? Json::object() : state_.best_metrics;
  if (is_first())
    write_model_card(setup_.output, {.facts = objective_.card(),
                                     .command = setup_.command,
                                     .settings = state_.settings,
                                     .metrics = written_metrics_,
                                     .steps = state_.step,
                                     .tokens = state_.tokens,
                                     .averaged = options_.average});
  log_->finish();
  if (schedule_.total_steps == 0 && state_.step < options_.warmup_steps)
    log_warning("the run ended within its warm-up of " + std::to_string(options_.warmup_steps) + " steps (--warmup-steps)");
  if (const std::string reason = early_end(); !reason.empty()) log_info(reason);
  log_info("done: " + std::to_string(state_.step) + " steps, " + format_count(static_cast<double>(state_.tokens)) + " tokens in " +
           format_duration(state_.seconds) + "; the model in " + setup_.output.string() + " is " + written_model());
  return ExitCode::kDone;
}

std::optional<Metrics> Trainer::write_average() {
  std::vector<std::filesystem::path> folders;
  const std::filesystem::path average = setup_.output / "checkpoints" / "average";
  setup_.ranks->first_alone([&] {
    for (const std::int64_t step : checkpoints_.steps_to_average(options_.average, options_.save_every.value_or(0)))
      folders.push_back(checkpoints_.path(step));
    average_folders(folders, average);
  });
  objective_.load(average);
  std::optional<Metrics> metrics;
  if (objective_.can_evaluate()) {
    metrics = measure();
    if (!metrics) return std::nullopt;
    log_->record_evaluation(
        {.name = "average", .step = state_.step, .metrics = *metrics, .seconds = state_.seconds, .samples = objective_.samples()});
  }
  log_->say("mean of the last " + std::to_string(folders.size()) + " checkpoints" + (metrics ? ": " + format_metrics(*metrics) : "") +
            "; it is the model written" + (state_.best ? " (the best single one was step " + std::to_string(state_.best_step) + ")" : ""));
  save_objective();
  return metrics;
}

}  // namespace attend
