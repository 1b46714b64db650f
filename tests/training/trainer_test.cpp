#include <cmath>
#include <fstream>
#include <set>

#include <catch2/catch.hpp>

#include "core/atomic_file.h"
#include "core/log.h"
#include "core/stop_signal.h"
#include "tests/support/temp_folder.h"
#include "tests/training/pretend_ranks.h"
#include "tests/training/toy_run.h"
#include "training/trainer.h"

using namespace attend;

namespace {

std::string weights(const std::filesystem::path& folder) { return sha256_file(folder / "model.safetensors"); }

std::vector<Json> records(const std::filesystem::path& folder) {
  std::vector<Json> found;
  std::ifstream lines(folder / "metrics.jsonl");
  for (std::string line; std::getline(lines, line);) found.push_back(parse_json(line, "metrics.jsonl"));
  return found;
}

/// A record without what a clock decides.
Json timeless(Json record) {
  record.erase("seconds");
  record.erase("tokens_per_second");
  return record;
}

}  // namespace

TEST_CASE("Training lowers the loss, and leaves a folder with everything in it") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.steps = 60;
  const Outcome outcome = train(folder / "run", options);
  CHECK(outcome.code == ExitCode::kDone);
  for (const char* file :
       {"model.safetensors", "config.json", "README.md", "run.toml", "metrics.jsonl", "checkpoints/step-60/optimizer.safetensors",
        "checkpoints/step-60/trainer_state.json", "checkpoints/last/model.safetensors"})
    CHECK(std::filesystem::exists(folder / "run" / file));
  const auto log = records(folder / "run");
  double first = 0, last = 0;
  for (const Json& record : log)
    if (record.contains("evaluation")) (first == 0 ? first : last) = record["evaluation"]["loss"].get<double>();
  CHECK(last < first / 4);
  CHECK(read_text(folder / "run" / "run.toml").starts_with("# attend pretrain toy --config "));
  CHECK(read_text(folder / "run" / "README.md").find("attend toy --model " + (folder / "run").string()) != std::string::npos);
}

TEST_CASE("Four micro-batches accumulated are one large batch") {
  const TempFolder folder;
  // Eleven examples: micro-batches of 3, 3, 3 and 2, so that a mean of means would be another gradient. No dropout, whose draws differ.
  struct Plain : ToyObjective {
    using ToyObjective::ToyObjective;
    std::vector<SummedLoss> loss(const MicroBatch& batch) override {
      model().eval();
      return ToyObjective::loss(batch);
    }
  };
  const auto trained = [&](std::int64_t batch, std::int64_t accumulate, const std::string& name) {
    TrainingOptions options = toy_options();
    options.accumulate = accumulate;
    options.steps = 5;
    options.eval_every = 0;
    auto objective = std::make_unique<Plain>(ToySettings{.batch = batch, .has_validation = false});
    Trainer(*objective, {.output = folder / name, .options = options}).run();
    return objective;
  };
  set_log_level(LogLevel::kQuiet);
  const auto large = trained(11, 1, "large"), small = trained(3, 4, "small");
  CHECK(large->seen == small->seen);
  // The same sums in another order.
  CHECK((large->model().weight - small->model().weight).abs().max().item<double>() < 1e-6);
  CHECK((large->model().bias - small->model().bias).abs().max().item<double>() < 1e-6);
}

TEST_CASE("A run stopped after any step and resumed ends in the same bits and has seen the same examples") {
  const TempFolder folder;
  for (const std::int64_t average : {0, 2}) {
    TrainingOptions options = toy_options();
    options.average = average;
    const auto whole_folder = folder / ("whole-" + std::to_string(average));
    const Outcome whole = train(whole_folder, options);
    REQUIRE(whole.code == ExitCode::kDone);
    // Eleven examples in micro-batches of three, two a step: stops fall within epochs, at their ends, and on evaluations.
    for (std::int64_t stop_at = 1; stop_at <= 11; ++stop_at) {
      CAPTURE(average, stop_at);
      const auto run = folder / ("stopped-" + std::to_string(average) + "-" + std::to_string(stop_at));
      std::int64_t batches = 0;
      const ToySettings stopping{.after_batch = [&] {
        if (++batches == 2 * stop_at - 1) request_stop();  // in the middle of accumulating: the step is finished first
      }};
      const Outcome first = train(run, options, stopping);
      CHECK(first.code == ExitCode::kStoppedAndSaved);
      CHECK(first.state.step == stop_at);
      const Outcome second = train(run, options, {}, Start::kResume);
      CHECK(second.code == ExitCode::kDone);
      std::vector<std::int64_t> seen = first.seen;
      seen.insert(seen.end(), second.seen.begin(), second.seen.end());
      CHECK(seen == whole.seen);
      CHECK(weights(run) == weights(whole_folder));
      CHECK(weights(run / "checkpoints" / "last") == weights(whole_folder / "checkpoints" / "last"));
      const auto ours = records(run), theirs = records(whole_folder);
      REQUIRE(ours.size() == theirs.size());
      for (std::size_t i = 0; i < ours.size(); ++i) CHECK(timeless(ours[i]) == timeless(theirs[i]));
    }
  }
}

TEST_CASE("Resuming where there is nothing starts, and where all is done does nothing new") {
  const TempFolder folder;
  const Outcome first = train(folder / "run", toy_options(), {}, Start::kResume);
  CHECK(first.code == ExitCode::kDone);
  const std::string before = weights(folder / "run");
  const Outcome again = train(folder / "run", toy_options(), {}, Start::kResume);
  CHECK(again.code == ExitCode::kDone);
  CHECK(again.seen.empty());
  CHECK(weights(folder / "run") == before);
  CHECK_THROWS_WITH(train(folder / "run", toy_options()), Catch::Contains("already holds a run"));
}

TEST_CASE("A longer run resumed from a shorter one is the longer run") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.eval_every = 0;
  const ToySettings toy{.has_validation = false};
  train(folder / "long", options, toy);
  options.steps = 5;
  train(folder / "run", options, toy);
  options.steps = 12;
  train(folder / "run", options, toy, Start::kResume);
  CHECK(weights(folder / "run") == weights(folder / "long"));
}

TEST_CASE("Another seed on resuming is refused, since the order of the data depends on it") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  train(folder / "run", options);
  options.seed = 2;
  CHECK_THROWS_WITH(train(folder / "run", options, {}, Start::kResume), Catch::Contains("--seed was 1, now 2"));
}

TEST_CASE("Dropout depends on the seed") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  const Outcome one = train(folder / "one", options);
  options.seed = 2;
  const Outcome two = train(folder / "two", options);
  CHECK(one.seen == two.seen);  // the toy's own seed orders its data
  CHECK(weights(folder / "one" / "checkpoints" / "last") != weights(folder / "two" / "checkpoints" / "last"));
}

TEST_CASE("Each micro-batch of each step and each process drops elements of its own") {
  const TempFolder folder;
  // Notes the first draws after the trainer has seeded.
  struct Drawing : ToyObjective {
    using ToyObjective::ToyObjective;
    std::vector<SummedLoss> loss(const MicroBatch& batch) override {
      const auto draws = torch::rand({4});
      drawn.emplace_back(draws.const_data_ptr<float>(), draws.const_data_ptr<float>() + 4);
      return ToyObjective::loss(batch);
    }
    std::vector<std::vector<float>> drawn;
  };
  const auto drawn = [&](const char* name, int rank) {
    set_log_level(LogLevel::kQuiet);
    Drawing objective;
    Trainer(
        objective,
        {.output = folder / name, .options = toy_options(), .ranks = std::make_shared<PretendRanks>(ProcessRank{.rank = rank, .world = 2})})
        .run();
    return objective.drawn;
  };
  const auto one = drawn("one", 0), again = drawn("again", 0), other = drawn("other", 1);
  REQUIRE(one.size() == 24);  // twelve steps of two micro-batches
  CHECK(again == one);
  std::set<std::vector<float>> all(one.begin(), one.end());
  all.insert(other.begin(), other.end());
  CHECK(all.size() == 48);
}

TEST_CASE("A batch without targets is passed over, and a run of nothing else is our mistake") {
  const TempFolder folder;
  struct Sparse : ToyObjective {
    using ToyObjective::ToyObjective;
    std::unique_ptr<MicroBatch> next() override {
      auto batch = ToyObjective::next();
      if (++asked % every == 0) batch->num_targets = {0};
      return batch;
    }
    std::int64_t asked = 0, every = 3;
  };
  set_log_level(LogLevel::kQuiet);
  Sparse objective;
  CHECK(Trainer(objective, {.output = folder / "run", .options = toy_options()}).run() == ExitCode::kDone);
  CHECK(objective.asked == 35);  // twelve steps of two batches, and every third one besides
  Sparse empty;
  empty.every = 1;
  CHECK_THROWS_WITH(Trainer(empty, {.output = folder / "empty", .options = toy_options()}).run(), Catch::Contains("no batch of an epoch"));
}

TEST_CASE("A loss that is not a number stops the run before the weights change") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.accumulate = 1;
  CHECK_THROWS_WITH(train(folder / "run", options, {.nan_batch = 7}),
                    Catch::Contains("step 8: the loss is nan") && Catch::Contains("'weight'") && Catch::Contains("the step was not taken"));
  TrainingOptions shorter = options;
  shorter.steps = 6;
  train(folder / "good", shorter);
  CHECK(weights(folder / "run" / "checkpoints" / "step-6") == weights(folder / "good" / "checkpoints" / "step-6"));
  CHECK_FALSE(std::filesystem::exists(folder / "run" / "checkpoints" / "step-8"));
}

TEST_CASE("A step that is not finite is skipped where asked: no weight, no running mean takes part") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.accumulate = 1;
  options.on_nan = OnNan::kSkip;
  const Outcome outcome = train(folder / "run", options, {.nan_batch = 7});
  CHECK(outcome.code == ExitCode::kDone);
  CHECK(outcome.state.step == 12);
  bool is_recorded = false;
  for (const Json& record : records(folder / "run"))
    if (record.contains("skipped"))
      is_recorded = record["step"] == 8 && record["skipped"].get<std::string>().starts_with("the loss is nan");
  CHECK(is_recorded);
  ToyObjective objective;
  objective.load(folder / "run" / "checkpoints" / "last");
  CHECK(torch::isfinite(objective.model().weight).all().item<bool>());
}

TEST_CASE("Skipping does not go on for ever") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.on_nan = OnNan::kSkip;
  options.steps = 1000;
  CHECK_THROWS_WITH(train(folder / "run", options, {.nan_batch = 3, .nan_forever = true}),
                    Catch::Contains("skipping does not help any more"));
}

TEST_CASE("Early stopping waits for so many evaluations in a row, and keeps the best model") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.steps = 1000;
  options.eval_every = 2;
  options.patience = 3;
  options.save_every = 2;
  options.keep = 2;
  const double nan = std::nan("");
  const Outcome outcome = train(folder / "run", options, {.scripted = {5, 4, 4.5, nan, 3, 3, 3.1, 9, 1}});
  CHECK(outcome.code == ExitCode::kDone);
  CHECK(outcome.state.step == 16);  // evaluations at 2, 4, ...; the best is the fifth; an equal one is no gain
  CHECK(outcome.state.best == 3);
  CHECK(outcome.state.best_step == 10);
  // The last two, and the best one.
  CHECK(Checkpoints(folder / "run").steps() == std::vector<std::int64_t>{10, 14, 16});
  CHECK(weights(folder / "run") == weights(folder / "run" / "checkpoints" / "step-10"));
}

TEST_CASE("Early stopping counts on where a stopped run goes on") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.steps = 1000;
  options.eval_every = 2;
  options.patience = 3;
  std::int64_t batches = 0;
  const Outcome first = train(folder / "run", options, {.scripted = {5, 6}, .after_batch = [&] {
                                                          if (++batches == 10) request_stop();
                                                        }});
  CHECK(first.state.without_gain == 1);
  const Outcome second = train(folder / "run", options, {.scripted = {7, 8}}, Start::kResume);
  CHECK(second.state.step == 8);
  CHECK(second.state.best == 5);
}

TEST_CASE("The mean of the last checkpoints is the model written") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.average = 3;
  options.keep = 1;
  train(folder / "run", options);
  const Checkpoints checkpoints(folder / "run");
  torch::Tensor sum = torch::zeros({3, 4}, torch::kFloat64);
  for (const std::int64_t step : {6, 9, 12}) {
    ToyObjective objective;
    objective.load(checkpoints.path(step));
    sum += objective.model().weight.detach();
  }
  ToyObjective written;
  written.load(folder / "run");
  CHECK(torch::equal(written.model().weight, (sum / 3).to(torch::kFloat32)));
  const Json last = records(folder / "run").back();
  REQUIRE(last.contains("average"));
  // What the run answers with is of the model written, not of the best single one.
  ToyObjective again;
  Trainer trainer(again, {.output = folder / "run", .options = options, .start = Start::kResume});
  CHECK(trainer.run() == ExitCode::kDone);
  for (const auto& [name, value] : trainer.written_metrics().items()) CHECK(last["average"][name] == value);
  CHECK(trainer.written_metrics().size() > 0);
}

TEST_CASE("Whole epochs are trained, each example once in each") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.steps.reset();
  options.epochs = 3;
  options.accumulate = 1;
  const Outcome outcome = train(folder / "run", options);
  CHECK(outcome.state.step == 12);
  std::multiset<std::int64_t> seen(outcome.seen.begin(), outcome.seen.end());
  CHECK(seen.size() == 33);
  for (std::int64_t example = 0; example < 11; ++example) CHECK(seen.count(example) == 3);
}

TEST_CASE("Time spent in earlier parts of a run counts") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.steps.reset();
  options.max_minutes = 1e-9;
  const Outcome first = train(folder / "run", options);
  CHECK(first.state.step == 1);
  CHECK(first.code == ExitCode::kDone);
  const Outcome second = train(folder / "run", options, {}, Start::kResume);
  CHECK(second.state.step == 1);
  CHECK(second.state.seconds >= first.state.seconds);
}

TEST_CASE("A folder that a run is using is refused to a second one") {
  const TempFolder folder;
  set_log_level(LogLevel::kQuiet);
  ToyObjective one, two;
  const Trainer holder(one, {.output = folder / "run", .options = toy_options()});
  CHECK_THROWS_AS(Trainer(two, {.output = folder / "run", .options = toy_options()}), UserError);
}

TEST_CASE("bfloat16 trains by autocast and keeps weights in float32") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.steps = 60;
  options.precision = TrainingPrecision::kBfloat16;
  train(folder / "run", options);
  options.precision = TrainingPrecision::kFloat32;
  train(folder / "float32", options);
  CHECK(SafetensorsReader::open_folder(folder / "run").tensors().at("weight").dtype == DType::kF32);
  CHECK(weights(folder / "run") != weights(folder / "float32"));
  const auto final_loss = [&](const char* name) {
    double loss = 0;
    for (const Json& record : records(folder / name))
      if (record.contains("evaluation")) loss = record["evaluation"]["loss"].get<double>();
    return loss;
  };
  CHECK(final_loss("run") == Approx(final_loss("float32")).margin(0.05));
}
