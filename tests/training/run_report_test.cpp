// What a run says of itself, and what it refuses to compare.
#include <functional>
#include <limits>

#include <catch2/catch.hpp>

#include "tests/support/captured_stderr.h"
#include "tests/support/temp_folder.h"
#include "tests/training/pretend_ranks.h"
#include "tests/training/toy_run.h"

using namespace attend;

namespace {

using O = TrainingOptions;

/// What a run of toy_options() with some changed says on standard error.
std::string said(const std::filesystem::path& output, const std::function<void(O&)>& change, ToySettings toy = {}, int world = 1) {
  TrainingOptions options = toy_options();
  change(options);
  ToyObjective objective(std::move(toy));
  Trainer trainer(objective,
                  {.output = output, .options = options, .ranks = std::make_shared<PretendRanks>(ProcessRank{.rank = 0, .world = world})});
  set_log_level(LogLevel::kNormal);
  std::string text = captured_stderr([&] { trainer.run(); });
  set_log_level(LogLevel::kQuiet);
  return text;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("Processes share the steps of an epoch; more epochs than can be counted are refused") {
  const TempFolder folder;
  const auto epochs = [](std::int64_t count) {
    return [count](O& o) {
      o.steps.reset();
      o.epochs = count;
      o.warmup_steps = 1000;
    };
  };
  // Four micro-batches an epoch, two a step.
  CHECK(contains(said(folder / "alone", epochs(2)), "not below the 4 steps of the run"));
  CHECK(contains(said(folder / "shared", epochs(2), {}, /*world=*/2), "not below the 2 steps of the run"));
  TrainingOptions endless = toy_options();
  epochs(std::numeric_limits<std::int64_t>::max())(endless);
  CHECK_THROWS_WITH(train(folder / "endless", endless), Catch::Contains("more than can be counted"));
}

TEST_CASE("A warm-up as long as the run is warned of, however the run's end is given") {
  const TempFolder folder;
  const std::string by_steps = said(folder / "steps", [](O& o) { o.warmup_steps = 12; });
  CHECK(contains(by_steps, "--warmup-steps 12 is not below the 12 steps of the run: the learning rate rises to 0.05 of 0.05"));
  const std::string by_epochs = said(folder / "epochs", [](O& o) {
    o.steps.reset();
    o.epochs = 5;
    o.warmup_steps = 100;
  });
  CHECK(contains(by_epochs, "--warmup-steps 100 is not below the 10 steps of the run: the learning rate rises to 0.005 of 0.05"));
  const std::string by_time = said(folder / "minutes", [](O& o) {
    o.steps.reset();
    o.max_minutes = 1e-9;
  });
  CHECK(contains(by_time, "the run ended within its warm-up of 3 steps"));
  CHECK_FALSE(contains(said(folder / "fine", [](O&) {}), "warm"));
}

TEST_CASE("A run says why it ended early, and which step's model its folder holds") {
  const TempFolder folder;
  const auto holds = [&](const char* name, const std::string& model) {
    return "; the model in " + (folder / name).string() + " is " + model + "\n";
  };
  const std::string patient = said(folder / "patient",
                                   [](O& o) {
                                     o.steps = 1000;
                                     o.eval_every = 2;
                                     o.patience = 2;
                                   },
                                   {.scripted = {5, 4, 6, 7}});
  CHECK(contains(patient, "stopped early: 2 evaluations in a row gave no better loss (--patience 2)"));
  CHECK(contains(patient, holds("patient", "that of step 4, the best by loss")));
  const std::string timed = said(folder / "timed", [](O& o) { o.max_minutes = 1e-9; }, {.has_validation = false});
  CHECK(contains(timed, "--max-minutes 1e-09 are over"));
  CHECK(contains(timed, holds("timed", "that of step 1, the last")));
  const std::string whole = said(folder / "whole", [](O& o) { o.eval_every = 6; }, {.scripted = {5, 6}});
  CHECK_FALSE((contains(whole, "stopped early") || contains(whole, "are over")));
  CHECK(contains(whole, holds("whole", "that of step 6, the best by loss")));
  CHECK(contains(said(folder / "mean", [](O& o) { o.average = 2; }), holds("mean", "the mean of the last checkpoints")));
}

TEST_CASE("The best model is compared with those of the same validation data only") {
  const TempFolder folder;
  TrainingOptions options = toy_options();
  options.steps = 5;
  train(folder / "run", options);
  options.steps = 8;
  CHECK_THROWS_WITH(train(folder / "run", options, {.validation = "others"}, Start::kResume),
                    Catch::Contains("the validation data are not those by which step"));
  CHECK_THROWS_AS(train(folder / "run", options, {.has_validation = false}, Start::kResume), UserError);
  CHECK(train(folder / "run", options, {}, Start::kResume).state.step == 8);
  // Where none was chosen yet, there is nothing to compare.
  options.steps = 2;
  train(folder / "first", options, {.has_validation = false});
  options.steps = 5;
  CHECK(train(folder / "first", options, {.validation = "others"}, Start::kResume).state.step == 5);
}
