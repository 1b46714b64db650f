// attend bench, by the binary: every family trains, what was trained translates, classifies and generates, and what users get wrong.
// How fast is measured by benchmarks/, not here.
#include <cmath>
#include <map>
#include <sstream>

#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;

namespace {

Arguments training(const std::string& family, const Arguments& more) {
  return Arguments{"bench", "train", "--family", family, "--preset", "tiny", "--batch-size", "2", "--steps", "4", "--threads", "1"} + more;
}

Json record_of(const Arguments& arguments) {
  const Outcome outcome = run(Invocation{.arguments = arguments + Arguments{"--json"}});
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  return parse_json(outcome.out, "answer");
}

void check_refusal(const Arguments& arguments, const std::string& expected) {
  const Outcome outcome = run(Invocation{.arguments = arguments});
  INFO(outcome.err);
  CHECK(outcome.code == 2);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, Contains(expected));
  CHECK_THAT(outcome.err, !Contains("internal error") && !Contains("Exception raised from"));
}

/// Two sentences of ids and what `pretrain` leaves, made once.
struct World {
  TempFolder folder;
  std::string source = (folder / "source.ids").string(), target = (folder / "target.ids").string();
  std::string gpt = (folder / "gpt").string();

  World() {
    write_text(source, "5 6 7\n8 9\n");
    write_text(target, "6 5\n9 8 7 5\n");
    write_text(folder / "text.txt", "a small text of a few words, read again and again. ");
    const Outcome trained =
        run(Invocation{.arguments = {"pretrain", "gpt", "--train", (folder / "text.txt").string(), "--output", gpt, "--tokenizer-model",
                                     "char", "--set", "max_positions=16", "--steps", "1", "--batch-size", "2", "--threads", "1", "-q"}});
    INFO(trained.err);
    REQUIRE(trained.code == 0);
  }
  Arguments pairs() const { return {"--source", source, "--target", target}; }
};

const World& world() {
  static const World made;
  return made;
}

}  // namespace

TEST_CASE("bench train: a loss near that of guessing, parameters counted, for every family") {
  const Arguments nearly_zero{"--set", "initializer_range=0.001", "--length", "16"};  // all tokens are as probable
  const Json gpt = record_of(training("gpt", Arguments{"--set", "vocab_size=50"} + nearly_zero));
  CHECK(gpt["loss"].get<double>() == Approx(std::log(50)).margin(0.05));
  const Json wider = record_of(training("gpt", Arguments{"--set", "vocab_size=60"} + nearly_zero));
  CHECK(wider["parameters"].get<int>() - gpt["parameters"].get<int>() == 10 * 128);  // ten rows of the tied table
  const Json bert = record_of(training("bert", Arguments{"--set", "vocab_size=50"} + nearly_zero));
  CHECK(bert["loss"].get<double>() == Approx(std::log(50) + std::log(2)).margin(0.05));  // masked words, next sentence
  const Json pairs = record_of(training("transformer", Arguments{"--set", "vocab_size=50"} + world().pairs()));
  for (const Json& record : {gpt, bert, pairs}) {
    CHECK(record["tokens_per_second"].get<double>() > 0);
    CHECK(record["milliseconds_per_step"].get<double>() >= 0);
    CHECK(record["peak_memory_mib"].get<double>() > 10);
  }
  CHECK(pairs["loss"].get<double>() > 1);
}

TEST_CASE("bench generate continues a random prompt") {
  const Arguments command{"bench", "generate", "--model", world().gpt, "--repeats", "1", "--threads", "1"};
  CHECK(record_of(command + Arguments{"--prompt-length", "4", "--max-new-tokens", "13"})["tokens_per_second"].get<double>() > 0);
  check_refusal(command + Arguments{"--prompt-length", "4", "--max-new-tokens", "14"},
                "--prompt-length 4 and --max-new-tokens 14 need 17 positions; the model has 16");
  check_refusal(command + Arguments{"--max-new-tokens", "0"}, "--max-new-tokens");
}

TEST_CASE("bench tokenize counts the tokens of a text") {
  const std::string text = (world().folder / "text.txt").string();
  const Json record = record_of({"bench", "tokenize", "--tokenizer", world().gpt, text});
  CHECK(record["tokens"] == std::filesystem::file_size(text));  // characters, and no line break at the end
  CHECK(record["tokens_per_second"].get<double>() > 0);
  CHECK(record["megabytes_per_second"].get<double>() > 0);
  write_text(world().folder / "nothing.txt", "");
  check_refusal({"bench", "tokenize", "--tokenizer", world().gpt, (world().folder / "nothing.txt").string()}, "is empty");
  check_refusal({"bench", "tokenize", "--tokenizer", world().folder.path().string(), text}, "holds no SentencePiece models");
}

TEST_CASE("bench train says what is missing or does not go together") {
  check_refusal(training("gpt", {}), "bench train needs to know the vocabulary's size");
  check_refusal(training("bert", {}), "bench train needs to know the vocabulary's size");
  check_refusal(training("gpt", {"--set", "vocab_size=50", "--length", "1"}), "--length is 1");
  check_refusal(training("gpt", {"--set", "vocab_size=50", "--set", "max_positions=8", "--length", "9"}),
                "--length is 9; the model has 8 positions");
  check_refusal(training("bert", {"--set", "vocab_size=50", "--set", "max_positions=8", "--length", "9"}),
                "--length is 9; the model has 8 positions");
  for (const char* family : {"gpt", "bert"})
    check_refusal(training(family, Arguments{"--set", "vocab_size=50"} + world().pairs()),
                  "--source and --target have no effect with --family " + std::string(family));
  check_refusal(training("transformer", {"--set", "vocab_size=50"}), "bench train needs sentences");
  check_refusal(training("transformer", Arguments{"--set", "vocab_size=9"} + world().pairs()), "line 2: '9' is not a token id below 9");
  check_refusal(training("gtp", {}), "'gtp' is not one of transformer|lstm|bert|gpt");
}

TEST_CASE("attention is measured for each kind and length, and what is not quadratic needs less of a long text") {
  const TempFolder folder;
  const std::string page = (folder / "curves.svg").string();
  const Outcome outcome = run({"bench", "attention", "--causal", "--lengths", "256,2048", "--hidden-size", "64", "--heads", "2", "--window",
                               "32", "--repeats", "1", "--threads", "1", "--page", page, "--json"});
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  std::map<std::string, double> growth;  // of memory, from 256 to 2,048 tokens, eight times as many
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) {
    const Json row = parse_json(line, "answer");
    for (const char* figure : {"forward_ms", "forward_backward_ms", "forward_mib", "forward_backward_mib"})
      CHECK(row[figure].get<double>() > 0);
    double& ratio = growth[row["kind"].get<std::string>()];
    ratio = ratio == 0 ? row["forward_backward_mib"].get<double>() : row["forward_backward_mib"].get<double>() / ratio;
  }
  CHECK(growth.size() == 5);  // libtorch, full, window, linear, reformer
  CHECK(growth.at("window") < 10);
  CHECK(growth.at("linear") < 10);
  CHECK(growth.at("reformer") < 10);
  CHECK_THAT(read_text(page), Contains(">window<"));
  check_refusal({"bench", "attention", "--causal", "--kinds", "linformer", "--lengths", "8"}, "projects a text as a whole");
  check_refusal({"bench", "attention", "--kinds", "sparse", "--lengths", "8"}, "'sparse'; expected libtorch|full|window");
  check_refusal({"bench", "attention", "--heads", "7"}, "--heads 7 does not divide --hidden-size 512");
}
