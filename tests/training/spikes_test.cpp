// A loss that jumps and stays up, and what a run does about it.
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "tests/support/temp_folder.h"
#include "tests/training/toy_run.h"
#include "training/spikes.h"

using namespace attend;

namespace {

/// Whose losses are a hundred times too large in some micro-batches, counted from 0 over the whole run.
struct Poisoned : ToyObjective {
  using ToyObjective::ToyObjective;
  std::unique_ptr<MicroBatch> next() override {
    const auto index = position().at("taken").get<std::int64_t>();
    auto batch = ToyObjective::next();
    is_poisoned = index >= from && index < to;
    return batch;
  }
  std::vector<SummedLoss> loss(const MicroBatch& batch) override {
    auto losses = ToyObjective::loss(batch);
    if (is_poisoned) losses.front().loss = losses.front().loss * 100;
    return losses;
  }
  std::int64_t from = 0, to = 0;
  bool is_poisoned = false;
};

TrainingOptions rewinding() {
  TrainingOptions options = toy_options();
  options.steps = 90;
  options.accumulate = 1;
  options.save_every = 10;
  options.log_every = 1;
  options.on_spike = OnSpike::kRewind;
  return options;
}

struct Run {
  ExitCode code;
  TrainerState state;
  std::string weights, records;
};

Run train_poisoned(const std::filesystem::path& output, const TrainingOptions& options, std::int64_t from, std::int64_t to,
                   Start start = Start::kFresh, std::function<void()> after_batch = {}) {
  set_log_level(LogLevel::kErrors);
  Poisoned objective(ToySettings{.examples = 200, .has_validation = false, .after_batch = std::move(after_batch)});
  objective.from = from;
  objective.to = to;
  Trainer trainer(objective, {.output = output, .options = options, .start = start, .command = "attend pretrain toy"});
  const ExitCode code = trainer.run();
  reset_stop();
  return {code, trainer.state(), sha256_file(output / "checkpoints/last/model.safetensors"), read_text(output / "metrics.jsonl")};
}

}  // namespace

TEST_CASE("three high losses in a row are a spike, one is a hard batch, and NaN is high") {
  LossTrend trend;
  for (int i = 0; i < 30; ++i) CHECK_FALSE(is_spike(trend, 2 + 0.1 * std::sin(i), 6));
  CHECK(trend.mean == Approx(2).margin(0.05));
  CHECK_FALSE(is_spike(trend, 9, 6));
  CHECK_FALSE(is_spike(trend, 2, 6));
  CHECK_FALSE(is_spike(trend, 9, 6));
  CHECK_FALSE(is_spike(trend, std::numeric_limits<double>::quiet_NaN(), 6));
  CHECK(is_spike(trend, 8, 6));
  CHECK(trend.mean == Approx(2).margin(0.05));  // what is high does not move the mean
  LossTrend young;
  for (int i = 0; i < 15; ++i) CHECK_FALSE(is_spike(young, i % 2 == 0 ? 1 : 100, 6));
}

TEST_CASE("a run whose loss jumps goes back to its checkpoint, with other data and half the learning rate") {
  const TempFolder folder;
  const Run run = train_poisoned(folder / "run", rewinding(), 35, 38);
  CHECK(run.code == ExitCode::kDone);
  CHECK(run.state.step == 90);
  CHECK(run.state.position.at("taken") == 98);  // eight steps were taken again, with new data
  CHECK_THAT(run.records, Catch::Contains("\"skipped\":\"back from step 38: ") && Catch::Contains("times 0.5 up to step 70"));
  // Every step stands once, the lost ones with what came instead; the rate is back after five times the steps that were lost.
  double rate_40 = 0, rate_70 = 0, rate_71 = 0;
  std::istringstream lines(run.records);
  std::vector<std::int64_t> steps;
  for (std::string line; std::getline(lines, line);) {
    const Json record = Json::parse(line);
    if (record.contains("skipped")) continue;
    steps.push_back(record["step"].get<std::int64_t>());
    CHECK(record["loss"].get<double>() < 50);
    if (steps.back() == 40) rate_40 = record["learning_rate"].get<double>();
    if (steps.back() == 70) rate_70 = record["learning_rate"].get<double>();
    if (steps.back() == 71) rate_71 = record["learning_rate"].get<double>();
  }
  REQUIRE(steps.size() == 90);
  for (std::size_t i = 0; i < steps.size(); ++i) CHECK(steps[i] == static_cast<std::int64_t>(i) + 1);
  CHECK(rate_71 > 1.9 * rate_70);
  CHECK(rate_40 < rate_71);

  // Stopped after the rewind and resumed, it ends in the same bits.
  std::int64_t batches = 0;
  const Run stopped = train_poisoned(folder / "cut", rewinding(), 35, 38, Start::kFresh, [&] {
    if (++batches == 42) request_stop();
  });
  REQUIRE(stopped.code == ExitCode::kStoppedAndSaved);
  CHECK(stopped.state.step < 38);
  const Run resumed = train_poisoned(folder / "cut", rewinding(), 35, 38, Start::kResume);
  CHECK(resumed.weights == run.weights);
}

TEST_CASE("without a checkpoint there is nowhere to go back to, and a jump that comes back ends the run") {
  const TempFolder folder;
  TrainingOptions options = rewinding();
  options.save_every = 50;
  const Run early = train_poisoned(folder / "early", options, 35, 38);
  CHECK(early.code == ExitCode::kDone);
  CHECK(early.state.position.at("taken") == 90);
  CHECK_THROWS_WITH(train_poisoned(folder / "lasting", rewinding(), 35, 1000), Catch::Contains("for the fourth time after step 30"));
}

TEST_CASE("a loss that is not finite takes the run back too, unless such steps are to be skipped") {
  const TempFolder folder;
  const auto train_nan = [&](const char* name, OnNan on_nan, std::int64_t save_every) {
    set_log_level(LogLevel::kErrors);
    TrainingOptions options = rewinding();
    options.on_nan = on_nan;
    options.save_every = save_every;
    ToyObjective objective(ToySettings{.examples = 200, .has_validation = false, .nan_batch = 35});
    Trainer trainer(objective, {.output = folder / name, .options = options, .command = "attend pretrain toy"});
    const ExitCode code = trainer.run();
    CHECK(code == ExitCode::kDone);
    CHECK(trainer.state().step == 90);
    return read_text(folder / name / "metrics.jsonl");
  };
  CHECK_THAT(train_nan("back", OnNan::kStop, 10), Catch::Contains("\"skipped\":\"back from step 36: the loss is nan"));
  CHECK_THAT(train_nan("skipped", OnNan::kSkip, 10), Catch::Contains("\"step\":36,\"skipped\":") && !Catch::Contains("back from"));
  // Without a checkpoint it ends the run, as it would without the flag.
  CHECK_THROWS_WITH(train_nan("early", OnNan::kStop, 50), Catch::Contains("step 36: the loss is"));
}
