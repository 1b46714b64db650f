#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/field_io.h"
#include "tests/support/captured_stderr.h"
#include "training/training_options.h"

using namespace attend;

namespace {

std::string refusal(const std::function<void(TrainingOptions&)>& change, Validation validation = Validation::kPresent) {
  TrainingOptions options;
  change(options);
  try {
    validate(options, validation);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A run without an end is ten epochs") {
  TrainingOptions options;
  validate(options, Validation::kPresent);
  CHECK(options.epochs == 10);
  TrainingOptions timed;
  timed.max_minutes = 2;
  validate(timed, Validation::kAbsent);
  CHECK_FALSE(timed.epochs.has_value());
}

TEST_CASE("A schedule that ends with the run is constant where minutes alone say when that is") {
  TrainingOptions options;
  options.default_schedule = ScheduleKind::kCosine;
  CHECK(schedule_of(options) == ScheduleKind::kCosine);
  options.max_minutes = 2;
  validate(options, Validation::kAbsent);
  CHECK(schedule_of(options) == ScheduleKind::kConstant);
  options.steps = 1000;
  CHECK(schedule_of(options) == ScheduleKind::kCosine);
  options.steps.reset();
  options.default_schedule = ScheduleKind::kInverseSqrt;
  CHECK(schedule_of(options) == ScheduleKind::kInverseSqrt);
  options.schedule = ScheduleKind::kConstant;
  CHECK(schedule_of(options) == ScheduleKind::kConstant);
}

TEST_CASE("A batch is what was asked for, or else the command's own") {
  TrainingOptions options;
  options.default_batch = {.sequences = 16};
  validate(options, Validation::kPresent);
  CHECK(options.batch_size == 16);
  CHECK_FALSE(options.batch_tokens.has_value());
  TrainingOptions by_tokens;
  by_tokens.default_batch = {.sequences = 16};
  by_tokens.batch_tokens = 500;
  validate(by_tokens, Validation::kPresent);
  CHECK_FALSE(by_tokens.batch_size.has_value());
  CHECK(batch_budget(by_tokens).tokens == 500);
  CHECK(batch_budget(options).tokens == 0);
  CHECK(batch_budget(options).sequences == 16);
  CHECK(refusal([](TrainingOptions& o) { o.batch_tokens = o.batch_size = 8; }) == "--batch-tokens and --batch-size are both given");
}

TEST_CASE("Each setting out of range is named with its flag, what was found and what was expected") {
  using O = TrainingOptions;
  CHECK(refusal([](O& o) { o.steps = 0; }) == "--steps is 0; expected 1 or more");
  CHECK(refusal([](O& o) { o.epochs = -1; }) == "--epochs is -1; expected 1 or more");
  CHECK(refusal([](O& o) { o.max_minutes = 0; }) == "--max-minutes is 0; expected more than 0");
  CHECK(refusal([](O& o) { o.batch_tokens = 0; }) == "--batch-tokens is 0; expected 1 or more");
  CHECK(refusal([](O& o) { o.batch_size = 0; }) == "--batch-size is 0; expected 1 or more");
  CHECK(refusal([](O& o) { o.batch_size = std::int64_t{1} << 62; }) == "--batch-size is 4611686018427387904; expected at most 2147483647");
  CHECK(refusal([](O& o) { o.batch_tokens = std::int64_t{1} << 31; }) == "--batch-tokens is 2147483648; expected at most 2147483647");
  CHECK(refusal([](O& o) { o.batch_tokens = (std::int64_t{1} << 31) - 1; }).empty());
  CHECK(refusal([](O& o) { o.accumulate = std::int64_t{1} << 62; }).starts_with("--accumulate is 4611686018427387904; expected at most"));
  CHECK(refusal([](O& o) { o.accumulate = 0; }) == "--accumulate is 0; expected 1 or more");
  CHECK(refusal([](O& o) { o.learning_rate = 0; }) == "--learning-rate is 0; expected more than 0");
  CHECK(refusal([](O& o) { o.learning_rate = std::nan(""); }) == "--learning-rate is nan; expected more than 0");
  CHECK(refusal([](O& o) { o.beta2 = 1; }) == "--beta2 is 1; expected 0 or more, below 1");
  CHECK(refusal([](O& o) { o.clip = -1; }) == "--clip is -1; expected 0 or more");
  CHECK(refusal([](O& o) { o.keep = 0; }) == "--keep is 0; expected 1 or more");
  CHECK(refusal([](O& o) { o.log_every = 0; }) == "--log-every is 0; expected 1 or more");
}

TEST_CASE("Settings that would have no effect are refused") {
  using O = TrainingOptions;
  CHECK(refusal([](O& o) { o.min_learning_rate = 2; }).starts_with("--min-learning-rate is 2; expected less than"));
  CHECK(refusal([](O& o) {
          o.schedule = ScheduleKind::kConstant;
          o.min_learning_rate = 1e-5;
        }) == "--min-learning-rate has no effect with --schedule constant");
  CHECK(refusal([](O& o) {
          o.schedule = ScheduleKind::kCosine;
          o.max_minutes = 5;
        }).starts_with("--schedule cosine needs to know where the run ends"));
  CHECK(refusal([](O& o) { o.patience = 3; }, Validation::kAbsent) == "--patience needs validation data");
  CHECK(refusal([](O& o) {
          o.patience = 3;
          o.eval_every = 0;
        }) == "--patience has no effect with --eval-every 0");
  CHECK(refusal([](O& o) {
          o.average = 5;
          o.save_every = 0;
        }).starts_with("--average 5 needs that many checkpoints"));
  CHECK(refusal([](O& o) {
          o.on_spike = OnSpike::kRewind;
          o.save_every = 0;
        }).starts_with("--on-spike rewind needs checkpoints to go back to"));
  CHECK(refusal([](O& o) { o.spike_deviations = 0.5; }).starts_with("--spike-deviations is 0.5; expected 1 or more"));
}

TEST_CASE("Evaluations asked for without validation data are told to have no effect") {
  const auto said = [](std::optional<std::int64_t> every, Validation validation) {
    TrainingOptions options;
    options.eval_every = every;
    return captured_stderr([&] { validate(options, validation); });
  };
  CHECK(said(7, Validation::kAbsent).find("--eval-every has no effect") != std::string::npos);
  CHECK(said(7, Validation::kPresent).empty());
  CHECK(said(0, Validation::kAbsent).empty());
  CHECK(said(std::nullopt, Validation::kAbsent).empty());
}

TEST_CASE("Training options survive JSON, which holds each field under its flag's name") {
  TrainingOptions options;
  options.steps = 77;
  options.schedule = ScheduleKind::kLinear;
  options.on_nan = OnNan::kSkip;
  options.learning_rate = 0.1 + 0.2;
  const Json json = to_json(options);
  CHECK(json["schedule"] == "linear");
  CHECK(json["epochs"].is_null());
  TrainingOptions read;
  from_json(read, json, "test", UnknownKeys::kRefuse);
  CHECK(to_json(read) == json);
  CHECK(read.learning_rate == 0.1 + 0.2);
  CHECK(read.on_nan == OnNan::kSkip);
}
