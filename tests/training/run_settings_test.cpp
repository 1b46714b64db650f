#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/field_io.h"
#include "core/log.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/temp_folder.h"
#include "tests/training/toy_objective.h"
#include "training/run_settings.h"

using namespace attend;

TEST_CASE("run.toml holds every setting that was given, and reads back") {
  const TempFolder folder;
  TrainingOptions options;
  options.steps = 300;
  options.learning_rate = 3e-4;
  const ToyObjective objective;
  const Json settings = run_settings(options, objective);
  write_run_file({folder.path(), "attend pretrain toy"}, settings);
  const Json read = toml_to_json(read_text(folder / "run.toml"), "run.toml");
  CHECK(read["steps"] == 300);
  CHECK(read["learning_rate"] == 3e-4);
  CHECK(read["schedule"] == "inverse-sqrt");
  CHECK(read["seed"] == 1);
  CHECK(read["precision"] == "float32");
  CHECK(read["train"] == "toy.txt");
  CHECK(read["output"] == folder.path().string());
  CHECK_FALSE(read.contains("epochs"));
}

TEST_CASE("A resumed run may be longer, may differ with a warning, and keeps the order of its data") {
  set_log_level(LogLevel::kQuiet);
  const Json before{{"seed", 1}, {"batch_tokens", 4096}, {"steps", 10}, {"schedule", "cosine"}, {"clip", 1.0}};
  const auto changed = [&](const char* name, const Json& value) {
    Json now = before;
    now[name] = value;
    return now;
  };
  CHECK_NOTHROW(check_resumed_settings(before, before));
  CHECK_NOTHROW(check_resumed_settings(before, changed("steps", 20)));
  CHECK_NOTHROW(check_resumed_settings(before, changed("clip", 2.0)));
  CHECK_THROWS_WITH(check_resumed_settings(before, changed("seed", 2)), Catch::Contains("--seed was 1, now 2"));
  CHECK_THROWS_WITH(check_resumed_settings(before, changed("batch_tokens", 100)), Catch::Contains("--batch-tokens was 4096, now 100"));
  CHECK_THROWS_WITH(check_resumed_settings(before, changed("vocab_size", 800)), Catch::Contains("another model or vocabulary"));
  CHECK_THROWS_WITH(check_resumed_settings(before, changed("set", {"attention=window"})), Catch::Contains("another model or vocabulary"));
  CHECK_NOTHROW(check_resumed_settings(before, changed("set", {"attention_dropout=0.1"})));
  CHECK_THROWS_WITH(check_resumed_settings(before, changed("best_by", "loss")), Catch::Contains("chosen by another metric"));
  // The names of validation files may change; what they hold is compared by the trainer.
  const Json with_validation = changed("valid", "a.txt");
  set_log_level(LogLevel::kNormal);
  CHECK(captured_stderr([&] { check_resumed_settings(with_validation, changed("valid", "b.txt")); }).empty());
  CHECK(captured_stderr([&] { check_resumed_settings(before, with_validation); }).find("--valid was not given") != std::string::npos);
  set_log_level(LogLevel::kQuiet);
  Json without = before;
  without.erase("batch_tokens");
  CHECK_THROWS_WITH(check_resumed_settings(before, without), Catch::Contains("now not given"));
}
