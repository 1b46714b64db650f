// attend pretrain, finetune, average and evaluate as processes.
#include <signal.h>

#include <algorithm>
#include <array>

#include <catch2/catch.hpp>

#include "core/json.h"
#include "core/random.h"
#include "tests/cli/process.h"

using namespace attend;

namespace {

void write_pairs(const TempFolder& folder, const std::string& name, std::uint64_t count) {
  constexpr std::array words{std::pair{"hund", "dog"}, std::pair{"katze", "cat"}, std::pair{"vogel", "bird"}, std::pair{"haus", "house"}};
  RandomStream random(1, name);
  std::string source, target;
  for (std::uint64_t line = 0; line < count; ++line) {
    for (std::uint64_t i = 0; i <= line % 4; ++i) {
      const auto& [german, english] = words[random.below(words.size())];
      source += (i == 0 ? "" : " ") + std::string(german);
      target += (i == 0 ? "" : " ") + std::string(english);
    }
    source += "\n";
    target += "\n";
  }
  write_text(folder / (name + ".de"), source);
  write_text(folder / (name + ".en"), target);
}

std::vector<std::string> pretrain(const TempFolder& folder, const std::string& output, std::vector<std::string> more) {
  std::vector<std::string> arguments{"pretrain",       "transformer",
                                     "--preset",       "tiny",
                                     "--vocab-size",   "40",
                                     "--batch-tokens", "200",
                                     "--threads",      "1",
                                     "--train-source", (folder / "train.de").string(),
                                     "--train-target", (folder / "train.en").string(),
                                     "--valid-source", (folder / "valid.de").string(),
                                     "--valid-target", (folder / "valid.en").string(),
                                     "--output",       (folder / output).string()};
  // A flag given again takes the place of the one above.
  for (std::size_t i = 0; i < more.size(); ++i) {
    const auto found = std::find(arguments.begin(), arguments.end(), more[i]);
    if (!more[i].starts_with("--") || found == arguments.end())
      arguments.push_back(more[i]);
    else
      *(found + 1) = more[++i];
  }
  return arguments;
}

}  // namespace

TEST_CASE("A model is trained, used, tuned further, averaged and evaluated from the shell") {
  const TempFolder folder;
  write_pairs(folder, "train", 100);
  write_pairs(folder, "valid", 12);
  // Names and underscores people bring from other tools.
  const Outcome trained =
      run(pretrain(folder, "run", {"--max_steps", "6", "--save-every", "3", "--warmup-steps", "2", "--eval-every", "3"}));
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(trained.out.find("attend translate --model " + (folder / "run").string()) != std::string::npos);

  const Outcome again = run(pretrain(folder, "run", {"--steps", "6"}));
  CHECK(again.code == 2);
  CHECK(again.err.find("already holds a run") != std::string::npos);

  const Outcome repeated = run(
      {"pretrain", "transformer", "--config", (folder / "run" / "run.toml").string(), "--output", (folder / "repeated").string(), "-q"});
  INFO(repeated.err);
  CHECK(repeated.code == 0);
  CHECK(read_text(folder / "repeated" / "model.safetensors") == read_text(folder / "run" / "model.safetensors"));

  const Outcome tuned =
      run({"finetune", "translate", "--model", (folder / "run").string(), "--train-source", (folder / "valid.de").string(),
           "--train-target", (folder / "valid.en").string(), "--steps", "2", "--output", (folder / "tuned").string(), "--json", "-q"});
  INFO(tuned.err);
  REQUIRE(tuned.code == 0);
  CHECK(parse_json(tuned.out, "answer")["steps"] == 2);

  const Outcome seeds = run({"finetune",       "translate",
                             "--model",        (folder / "run").string(),
                             "--train-source", (folder / "valid.de").string(),
                             "--train-target", (folder / "valid.en").string(),
                             "--valid-source", (folder / "valid.de").string(),
                             "--valid-target", (folder / "valid.en").string(),
                             "--steps",        "1",
                             "--seeds",        "1,2",
                             "--output",       (folder / "seeds").string(),
                             "--json",         "-q"});
  INFO(seeds.err);
  REQUIRE(seeds.code == 0);
  CHECK(parse_json(seeds.out, "answer")["loss"]["values"].size() == 2);

  const auto checkpoints = folder / "run" / "checkpoints";
  const Outcome averaged =
      run({"average", "--output", (folder / "mean").string(), (checkpoints / "step-3").string(), (checkpoints / "step-6").string()});
  INFO(averaged.err);
  REQUIRE(averaged.code == 0);
  const Outcome mixed = run({"average", "--output", (folder / "run").string(), (checkpoints / "step-3").string()});
  CHECK(mixed.code == 2);

  const Outcome evaluated = run({"evaluate", "translate", "--model", (folder / "mean").string(), "--source", (folder / "valid.de").string(),
                                 "--reference", (folder / "valid.en").string(), "--json", "-q"});
  INFO(evaluated.err);
  REQUIRE(evaluated.code == 0);
  const Json answer = parse_json(evaluated.out, "answer");
  CHECK(answer["examples"] == 12);
  CHECK(answer["perplexity"].get<double>() > 1);
  CHECK(answer["bleu"].get<double>() >= 0);
  CHECK(answer["signature"].get<std::string>().find("tok:13a") != std::string::npos);
}

TEST_CASE("A run's folder that was moved, or is no place for a vocabulary, is told as such") {
  const TempFolder folder;
  write_pairs(folder, "train", 40);
  write_pairs(folder, "valid", 5);
  REQUIRE(run(pretrain(folder, "run", {"--steps", "2", "--eval-every", "0", "-q"})).code == 0);
  const std::string moved = (folder / "moved").string(), config = moved + "/run.toml";
  std::filesystem::rename(folder / "run", moved);
  const Outcome lost = run({"pretrain", "transformer", "--config", config, "--resume"});
  CHECK(lost.code == 2);
  CHECK(lost.err.find("was the folder moved? add --output " + moved) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
  const Outcome elsewhere = run(  // a folder that is named is meant
      {"pretrain", "transformer", "--config", config, "--resume", "--output", (folder / "new").string(), "--steps", "1"});
  INFO(elsewhere.err);
  CHECK(elsewhere.code == 0);
  CHECK(elsewhere.err.find("to go on from: starting at step 0") != std::string::npos);
  const Outcome found = run({"pretrain", "transformer", "--config", config, "--resume", "--output", moved, "--steps", "3"});
  INFO(found.err);
  CHECK(found.code == 0);
  CHECK(found.err.find("going on from") != std::string::npos);
  const Outcome over = run({"pretrain", "transformer", "--config", config, "--resume", "--output", moved, "--steps", "1"});
  CHECK(over.code == 2);
  CHECK(over.err.find("--steps 1 is over: the run is at step 3") != std::string::npos);
  const Outcome other_batches =  // the flag takes the place of what run.toml says of batches, and would change the order
      run({"pretrain", "transformer", "--config", config, "--resume", "--output", moved, "--batch-size", "8"});
  CHECK(other_batches.code == 2);
  CHECK(other_batches.err.find("another order of the data: --batch_size was not given, now 8") != std::string::npos);

  const Outcome vocabulary = run({"tokenizer", "train", "--vocab-size", "40", "--output", moved, (folder / "train.de").string()});
  CHECK(vocabulary.code == 2);
  CHECK(vocabulary.err.find("holds a model") != std::string::npos);

  // Results that cannot be written are that, not an input that cannot be read.
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "hund katze vogel haus\n";
  const Outcome full = run({.arguments = {"tokenizer", "encode", "--tokenizer", moved}, .input = text, .file_size_limit = 4096});
  CHECK(full.code == 75);
  CHECK(full.err.find("cannot write the results to standard output") != std::string::npos);
}

TEST_CASE("SIGTERM or a closed terminal saves and ends with 75, and the run goes on from there") {
  const int signal = GENERATE(SIGTERM, SIGHUP);
  const TempFolder folder;
  write_pairs(folder, "train", 100);
  write_pairs(folder, "valid", 12);
  Invocation invocation{.arguments = pretrain(folder, "run", {"--steps", "100000", "--save-every", "0", "--eval-every", "0"})};
  invocation.meanwhile = [&](pid_t child) {
    wait_for_file(folder / "run" / "metrics.jsonl");  // the first records show that it trains
    ::kill(child, signal);
  };
  const Outcome stopped = run(invocation);
  INFO(stopped.err);
  REQUIRE(stopped.code == 75);
  CHECK(stopped.err.find("--resume") != std::string::npos);
  const Json state = read_json_file(folder / "run" / "checkpoints" / "last" / "trainer_state.json");
  const auto step = state["step"].get<std::int64_t>();
  const Outcome resumed =
      run(pretrain(folder, "run", {"--steps", std::to_string(step + 2), "--save-every", "0", "--eval-every", "0", "--resume"}));
  INFO(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(resumed.err.find("going on from") != std::string::npos);
}

TEST_CASE("Mistakes of a training command get a sentence and exit code 2") {
  const TempFolder folder;
  write_pairs(folder, "train", 20);
  write_pairs(folder, "valid", 5);
  const auto refusal = [&](std::vector<std::string> more) {
    const Outcome outcome = run(pretrain(folder, "run", std::move(more)));
    CHECK(outcome.code == 2);
    return outcome.err;
  };
  CHECK(refusal({"--learning-rate", "0"}).find("--learning-rate is 0; expected more than 0") != std::string::npos);
  CHECK(refusal({"--set", "hidden_sise=64"}).find("hidden_size") != std::string::npos);
  CHECK(refusal({"--set", "hidden_size=33"}).find("does not divide hidden_size 33") != std::string::npos);
  CHECK(refusal({"--dropout", "1.5"}).find("dropout") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "run"));  // all of it before a vocabulary is learnt
  CHECK(refusal({"--valid-source", "", "--valid-target", "", "--best-by", "bleu"}).find("--best-by bleu needs validation data") !=
        std::string::npos);
  CHECK(refusal({"--train-source", "-"}).find("training reads its text more than once") != std::string::npos);
  CHECK(refusal({"--batch-size", "4"}).find("are given together") != std::string::npos);
  CHECK(refusal({"--set", "vocab_size=64"}).find("the tokenizer decides") != std::string::npos);
  CHECK(refusal({"--preset", "gigantic"}).find("tiny") != std::string::npos);
  CHECK(refusal({"--precision", "int8"}).find("training computes in float32 or bfloat16") != std::string::npos);
  CHECK(refusal({"--train-source", (folder / "absent.de").string()}).find("absent.de") != std::string::npos);
  write_text(folder / "train.en", "one line\n");
  CHECK(refusal({}).find("train.en") != std::string::npos);
}
