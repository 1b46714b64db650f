#include "training/trainer.h"

#include <algorithm>
#include <cmath>

#include "core/log.h"
#include "core/random.h"
#include "core/stop_signal.h"
#include "core/system_call.h"
#include "models/layers/recompute.h"
#include "training/autocast.h"
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

/// A block that is computed again runs a backward pass of its own, in which the Reducer would not find the parameters it waits for.
std::unique_ptr<GradientSums> gradient_sums(const TrainingOptions& options, Ranks& ranks, const std::vector<torch::Tensor>& parameters) {
  return options.recompute ? plain_gradient_sums(ranks, parameters) : ranks.gradient_sums(parameters);
}

OptimizerOptions optimizer_options(const TrainingOptions& options) {
  return {.kind = options.optimizer,
          .beta1 = options.beta1,
          .beta2 = options.beta2,
          .epsilon = options.epsilon,
          .weight_decay = options.weight_decay,
          .clip = options.clip,
          .is_sharded = options.shard_optimizer};
}

}  // namespace

std::shared_ptr<FolderLock> open_output(const std::filesystem::path& output, Start start) {
  make_folders(output, "choose another --output");
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
      optimizer_(objective.model(), optimizer_options(options_), setup_.ranks),
      gradient_sums_(gradient_sums(options_, *setup_.ranks, optimizer_.parameters())),
      checkpoints_(setup_.output) {
  if (!setup_.lock && is_first()) setup_.lock = open_output(setup_.output, setup_.start);
  ask_for_determinism();
  const Json settings = run_settings(options_, objective_);
  const std::string validation = objective_.validation();
  require_same_run(settings);
  if (const auto newest = step_to_resume()) {
    state_ = checkpoints_.state(*newest);
    check_resumed_settings(state_.settings, settings);
    if (state_.best && !state_.validation.empty() && state_.validation != validation)
      throw UserError("the validation data are not those by which step " + std::to_string(state_.best_step) +
                          " was found the best so far: its figures and new ones do not compare",
                      "resume with the same validation data, or start in another --output folder");
    const int world = setup_.ranks->process().world;
    if (state_.processes != world)
      log_warning("resuming with " + std::to_string(world) + " processes, not " + std::to_string(state_.processes) +
                  "; from here on the run differs from one that was never stopped");
    checkpoints_.load(state_, objective_, optimizer_);
    if (options_.steps && state_.step > *options_.steps)
      throw UserError("--steps " + std::to_string(*options_.steps) + " is over: the run is at step " + std::to_string(state_.step),
                      "give a larger --steps to go on");
    saved_step_ = *newest;
    log_info("going on from " + checkpoints_.path(*newest).string());
  } else if (setup_.start == Start::kResume) {
    log_info("no checkpoint in " + setup_.output.string() + " to go on from: starting at step 0");
  }
  if (options_.shard_optimizer && setup_.ranks->is_alone())
    log_warning("--shard-optimizer has no effect with one process: its share is everything");
  state_.settings = settings;
  state_.validation = validation;
  state_.processes = setup_.ranks->process().world;
  seconds_before_ = state_.seconds;
}

/// The newest checkpoint, by the word of the first process; none where the run starts.
std::optional<std::int64_t> Trainer::step_to_resume() const {
  if (setup_.start != Start::kResume) return std::nullopt;
  constexpr std::int64_t kNone = -1;
  const std::int64_t found = is_first() ? checkpoints_.newest_complete().value_or(kNone) : kNone;
  const auto step = static_cast<std::int64_t>(setup_.ranks->from_first(static_cast<double>(found)));
  return step == kNone ? std::nullopt : std::optional(step);
}

/// Flags, data and first weights are the same on every process.
void Trainer::require_same_run(const Json& settings) const {
  if (setup_.ranks->is_alone()) return;
  Json run = settings;
  for (const char* own : {"threads", "device"}) run.erase(own);
  run["output"] = setup_.output.string();
  run["validation"] = objective_.validation();
  run["batches"] = objective_.micro_batches_per_epoch();
  double weights = 0;
  const torch::NoGradGuard no_gradient;
  for (const torch::Tensor& parameter : objective_.model().parameters()) weights += parameter.to(torch::kFloat64).sum().item<double>();
  run["weights"] = weights;
  setup_.ranks->require_same("flags or data", run);
}

std::int64_t Trainer::total_steps() {
  std::int64_t total = options_.steps.value_or(0);
  if (options_.epochs) {
    const std::int64_t an_epoch = objective_.micro_batches_per_epoch(), a_step = options_.accumulate * setup_.ranks->process().world;
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
    setup_.ranks->first_alone([&] {
      checkpoints_.remove_leftovers();
      write_run_file({setup_.output, setup_.command}, state_.settings);
    });
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
    open_log();
    objective_.model().train();
    const ExitCode code = loop();
    setup_.ranks->any(false);  // nobody leaves while another still listens
    return code;
  } catch (const StorageError& error) {
    if (log_) log_->finish();
    log_error(std::string(error.what()) + "; " + what_is_saved() + ". Make room and go on with --resume");
    return ExitCode::kStoppedAndSaved;
  } catch (const PeerError& error) {
    if (log_) log_->finish();
    log_error(std::string(error.what()) + "; " + what_is_saved() + ". Start all processes again with --resume");
    return ExitCode::kStoppedAndSaved;
  }
}

std::string Trainer::what_is_saved() const {
  return saved_step_ > 0 ? "what was saved at step " + std::to_string(saved_step_) + " is whole" : "nothing had been saved yet";
}

/// What every process must see alike: whether one was asked to stop, and how long the run has taken, by the first one's clock.
void Trainer::agree() {
  is_asked_to_stop_ = stop_requested();
  if (setup_.ranks->is_alone()) return;
  std::vector<double> numbers{is_asked_to_stop_ ? 1.0 : 0.0, is_first() ? state_.seconds : 0.0};
  setup_.ranks->sum(numbers);
  is_asked_to_stop_ = numbers[0] > 0;
  state_.seconds = numbers[1];
}

ExitCode Trainer::loop() {
  while (true) {
    // A stop comes before a due evaluation, which can take minutes: the run that goes on finds it still due.
    agree();
    if (is_asked_to_stop_) return stop();
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
  const double learning_rate = this->learning_rate(step);
  const StepResult result = accumulate_gradients(step);
  if (options_.recompute && Recompute::num_blocks() == 0)
    throw UserError("--recompute: there is no block of this model that could be computed again", "leave --recompute out");
  if (rewind(step, result)) return;
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

// A batch where a term of the loss has no target (a batch of unknown words has nothing to predict) is passed over: by all processes
// together, where none of theirs has one, so that all stay at one position.
std::unique_ptr<MicroBatch> Trainer::next_micro_batch() {
  for (std::int64_t passed_over = 0;; ++passed_over) {
    auto batch = objective_.next();
    std::vector<double> targets(batch->num_targets.begin(), batch->num_targets.end());
    setup_.ranks->sum(targets);
    if (std::find(targets.begin(), targets.end(), 0.0) == targets.end()) return batch;
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
  std::vector<double> counts(targets.begin(), targets.end());
  counts.push_back(static_cast<double>(result.tokens));
  setup_.ranks->sum(counts);  // of the whole step: exact below 2^53
  for (std::size_t term = 0; term < targets.size(); ++term) targets[term] = static_cast<std::int64_t>(counts[term]);
  result.tokens = static_cast<std::int64_t>(counts.back());
  result.targets = targets.front();
  const ProcessRank process = setup_.ranks->process();
  std::vector<torch::Tensor> sums(targets.size());
  for (std::size_t i = 0; i < micro_batches.size(); ++i) {
    // By the micro-batch's place among those of all processes: two processes draw what one that accumulates two batches draws.
    const std::size_t place = i * static_cast<std::size_t>(process.world) + static_cast<std::size_t>(process.rank);
    torch::manual_seed(mix_seed(options_.seed, "dropout", {static_cast<std::uint64_t>(step), place, 0}));
    std::vector<SummedLoss> terms;
    {
      const Recompute recompute(options_.recompute);
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
    if (i + 1 < micro_batches.size())
      torch::autograd::backward(losses, weights);
    else
      gradient_sums_->last_backward(losses, weights);
  }
  sums.push_back(optimizer_.gradient_norm());
  for (torch::Tensor& number : sums) number = number.to(torch::kFloat64);
  const torch::Tensor numbers = torch::stack(sums).cpu();
  std::vector<double> losses(numbers.const_data_ptr<double>(), numbers.const_data_ptr<double>() + targets.size());
  setup_.ranks->sum(losses);
  for (std::size_t term = 0; term < targets.size(); ++term) result.loss += losses[term] / static_cast<double>(targets[term]);
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

void Trainer::update_seconds() { state_.seconds = seconds_before_ + seconds_since(started_); }

}  // namespace attend
