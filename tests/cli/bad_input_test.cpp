// What users get wrong, and disks: each gets a sentence on standard error and the right exit code, never a crash.
#include <algorithm>

#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// Text of the demo's grammar and a model of two steps, made once.
struct World {
  TempFolder folder;
  fs::path text = folder / "text", model = folder / "model";

  World() {
    const Outcome written = run({"demo", "--write", text.string(), "--pairs", "1000", "-q"});
    INFO(written.err);
    REQUIRE(written.code == 0);
    const Outcome trained = run(training(model));
    INFO(trained.err);
    REQUIRE(trained.code == 0);
  }

  std::vector<std::string> training(const fs::path& output, const fs::path& source = {}, const fs::path& target = {}) const {
    const fs::path from = source.empty() ? text / "train.en" : source, to = target.empty() ? text / "train.de" : target;
    return {"pretrain",         "transformer", "--train-source",  from.string(), "--train-target",
            to.string(),        "--output",    output.string(),   "--preset",    "tiny",
            "--vocab-size",     "300",         "--steps",         "2",           "--set",
            "encoder_layers=1", "--set",       "decoder_layers=1"};
  }
};

const World& world() {
  static const World made;
  return made;
}

/// A copy of the model that a test may damage.
struct ModelCopy {
  TempFolder folder;
  fs::path path = folder / "model";
  ModelCopy() {
    fs::create_directory(path);
    for (const auto& entry : fs::directory_iterator(world().model))
      if (entry.is_regular_file()) fs::copy(entry.path(), path / entry.path().filename());
  }
  Outcome translate(const std::string& input = "The man sleeps.\n") const {
    return run({"translate", "--model", path.string(), "--beam", "1"}, input);
  }
};

/// One error, told once, without a backtrace and with nothing on standard output.
void check_refusal(const Outcome& outcome, const std::string& expected) {
  INFO(outcome.err);
  CHECK(outcome.code == 2);
  CHECK(outcome.signal == 0);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, Contains(expected));
  CHECK_THAT(outcome.err, !Contains("internal error") && !Contains("Exception raised from"));
}

}  // namespace

TEST_CASE("training texts of unequal length, empty and missing ones are refused") {
  TempFolder folder;
  const auto train = [&](const std::string& source, const std::string& target) {
    write_text(folder / "source", source);
    write_text(folder / "target", target);
    return run(world().training(folder / "run", folder / "source", folder / "target"));
  };
  const Outcome unequal = train("a b c\nd e f\n", "a b c\n");
  check_refusal(unequal, "line");
  check_refusal(train("", ""), "empty");
  check_refusal(run(world().training(folder / "run", folder / "absent", folder / "target")), "absent");
  check_refusal(run(world().training(folder / "run", folder.path(), folder / "target")), folder.path().string());
}

TEST_CASE("a training text that is not UTF-8 is refused with its line") {
  TempFolder folder;
  write_text(folder / "source", "a b c\nd \xff f\n");
  write_text(folder / "target", "a b c\nd e f\n");
  check_refusal(run(world().training(folder / "run", folder / "source", folder / "target")), "2");
}

TEST_CASE("a training pair of 100,000 words is left out, with a warning") {
  TempFolder folder;
  std::string source = read_text(world().text / "train.en"), target = read_text(world().text / "train.de");
  for (int i = 0; i < 100'000; ++i) source += "word ";
  write_text(folder / "source", source + "\n");
  write_text(folder / "target", target + "Wort\n");
  const Outcome outcome = run(world().training(folder / "run", folder / "source", folder / "target"));
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.err, Contains("warning"));
}

TEST_CASE("hypotheses and references of unequal length, empty and missing ones are refused") {
  TempFolder folder;
  write_text(folder / "two", "a\nb\n");
  write_text(folder / "empty", "");
  const auto score = [&](const std::string& reference, const std::string& hypotheses) {
    return run({"metric", "bleu", "--reference", (folder / reference).string()}, hypotheses);
  };
  check_refusal(score("two", "a\n"), "two");
  check_refusal(score("empty", ""), "empty");
  check_refusal(score("absent", "a\n"), "absent");
  CHECK(score("two", "a\nb\n").code == 0);
}

TEST_CASE("a folder that is no model, or has no tokenizer, is refused") {
  TempFolder folder;
  check_refusal(run({"translate", "--model", (folder / "absent").string()}, "x\n"), "absent");
  check_refusal(run({"translate", "--model", folder.path().string()}, "x\n"), folder.path().string());
  for (const char* file : {"source.spm", "target.spm", "vocab.json", "model.safetensors", "config.json"}) {
    const ModelCopy copy;
    fs::remove(copy.path / file);
    check_refusal(copy.translate(), file);
  }
}

TEST_CASE("prefixes are read from a file of their own, and what the vocabulary lacks of them is told") {
  TempFolder folder;
  const std::string model = world().model.string();
  check_refusal(run({"translate", "--model", model, "--prefix", "-"}, "The man sleeps.\n"), "--prefix - and the text");
  write_text(folder / "prefixes", "\nDer \xCE\xA9\n");
  const Outcome outcome =
      run({"translate", "--model", model, "--beam", "1", "--prefix", (folder / "prefixes").string()}, "The man sleeps.\nThe dog sleeps.\n");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 2);
  CHECK_THAT(outcome.err, Contains("line 2 has a prefix with what the vocabulary lacks") && !Contains("line 1"));
  // The prefixes may come from standard input where the text does not.
  write_text(folder / "text", "The man sleeps.\n");
  CHECK(run({"translate", "--model", model, "--beam", "1", "--prefix", "-", (folder / "text").string()}, "Der\n").code == 0);
}

TEST_CASE("damaged weights are refused by name") {
  const ModelCopy copy;
  const fs::path file = copy.path / "model.safetensors";
  const std::string whole = read_text(file);
  const auto with = [&](const std::string& content) {
    write_text(file, content);
    return copy.translate();
  };
  CHECK(with(whole).code == 0);
  check_refusal(with(""), "model.safetensors");
  check_refusal(with(whole.substr(0, 100)), "model.safetensors");
  check_refusal(with(whole.substr(0, whole.size() - 1)), "model.safetensors");
  check_refusal(with(whole + "x"), "model.safetensors");
  check_refusal(with(std::string(7, '\xff') + whole.substr(7)), "model.safetensors");
  std::string other_shape = whole;
  other_shape.replace(other_shape.find("\"F32\""), 5, "\"F64\"");
  check_refusal(with(other_shape), "model.safetensors");
}

TEST_CASE("a configuration or vocabulary that does not fit the weights is refused") {
  const auto edited = [](const char* file, const std::string& key, const Json& value) {
    const ModelCopy copy;
    Json content = read_json_file(copy.path / file);
    content[key] = value;
    write_json_file(copy.path / file, content);
    return copy.translate();
  };
  check_refusal(edited("vocab.json", "another", 1'000'000), "1000001 source ids");
  check_refusal(edited("config.json", "vocab_size", 299), "vocab");
  check_refusal(edited("config.json", "d_model", 64), "");
  check_refusal(edited("config.json", "d_model", 1e18), "d_model");
  check_refusal(edited("config.json", "d_model", 33), "does not divide d_model 33");
  check_refusal(edited("config.json", "encoder_ffn_dim", 1'000'000), "describes a model of");
  check_refusal(edited("config.json", "encoder_layers", -1), "encoder_layers");
  check_refusal(edited("config.json", "encoder_layers", 100'000'000), "encoder_layers");
  check_refusal(edited("config.json", "model_type", "unheard-of"), "unheard-of");
  check_refusal(edited("generation_config.json", "num_beams", "many"), "num_beams");
}

TEST_CASE("a hostile SentencePiece model is refused") {
  const ModelCopy copy;
  write_text(copy.path / "source.spm", std::string(1000, '\x0a'));
  check_refusal(copy.translate(), "source.spm");
}

TEST_CASE("translating answers every line: empty ones, ill-formed ones, and one of 100,000 words") {
  const ModelCopy copy;
  CHECK(copy.translate("").out.empty());
  std::string endless;
  for (int i = 0; i < 100'000; ++i) endless += "the old man ";
  const Outcome outcome = copy.translate("The man sleeps.\n\nbad \xff\xfe bytes\n" + endless + "\nno line end");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 5);
  CHECK(outcome.out.find("\n\n") != std::string::npos);
  CHECK_THAT(outcome.err, Contains("line 3") && Contains("line 4"));
}

TEST_CASE("a disk that is full while saving ends with 75, and nothing half-written is left") {
  TempFolder folder;
  Invocation invocation{.arguments = world().training(folder / "run")};
  invocation.file_size_limit = 600'000;  // the vocabulary fits, the weights do not
  const Outcome outcome = run(invocation);
  INFO(outcome.err);
  CHECK(outcome.code == 75);
  CHECK_THAT(outcome.err, Contains("File too large") && Contains("--resume"));
  CHECK_FALSE(fs::exists(folder / "run" / "checkpoints" / "step-2"));
  CHECK_FALSE(fs::exists(folder / "run" / "model.safetensors"));
  auto again = world().training(folder / "run");
  again.push_back("--resume");
  const Outcome resumed = run(again);
  INFO(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(read_text(folder / "run" / "model.safetensors") == read_text(world().model / "model.safetensors"));
}
