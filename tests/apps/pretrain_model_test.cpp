// The flags of a model to be pretrained, its tokenizer's folder, and what run.toml repeats of them.

#include "apps/commands/pretrain_model.h"

#include <catch2/catch.hpp>

#include "models/gpt/config.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

using namespace attend;
using Catch::Contains;

namespace {

PretrainModel parsed(std::vector<std::string> arguments) {
  CLI::App app{"", "attend"};
  PretrainModel model{.preset = "tiny"};
  add_pretrain_model(app, model, {.presets = {"tiny", "nano"}, .sizes = "sizes", .tokenizer = "a tokenizer"});
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  return model;
}

/// A tokenizer of one file that says how it was made.
struct Source {
  int learnt = 0, copied = 0;
  TokenizerSource source(bool learning_flag_given = false) {
    const auto write = [](const std::filesystem::path& folder, const char* text) { write_text(folder / "vocab.txt", text); };
    return {.learning_flag = "--cased",
            .learning_flag_given = learning_flag_given,
            .copy = [this, write](const std::filesystem::path& folder) { ++copied, write(folder, "copied"); },
            .learn = [this, write](const std::filesystem::path& folder) { ++learnt, write(folder, "learnt"); }};
  }
};

}  // namespace

TEST_CASE("what is given is recorded, what is not is left out") {
  Json settings;
  record_settings(parsed({}), settings);
  CHECK((settings == Json{{"preset", "tiny"}}));
  settings = Json::object();
  record_settings(parsed({"--preset", "nano", "--set", "num_layers=3", "--dropout", "0", "--vocab-size", "500"}), settings);
  CHECK((settings == Json{{"preset", "nano"}, {"set", {"num_layers=3"}}, {"dropout", 0.0}, {"vocab_size", 500}}));
  settings = Json::object();
  record_settings(parsed({"--tokenizer", "folder"}), settings);
  CHECK((settings == Json{{"preset", "tiny"}, {"tokenizer", "folder"}}));
}

TEST_CASE("settings change the preset; those of the tokenizer, and dropout twice, are refused") {
  const GptConfig preset = gpt_preset("tiny");
  const GptConfig config = configured(preset, parsed({"--set", "num_layers=3", "--dropout", "0.25"}), {"vocab_size"});
  CHECK(config.num_layers == 3);
  CHECK(config.dropout == 0.25);
  CHECK(config.hidden_size == preset.hidden_size);
  const auto refusal = [&](std::vector<std::string> arguments) {
    return refusal_of([&] { configured(preset, parsed(std::move(arguments)), {"vocab_size"}); });
  };
  CHECK_THAT(refusal({"--set", "vocab_size=5"}), Contains("--set vocab_size=5 has no effect: the tokenizer decides it"));
  CHECK_THAT(refusal({"--set", "dropout=0", "--dropout", "0"}), Contains("both --dropout and --set dropout"));
  CHECK_THAT(refusal({"--set", "num_layer=3"}), Contains("num_layer"));
}

TEST_CASE("the tokenizer is learnt or copied once, and found again on resuming") {
  const TempFolder folder;
  TrainingRun run;
  run.output = folder.path();
  Source counted;
  const auto made = prepare_tokenizer(run, parsed({}), counted.source());
  CHECK(std::filesystem::exists(made / "vocab.txt"));
  CHECK(counted.learnt == 1);
  run.resume = true;
  CHECK(prepare_tokenizer(run, parsed({}), counted.source()) == made);
  CHECK(counted.learnt == 1);
  write_text(made / "vocab.txt", "damaged");  // no longer what its hashes say
  prepare_tokenizer(run, parsed({}), counted.source());
  CHECK(counted.learnt == 2);
  run.resume = false;
  prepare_tokenizer(run, parsed({"--tokenizer", "somewhere"}), counted.source());
  CHECK(counted.copied == 1);
  CHECK_THAT(refusal_of([&] {
               prepare_tokenizer(run, parsed({"--tokenizer", "x"}), counted.source(true));
             }),
             Contains("--vocab-size and --cased have no effect with --tokenizer"));
}
