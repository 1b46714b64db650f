#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>

#include <catch2/catch.hpp>

#include "core/atomic_file.h"
#include "core/log.h"
#include "tests/support/temp_folder.h"
#include "tests/training/toy_objective.h"
#include "training/checkpoint.h"
#include "training/trainer.h"

using namespace attend;

namespace {

struct Saved {
  explicit Saved(const std::filesystem::path& output) : optimizer(objective.model(), {}), checkpoints(output) {
    set_log_level(LogLevel::kQuiet);
  }
  void save(std::int64_t step) {
    const torch::NoGradGuard no_grad;
    objective.model().bias.fill_(static_cast<double>(step));
    TrainerState state{
        .step = step, .position = objective.position(), .loss_sum = 0.1 * static_cast<double>(step), .settings = Json::object()};
    checkpoints.save(state, objective, optimizer);
  }
  TrainerState load(std::int64_t step) {
    TrainerState state = checkpoints.state(step);
    checkpoints.load(state, objective, optimizer);
    return state;
  }

  ToyObjective objective;
  Optimizer optimizer;
  Checkpoints checkpoints;
};

/// No file may grow over so many bytes while it lives: what a full disk does to write().
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    previous_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limited{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, previous_);
  }

 private:
  rlimit before_{};
  void (*previous_)(int) = nullptr;
};

}  // namespace

TEST_CASE("A checkpoint gives back the state to the bit, and last points at it") {
  const TempFolder folder;
  Saved saved(folder.path());
  saved.objective.next();
  saved.save(7);
  const Json position = saved.objective.position();
  saved.objective.next();
  const TrainerState state = saved.load(7);
  CHECK(state.step == 7);
  CHECK(state.loss_sum == 0.1 * 7.0);
  CHECK_FALSE(state.best.has_value());
  CHECK(saved.objective.position() == position);
  CHECK(std::filesystem::read_symlink(folder / "checkpoints/last") == "step-7");
  CHECK(folder_is_complete(folder / "checkpoints/step-7", CheckHashes::kYes));
}

TEST_CASE("A checkpoint cut short, changed or without its manifest is passed over") {
  const TempFolder folder;
  Saved saved(folder.path());
  for (const std::int64_t step : {1, 2, 3, 4}) saved.save(step);
  CHECK(saved.checkpoints.newest_complete() == 4);
  std::filesystem::resize_file(folder / "checkpoints/step-4/optimizer.safetensors", 100);
  CHECK(saved.checkpoints.newest_complete() == 3);
  std::string bytes = read_text(folder / "checkpoints/step-3/model.safetensors");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);  // the size stays, the hash does not
  write_text(folder / "checkpoints/step-3/model.safetensors", bytes);
  CHECK(saved.checkpoints.newest_complete() == 2);
  std::filesystem::remove(folder / "checkpoints/step-2/manifest.json");
  CHECK(saved.checkpoints.newest_complete() == 1);
  CHECK(saved.load(1).step == 1);
  CHECK(saved.objective.model().bias[0].item<double>() == 1);
  std::filesystem::remove_all(folder / "checkpoints/step-1");
  CHECK_FALSE(saved.checkpoints.newest_complete().has_value());
}

TEST_CASE("A disk that is full while saving leaves the checkpoints there were") {
  const TempFolder folder;
  Saved saved(folder.path());
  saved.save(1);
  // At each limit another file of the checkpoint, or another part of one, is the one that does not fit.
  for (const rlim_t limit : {0, 10, 40, 100, 200, 300}) {
    CAPTURE(limit);
    bool is_refused = false;
    {
      const FileSizeLimit full(limit);
      try {
        saved.save(2);
      } catch (const StorageError& error) {
        is_refused = std::string(error.what()).find("step-2") != std::string::npos;
      }
    }
    CHECK(is_refused);
    CHECK(saved.checkpoints.steps() == std::vector<std::int64_t>{1});
    CHECK(saved.checkpoints.newest_complete() == 1);
  }
  CHECK(saved.load(1).step == 1);
  saved.save(2);
  CHECK(saved.checkpoints.newest_complete() == 2);
}

TEST_CASE("A run whose disk is full ends with 75 and goes on to the same bits when there is room") {
  const TempFolder folder;
  TrainingOptions options;
  options.steps = 6;
  options.save_every = 2;
  options.eval_every = 0;
  options.warmup_steps = 2;
  const ToySettings toy{.has_validation = false};
  const auto train = [&](const char* name, ToySettings settings, Start start) {
    ToyObjective objective(std::move(settings));
    return Trainer(objective, {.output = folder / name, .options = options, .start = start}).run();
  };
  set_log_level(LogLevel::kQuiet);
  CHECK(train("whole", toy, Start::kFresh) == ExitCode::kDone);
  {
    std::unique_ptr<FileSizeLimit> full;
    std::int64_t batches = 0;
    ToySettings filling = toy;
    filling.after_batch = [&] {
      if (++batches == 4) full = std::make_unique<FileSizeLimit>(200);
    };
    CHECK(train("run", filling, Start::kFresh) == ExitCode::kStoppedAndSaved);
  }
  CHECK(Checkpoints(folder / "run").steps() == std::vector<std::int64_t>{2});
  CHECK(train("run", toy, Start::kResume) == ExitCode::kDone);
  CHECK(sha256_file(folder / "run/model.safetensors") == sha256_file(folder / "whole/model.safetensors"));
}

TEST_CASE("The last checkpoints and the best are kept; what a stop saved in between goes") {
  const TempFolder folder;
  Saved saved(folder.path());
  for (const std::int64_t step : {10, 20, 25, 30, 40, 47}) saved.save(step);
  saved.checkpoints.prune({.keep = 2, .save_every = 10, .best_step = 10});
  CHECK(saved.checkpoints.steps() == std::vector<std::int64_t>{10, 30, 40, 47});
  saved.save(50);
  saved.checkpoints.prune({.keep = 2, .save_every = 10, .best_step = 10});
  CHECK(saved.checkpoints.steps() == std::vector<std::int64_t>{10, 40, 50});
}

TEST_CASE("Averaging takes the same checkpoints whether or not the run was stopped") {
  const TempFolder folder;
  Saved saved(folder.path());
  for (const std::int64_t step : {10, 20, 23, 30, 36}) saved.save(step);
  CHECK(saved.checkpoints.steps_to_average(3, 10) == std::vector<std::int64_t>{20, 30, 36});
  CHECK(saved.checkpoints.steps_to_average(9, 10) == std::vector<std::int64_t>{10, 20, 30, 36});
  CHECK(saved.checkpoints.steps_to_average(2, 0) == std::vector<std::int64_t>{36});
}

TEST_CASE("A checkpoint without its weights takes no part in the mean") {
  const TempFolder folder;
  Saved saved(folder.path());
  for (const std::int64_t step : {10, 20, 30, 40}) saved.save(step);
  std::filesystem::remove(folder / "checkpoints/step-20/model.safetensors");  // as one whose removal was killed
  CHECK(saved.checkpoints.steps_to_average(3, 10) == std::vector<std::int64_t>{10, 30, 40});
  for (const std::int64_t step : {10, 30, 40}) std::filesystem::remove(saved.checkpoints.path(step) / "manifest.json");
  CHECK(saved.checkpoints.steps_to_average(3, 10).empty());
}

TEST_CASE("A process killed while it removes checkpoints leaves each whole, or a leftover") {
  const TempFolder folder;
  const Checkpoints checkpoints(folder.path());
  constexpr int kFiles = 300;
  for (int round = 0; round < 15; ++round) {
    for (const std::int64_t step : {10, 20, 30, 40}) {
      std::filesystem::create_directories(checkpoints.path(step));
      for (int file = 0; file < kFiles; ++file) write_text(checkpoints.path(step) / std::to_string(file), "");
    }
    const pid_t child = ::fork();
    if (child == 0) {
      checkpoints.prune({.keep = 1, .save_every = 10});
      ::_exit(0);
    }
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (checkpoints.steps().size() == 4 && std::chrono::steady_clock::now() < give_up) {  // the first is gone, others are to go
    }
    ::usleep(static_cast<useconds_t>(100 * round));
    ::kill(child, SIGKILL);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    for (const std::int64_t step : checkpoints.steps()) {
      const auto files = std::filesystem::directory_iterator(checkpoints.path(step));
      CHECK(std::distance(begin(files), end(files)) == kFiles);
    }
    CHECK(checkpoints.steps().size() < 4);
    checkpoints.remove_leftovers();
    const auto left = std::filesystem::directory_iterator(folder / "checkpoints");
    CHECK(std::distance(begin(left), end(left)) == static_cast<std::ptrdiff_t>(checkpoints.steps().size()));
  }
}

TEST_CASE("What a killed process left half written is removed") {
  const TempFolder folder;
  Saved saved(folder.path());
  saved.save(1);
  std::filesystem::create_directories(folder / "checkpoints/step-2.tmp-999999-00000000deadbeef");
  write_text(folder / "checkpoints/step-2.tmp-999999-00000000deadbeef/model.safetensors", "half");
  CHECK(saved.checkpoints.newest_complete() == 1);
  saved.checkpoints.remove_leftovers();
  CHECK_FALSE(std::filesystem::exists(folder / "checkpoints/step-2.tmp-999999-00000000deadbeef"));
  CHECK(saved.checkpoints.steps() == std::vector<std::int64_t>{1});
}

TEST_CASE("A state file of another format is refused by name") {
  const TempFolder folder;
  Saved saved(folder.path());
  saved.save(1);
  write_text(folder / "checkpoints/step-1/trainer_state.json", R"({"format": 99, "position": {}, "best_metrics": {}, "settings": {}})");
  CHECK_THROWS_WITH(saved.load(1), Catch::Contains("trainer_state.json: format 99"));
  write_text(folder / "checkpoints/step-1/trainer_state.json", R"({"format": 1, "position": {}})");
  CHECK_THROWS_WITH(saved.load(1), Catch::Contains("no \"best_metrics\""));
}
