#include "training/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/log.h"
#include "core/random.h"
#include "core/stop_signal.h"
#include "training/autocast.h"
#include "training/average.h"
#include "training/model_card.h"
#include "training/run_settings.h"

namespace attend {
namespace {

using Clock = std::chrono::steady_clock;

// More in a row than a spike explains: the run has diverged.
constexpr std::int64_t kMostSkippedInARow = 20;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void ask_for_determinism() {
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(true);
  // Otherwise every new tensor is filled with NaN first. We never read what we have not written.
  at::globalContext().setDeterministicFillUninitializedMemory(false);
}

OptimizerOptions optimizer_options(const TrainingOptions& options) {
  return {.kind = options.optimizer,
          .beta1 = options.beta1,
          .beta2 = options.beta2,
          .epsilon = options.epsilon,
          .weight_decay = options.weight_decay,
          .clip = options.clip};
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

double metric(const Metrics& metrics, const std::string& name) {
  for (const auto& [candidate, value] : metrics)
    if (candidate == name) return value;
  TORCH_CHECK(false, "the objective's evaluation has no metric ", name);
}

}  // namespace

std::shared_ptr<FolderLock> open_output(const std::filesystem::path& output, Start start) {
  std::error_code failed;
  std::filesystem::create_directories(output, failed);
  if (failed) throw UserError(output.string() + ": cannot make this folder: " + failed.message(), "choose another --output");
  auto lock = std::make_shared<FolderLock>(output);
  const bool has_checkpoints = !Checkpoints(output).steps().empty();
  if (start == Start::kFresh && has_checkpoints)
    throw UserError(output.string() + " already holds a run, with checkpoints", "add --resume to go on, or choose another --output");
  for (const char* weights : {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"})
    if (!has_checkpoints && std::filesystem::exists(output / weights))
      throw UserError(output.string() + " already holds a model, and no checkpoint to go on from: its " + weights + " would be overwritten",
                      "choose another --output");
  return lock;
}

Trainer::Trainer(Objective& objective, TrainerSetup setup)
    : objective_(objective),
      setup_(std::move(setup)),
      options_(setup_.options),
      optimizer_(objective.model(), optimizer_options(options_)),
      checkpoints_(setup_.output) {
  if (!setup_.lock) setup_.lock = open_output(setup_.output, setup_.start);
  ask_for_determinism();
  const Json settings = run_settings(options_, objective_);
  const std::string validation = objective_.validation();
  if (const auto newest = setup_.start == Start::kResume ? checkpoints_.newest_complete() : std::nullopt) {
    state_ = checkpoints_.state(*newest);
    check_resumed_settings(state_.settings, settings);
    if (state_.best && !state_.validation.empty() && state_.validation != validation)
      throw UserError("the validation data are not those by which step " + std::to_string(state_.best_step) +
                          " was found the best so far: its figures and new ones do not compare",
                      "resume with the same validation data, or start in another --output folder");
    checkpoints_.load(state_, objective_, optimizer_);
    if (options_.steps && state_.step > *options_.steps)
      throw UserError("--steps " + std::to_string(*options_.steps) + " is over: the run is at step " + std::to_string(state_.step),
                      "give a larger --steps to go on");
    saved_step_ = *newest;
    log_info("going on from " + checkpoints_.path(*newest).string());
  } else if (setup_.start == Start::kResume) {
    log_info("no checkpoint in " + setup_.output.string() + " to go on from: starting at step 0");
  }
  state_.settings = settings;
  state_.validation = validation;
  seconds_before_ = state_.seconds;
}

std::int64_t Trainer::total_steps() {
  std::int64_t total = options_.steps.value_or(0);
  if (options_.epochs) {
    const std::int64_t an_epoch = objective_.micro_batches_per_epoch(), a_step = options_.accumulate * setup_.process.world;
    std::int64_t micro_batches = 0;
    if (__builtin_mul_overflow(*options_.epochs, an_epoch, &micro_batches))
      throw UserError("--epochs is " + std::to_string(*options_.epochs) + ", of " + std::to_string(an_epoch) +
                          " batches each: more than can be counted",
                      "use a smaller --epochs, or --steps");
    const std::int64_t steps = micro_batches / a_step + (micro_batches % a_step > 0 ? 1 : 0);
    total = total == 0 ? steps : std::min(total, steps);
  }
  return total;
}

ExitCode Trainer::run() {
  started_ = Clock::now();
  stop_after_step();
  try {
    checkpoints_.remove_leftovers();
    write_run_file({setup_.output, setup_.command}, state_.settings);
    const std::int64_t total = total_steps();
    schedule_ = {.kind = schedule_of(options_),
                 .peak = options_.learning_rate,
                 .minimum = options_.min_learning_rate,
                 .warmup_steps = options_.warmup_steps,
                 .total_steps = total};
    if (total > 0 && options_.warmup_steps >= total && state_.step < total)
      log_warning("--warmup-steps " + std::to_string(options_.warmup_steps) + " is not below the " + std::to_string(total) +
                  " steps of the run: the learning rate rises to " + short_number(schedule_.learning_rate(total)) + " of " +
                  short_number(options_.learning_rate));
    log_ = std::make_unique<RunLog>(setup_.output, state_.step, total);
    objective_.model().train();
    return loop();
  } catch (const StorageError& error) {
    if (log_) log_->finish();
    log_error(std::string(error.what()) + "; " +
              (saved_step_ > 0 ? "what was saved at step " + std::to_string(saved_step_) + " is whole" : "nothing had been saved yet") +
              ". Make room and go on with --resume");
    return ExitCode::kStoppedAndSaved;
  }
}

ExitCode Trainer::loop() {
  while (true) {
    // A stop comes before a due evaluation, which can take minutes: the run that goes on finds it still due.
    if (stop_requested()) return stop();
    if (evaluation_is_due()) {
      evaluate();
      continue;
    }
    if (save_is_due()) save();
    if (is_finished()) return finish();
    train_step();
  }
}

bool Trainer::is_finished() const {
  return (options_.steps && state_.step >= *options_.steps) || (options_.epochs && objective_.epoch() >= *options_.epochs) ||
         (options_.max_minutes && state_.seconds >= 60 * *options_.max_minutes) ||
         (options_.patience > 0 && state_.without_gain >= options_.patience);
}

bool Trainer::evaluation_is_due() const {
  if (!objective_.can_evaluate() || state_.step == state_.evaluated_step) return false;
  return (options_.eval_every > 0 && state_.step % *options_.eval_every == 0) || is_finished();
}

bool Trainer::save_is_due() const {
  if (state_.step == saved_step_) return false;
  return (options_.save_every > 0 && state_.step % *options_.save_every == 0) || is_finished();
}

void Trainer::train_step() {
  const auto start = Clock::now();
  const std::int64_t step = state_.step + 1;
  const double learning_rate = schedule_.learning_rate(step);
  const StepResult result = accumulate_gradients(step);
  const bool is_good = std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
  if (is_good) {
    optimizer_.step(learning_rate, result.gradient_norm);
    state_.loss_sum += result.loss * static_cast<double>(result.targets);
    state_.loss_targets += result.targets;
    state_.gradient_norm = result.gradient_norm;
    state_.skipped_in_a_row = 0;
  } else {
    refuse_step(step, result);
  }
  optimizer_.clear_gradients();
  state_.step = step;
  state_.tokens += result.tokens;
  state_.position = objective_.position();
  update_seconds();
  if (is_good)
    log_->show_step(
        {.step = step, .loss = result.loss, .learning_rate = learning_rate, .tokens = result.tokens, .step_seconds = seconds_since(start)});
  if (step % options_.log_every == 0) record(step, learning_rate);
}

// A batch where a term of the loss has no target (a batch of unknown words has nothing to predict) is passed over. Several processes will
// have to do so together, by the sum of their targets, to stay at one position.
std::unique_ptr<MicroBatch> Trainer::next_micro_batch() {
  for (std::int64_t passed_over = 0;; ++passed_over) {
    auto batch = objective_.next();
    const std::vector<std::int64_t>& targets = batch->num_targets;  // of several processes: to be summed here
    if (std::find(targets.begin(), targets.end(), 0) == targets.end()) return batch;
    TORCH_CHECK(passed_over <= objective_.micro_batches_per_epoch(), "no batch of an epoch has a target");
  }
}

Trainer::StepResult Trainer::accumulate_gradients(std::int64_t step) {
  StepResult result;
  std::vector<std::unique_ptr<MicroBatch>> micro_batches;
  std::vector<std::int64_t> targets;  // of each term of the loss
  for (std::int64_t i = 0; i < options_.accumulate; ++i) {
    micro_batches.push_back(next_micro_batch());
    const MicroBatch& batch = *micro_batches.back();
    targets.resize(batch.num_targets.size());
    for (std::size_t term = 0; term < targets.size(); ++term) targets[term] += batch.num_targets[term];
    result.tokens += batch.num_tokens;
  }
  result.targets = targets.front();
  std::vector<torch::Tensor> sums(targets.size());
  for (std::size_t i = 0; i < micro_batches.size(); ++i) {
    torch::manual_seed(
        mix_seed(options_.seed, "dropout", {static_cast<std::uint64_t>(step), i, static_cast<std::uint64_t>(setup_.process.rank)}));
    std::vector<SummedLoss> terms;
    {
      const Autocast autocast(options_.precision, objective_.model().parameters().front().device());
      terms = objective_.loss(*micro_batches[i]);
    }
    TORCH_CHECK(terms.size() == targets.size(), "the objective miscounted the terms of its loss");
    // The targets of the whole step divide every micro-batch's sum, so accumulating equals one large batch.
    std::vector<torch::Tensor> losses, weights;
    for (std::size_t term = 0; term < terms.size(); ++term) {
      TORCH_CHECK(terms[term].num_targets == micro_batches[i]->num_targets[term], "the objective miscounted its targets");
      losses.push_back(terms[term].loss);
      weights.push_back(torch::full_like(terms[term].loss, 1.0 / static_cast<double>(targets[term])));
      const auto sum = terms[term].loss.detach();
      sums[term] = sums[term].defined() ? sums[term] + sum : sum;
    }
    torch::autograd::backward(losses, weights);
  }
  sums.push_back(optimizer_.gradient_norm());
  for (torch::Tensor& number : sums) number = number.to(torch::kFloat64);
  const torch::Tensor numbers = torch::stack(sums).cpu();
  for (std::size_t term = 0; term < targets.size(); ++term)
    result.loss += numbers[static_cast<std::int64_t>(term)].item<double>() / static_cast<double>(targets[term]);
  result.gradient_norm = numbers[-1].item<double>();
  return result;
}

void Trainer::refuse_step(std::int64_t step, const StepResult& result) {
  std::string reason = std::isfinite(result.loss) ? "the gradient's norm is " + std::to_string(result.gradient_norm)
                                                  : "the loss is " + std::to_string(result.loss);
  const std::string parameter = optimizer_.first_bad_parameter(), gradient = optimizer_.first_bad_gradient();
  if (!parameter.empty())
    reason += "; the weights of '" + parameter + "' hold NaN or infinity";
  else if (!gradient.empty())
    reason += "; the first bad gradient is that of '" + gradient + "'";
  ++state_.skipped_in_a_row;
  const bool is_hopeless = !parameter.empty() || state_.skipped_in_a_row > kMostSkippedInARow;
  if (options_.on_nan == OnNan::kSkip && !is_hopeless) {
    log_->record_skipped(step, reason);
    return;
  }
  log_->finish();
  throw UserError("step " + std::to_string(step) + ": " + reason + "; the step was not taken" +
                      (options_.on_nan == OnNan::kSkip ? ", and skipping does not help any more" : ""),
                  "use a smaller --learning-rate, more --warmup-steps or a smaller --clip" +
                      std::string(options_.on_nan == OnNan::kStop ? ", or --on-nan skip" : "") +
                      (saved_step_ > 0 ? "; --resume goes on from step " + std::to_string(saved_step_) : ""));
}

void Trainer::record(std::int64_t step, double learning_rate) {
  if (state_.loss_targets == 0) return;  // every step since the last record was skipped
  log_->record_step({.step = step,
                     .epoch = objective_.epoch(),
                     .loss = state_.loss_sum / static_cast<double>(state_.loss_targets),
                     .learning_rate = learning_rate,
                     .gradient_norm = state_.gradient_norm,
                     .seconds = state_.seconds});
  state_.loss_sum = 0;
  state_.loss_targets = 0;
}

std::optional<Metrics> Trainer::measure() {
  const torch::NoGradGuard no_grad;
  objective_.model().eval();
  std::optional<Metrics> metrics = objective_.evaluate(stop_requested);
  objective_.model().train();
  update_seconds();
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
    objective_.save(setup_.output);
  }
  log_->record_evaluation("evaluation", state_.step, *metrics, state_.seconds);
  log_->say("step " + std::to_string(state_.step) + ": " + format_metrics(*metrics) + (is_best ? "  (best so far)" : ""));
}

void Trainer::save() {
  checkpoints_.save(state_, objective_, optimizer_);
  saved_step_ = state_.step;
  // Without an evaluation to choose by, the newest model is the one to use.
  if (!objective_.can_evaluate()) objective_.save(setup_.output);
  checkpoints_.prune(
      {.keep = std::max(options_.keep, options_.average), .save_every = options_.save_every.value_or(0), .best_step = state_.best_step});
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
    if (stop_requested()) return stop();
  } else if (objective_.can_evaluate() && !state_.best) {
    log_warning("no evaluation gave a finite " + objective_.best_metric().name + "; the last model is written");
    objective_.save(setup_.output);
  }
  written_metrics_ = averaged ? metrics_to_json(*averaged) : options_.average > 0 ? Json::object() : state_.best_metrics;
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
  for (const std::int64_t step : checkpoints_.steps_to_average(options_.average, options_.save_every.value_or(0)))
    folders.push_back(checkpoints_.path(step));
  const std::filesystem::path average = setup_.output / "checkpoints" / "average";
  average_folders(folders, average);
  objective_.load(average);
  std::optional<Metrics> metrics;
  if (objective_.can_evaluate()) {
    metrics = measure();
    if (!metrics) return std::nullopt;
    log_->record_evaluation("average", state_.step, *metrics, state_.seconds);
  }
  log_->say("mean of the last " + std::to_string(folders.size()) + " checkpoints" + (metrics ? ": " + format_metrics(*metrics) : "") +
            "; it is the model written" + (state_.best ? " (the best single one was step " + std::to_string(state_.best_step) + ")" : ""));
  objective_.save(setup_.output);
  return metrics;
}

void Trainer::update_seconds() { state_.seconds = seconds_before_ + seconds_since(started_); }

}  // namespace attend
