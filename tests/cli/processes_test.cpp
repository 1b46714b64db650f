// Several processes of one run: the same bits as one process that accumulates, losses of a peer, and what they refuse.
#include <signal.h>

#include "core/atomic_file.h"
#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;

namespace fs = std::filesystem;

namespace {

/// Texts of a few words, and the flags of a run over them.
struct Texts {
  Texts() {
    std::string german, english, sentences;
    for (int i = 0; i < 120; ++i) {
      const std::string number(static_cast<std::size_t>(1 + i % 7), static_cast<char>('a' + i % 11));
      german += "hund " + number + " haus\n";
      english += "dog " + number + " house\n";
      sentences += "the dog " + number + " sees a house\n" + (i % 4 == 3 ? "\n" : "");
    }
    for (const char* part : {"train", "valid"}) {
      write_text(folder / (std::string(part) + ".de"), german);
      write_text(folder / (std::string(part) + ".en"), english);
      write_text(folder / (std::string(part) + ".txt"), sentences);
    }
  }

  Arguments pretrain(const std::string& family, const std::string& output) const {
    const auto path = [&](const char* name) { return (folder / name).string(); };
    const Arguments data = family == "transformer" || family == "lstm"
                               ? Arguments{"--train-source", path("train.de"), "--train-target", path("train.en"),   "--valid-source",
                                           path("valid.de"), "--valid-target", path("valid.en"), "--eval-sentences", "4"}
                               : Arguments{"--train", path("train.txt"), "--valid", path("valid.txt")};
    const Arguments length = family == "bert" || family == "gpt" ? Arguments{"--max-length", "32"} : Arguments{};
    return Arguments{"pretrain",
                     family,
                     "--output",
                     path(output.c_str()),
                     "--preset",
                     "tiny",
                     "--vocab-size",
                     family == "gpt" ? "300" : "60",
                     "--batch-tokens",
                     "150",
                     "--warmup-steps",
                     "4",
                     "--threads",
                     "1",
                     "-q"} +
           data + length;
  }
  std::string weights(const std::string& output) const { return sha256_file(folder / output / "checkpoints/last/model.safetensors"); }
  /// Evaluations, learning rates and gradient norms.
  std::string metrics(const std::string& output) const {
    std::string records;
    for (Json record : json_lines(output)) {
      for (const char* clock : {"seconds", "tokens_per_second"}) record.erase(clock);
      record.erase("loss");  // of training: one process adds its batches' sums in float32, several in double
      records += record.dump() + "\n";
    }
    return records;
  }
  std::vector<Json> json_lines(const std::string& output) const {
    std::vector<Json> lines;
    std::istringstream text(read_text(folder / output / "metrics.jsonl"));
    for (std::string line; std::getline(text, line);) lines.push_back(parse_json(line, "metrics.jsonl"));
    return lines;
  }

  TempFolder folder;
};

}  // namespace

TEST_CASE("two processes end in the bits of one that accumulates two batches, dropout included") {
  const Texts texts;
  for (const char* family : {"transformer", "lstm", "bert", "gpt"}) {
    INFO(family);
    const std::string one = std::string(family) + "-one", two = std::string(family) + "-two";
    const Arguments steps{"--steps", "8", "--log-every", "2", "--eval-every", "6", "--save-every", "4"};
    const Outcome alone = run(texts.pretrain(family, one) + steps + Arguments{"--accumulate", "2"});
    INFO(alone.err);
    REQUIRE(alone.code == 0);
    const Outcome both = run(texts.pretrain(family, two) + steps + Arguments{"--nproc", "2"});
    INFO(both.err);
    REQUIRE(both.code == 0);
    CHECK(texts.weights(one) == texts.weights(two));
    CHECK(texts.metrics(one) == texts.metrics(two));
  }
}

TEST_CASE("a batch of as many tokens as memory allows: the number is said, written down, and kept when the run goes on") {
  const Texts texts;
  for (const char* family : {"transformer", "bert", "gpt"}) {
    INFO(family);
    const std::string found = std::string(family) + "-found", given = std::string(family) + "-given";
    const auto arguments = [&](const std::string& output, const std::string& tokens) {
      Arguments all = texts.pretrain(family, output);
      *(std::find(all.begin(), all.end(), "--batch-tokens") + 1) = tokens;
      all.erase(std::find(all.begin(), all.end(), "-q"));
      return all + Arguments{"--log-every", "1", "--save-every", "2"};
    };
    const Outcome first = run(arguments(found, "auto") + Arguments{"--steps", "2", "--schedule", "constant"});
    INFO(first.err);
    REQUIRE(first.code == 0);
    CHECK_THAT(first.err, Contains("--batch-tokens auto: "));
    const std::string settings = read_text(texts.folder / found / "run.toml");
    const std::size_t at = settings.find("batch_tokens = ");
    REQUIRE(at != std::string::npos);
    const std::int64_t tokens = std::stoll(settings.substr(at + 15));
    CHECK(tokens >= 256);
    const Outcome more = run(arguments(found, "auto") + Arguments{"--steps", "4", "--schedule", "constant", "--resume"});
    INFO(more.err);
    REQUIRE(more.code == 0);
    CHECK_THAT(more.err, !Contains("--batch-tokens auto"));
    REQUIRE(run(arguments(given, std::to_string(tokens)) + Arguments{"--steps", "4", "--schedule", "constant"}).code == 0);
    CHECK(texts.weights(found) == texts.weights(given));
  }
  Arguments negative = texts.pretrain("gpt", "negative");
  *(std::find(negative.begin(), negative.end(), "--batch-tokens") + 1) = "-1";
  CHECK_THAT(run(negative).err, Contains("--batch-tokens is -1"));
}

TEST_CASE("more processes than an epoch has batches go through it again") {
  const Texts texts;
  const Arguments steps{"--steps", "3", "--log-every", "1", "--batch-size", "500", "--eval-every", "0", "--save-every", "0"};
  Arguments one = texts.pretrain("gpt", "one"), three = texts.pretrain("gpt", "three");
  for (Arguments* arguments : {&one, &three}) {
    const auto tokens = std::find(arguments->begin(), arguments->end(), "--batch-tokens");
    arguments->erase(tokens, tokens + 2);
  }
  REQUIRE(run(one + steps + Arguments{"--accumulate", "3"}).code == 0);
  const Outcome many = run(three + steps + Arguments{"--nproc", "3"});
  INFO(many.err);
  REQUIRE(many.code == 0);
  const Json alone = texts.json_lines("one").at(2), shared = texts.json_lines("three").at(2);
  CHECK(shared.at("epoch") == 9);
  CHECK(shared.at("epoch") == alone.at("epoch"));
  CHECK(shared.at("loss").get<double>() == Approx(alone.at("loss").get<double>()).epsilon(1e-5));
}

TEST_CASE("recomputed blocks and a sharded optimizer end in the same bits, and a run may change them on the way") {
  const Texts texts;
  for (const char* family : {"transformer", "bert", "gpt"}) {
    INFO(family);
    const auto output = [&](const char* name) { return std::string(family) + "-" + name; };
    const Arguments every{"--schedule", "constant", "--log-every", "2", "--eval-every", "6", "--save-every", "4"},
        two = every + Arguments{"--nproc", "2"};
    REQUIRE(run(texts.pretrain(family, output("plain")) + two + Arguments{"--steps", "8"}).code == 0);
    const Outcome both = run(texts.pretrain(family, output("both")) + two + Arguments{"--steps", "8", "--recompute", "--shard-optimizer"});
    INFO(both.err);
    REQUIRE(both.code == 0);
    CHECK(texts.weights(output("plain")) == texts.weights(output("both")));
    CHECK(texts.metrics(output("plain")) == texts.metrics(output("both")));
    const auto moments = [&](const char* name) {
      return sha256_file(texts.folder / output(name) / "checkpoints/last/optimizer.safetensors");
    };
    CHECK(moments("plain") == moments("both"));
    REQUIRE(run(texts.pretrain(family, output("cut")) + two + Arguments{"--steps", "4", "--shard-optimizer"}).code == 0);
    REQUIRE(run(texts.pretrain(family, output("cut")) + two + Arguments{"--steps", "6", "--resume", "--shard-optimizer"}).code == 0);
    REQUIRE(run(texts.pretrain(family, output("cut")) + two + Arguments{"--steps", "8", "--resume"}).code == 0);
    CHECK(moments("plain") == moments("cut"));
  }
  const Outcome lstm = run(texts.pretrain("lstm", "lstm") + Arguments{"--steps", "2", "--recompute"});
  CHECK(lstm.code == 2);
  CHECK_THAT(lstm.err, Contains("no block of this model"));
  const Outcome alone = run(texts.pretrain("gpt", "alone") + Arguments{"--steps", "2", "--shard-optimizer"});
  CHECK(alone.code == 0);
  CHECK_THAT(alone.err, Contains("--shard-optimizer has no effect with one process"));
}

TEST_CASE("a run of two processes whose steps were cut in two ends in the same bits") {
  const Texts texts;
  const Arguments every{"--schedule", "constant", "--eval-every", "6", "--save-every", "4"}, two = every + Arguments{"--nproc", "2"};
  REQUIRE(run(texts.pretrain("gpt", "whole") + two + Arguments{"--steps", "8"}).code == 0);
  REQUIRE(run(texts.pretrain("gpt", "cut") + two + Arguments{"--steps", "4"}).code == 0);
  REQUIRE(run(texts.pretrain("gpt", "cut") + two + Arguments{"--steps", "8", "--resume"}).code == 0);
  CHECK(texts.weights("whole") == texts.weights("cut"));
  // Another number of processes goes on too, and says what that means.
  const Outcome alone = run(texts.pretrain("gpt", "cut") + every + Arguments{"--steps", "10", "--resume"});
  CHECK(alone.code == 0);
  CHECK_THAT(alone.err, Contains("resuming with 1 processes, not 2"));
}

TEST_CASE("when one process is killed the other ends with a sentence, and the run goes on to the same bits") {
  const Texts texts;
  const Arguments steps{"--nproc", "2", "--steps", "400", "--save-every", "20", "--eval-every", "0", "--peer-timeout", "20"};
  REQUIRE(run(texts.pretrain("gpt", "whole") + steps).code == 0);
  // The children are found by their parent; the second one is killed once there is a checkpoint.
  const Outcome broken = run(Invocation{
      .arguments = texts.pretrain("gpt", "broken") + steps, .meanwhile = [&](pid_t parent) {
        REQUIRE(wait_for_file(texts.folder / "broken/checkpoints/step-40"));
        std::istringstream children(read_text("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children"));
        pid_t first = 0, second = 0;
        children >> first >> second;
        REQUIRE(second > 0);
        ::kill(second, SIGKILL);
      }});
  CHECK(broken.code == 75);
  CHECK_THAT(broken.err, Contains("lost the others") && Contains("is whole") && Contains("with --resume"));
  REQUIRE(run(texts.pretrain("gpt", "broken") + steps + Arguments{"--resume"}).code == 0);
  CHECK(texts.weights("whole") == texts.weights("broken"));
}

TEST_CASE("processes refuse what they cannot do together") {
  const Texts texts;
  const Outcome none = run(texts.pretrain("gpt", "none") + Arguments{"--nproc", "0", "--steps", "1"});
  CHECK(none.code == 2);
  CHECK_THAT(none.err, Contains("--nproc is 0"));
  const Outcome tf32 = run(texts.pretrain("gpt", "tf32") + Arguments{"--tf32", "--device", "cpu", "--steps", "1"});
  CHECK(tf32.code == 2);
  CHECK_THAT(tf32.err, Contains("this run computes on the CPU") && Contains("leave --tf32 out"));
  // A mistake is told once, by the first process; the others end with it.
  const Outcome wrong = run(texts.pretrain("gpt", "wrong") + Arguments{"--nproc", "2", "--steps", "1", "--set", "hidden_size=33"});
  CHECK(wrong.code == 2);
  const Outcome absent = run(Arguments{"pretrain", "gpt", "--nproc", "2", "--train", (texts.folder / "absent.txt").string(), "--steps", "1",
                                       "--output", (texts.folder / "absent").string()});
  CHECK(absent.code == 2);
  CHECK_THAT(absent.err, Contains("absent.txt"));
  CHECK(absent.err.find("absent.txt") == absent.err.rfind("absent.txt"));
}
