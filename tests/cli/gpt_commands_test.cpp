// GPT from a text file to perplexity, by the binary: pretraining, fine-tuning, evaluating, and what users get wrong on the way.
#include <algorithm>
#include <cmath>

#include "core/json.h"
#include "tests/cli/refusal_check.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::string documents(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const std::string animal = i % 2 ? "cat" : "dog", place = i % 3 ? "house" : "garden";
    text += "the " + animal + " sleeps in the " + place + ".\n" + (i % 5 == 4 ? "<|endoftext|>\n" : "");
  }
  return text;
}

std::string sums() {
  std::string table = "question\tanswer\n";
  for (int i = 0; i < 10; ++i) table += std::to_string(i) + "+1\t" + std::to_string(i + 1) + "\n";
  return table;
}

/// A text, a table, and a model pretrained for a few steps, made once.
struct World {
  TempFolder folder;
  fs::path text = folder / "text.txt", table = folder / "sums.tsv", gpt = folder / "gpt";

  World() {
    write_text(text, documents(60));
    write_text(table, sums());
    const Outcome trained = run(pretraining("gpt", text) + Arguments{"--valid-fraction", "0.1", "--json"});
    INFO(trained.err);
    REQUIRE(trained.code == 0);
    const Json result = parse_json(trained.out, "answer");
    REQUIRE(result["steps"] == 6);
    REQUIRE(result["best"]["perplexity"].get<double>() == Approx(std::exp(result["best"]["loss"].get<double>())));
    REQUIRE_THAT(result["use"].get<std::string>(), Contains("attend generate --model " + gpt.string()));
  }
  static Arguments sizes() { return {"--preset", "tiny", "--set", "max_positions=32", "--tokenizer-model", "char"}; }
  Arguments pretraining(const char* output, const fs::path& source) const {
    return Arguments{"pretrain", "gpt", "--train", source.string(), "--output", (folder / output).string()} + sizes() +
           Arguments{"--steps", "6", "--batch-size", "4", "--threads", "1"};
  }
};

const World& world() {
  static const World made;
  return made;
}

Json evaluation(const Arguments& more) {
  const Outcome outcome = run(Arguments{"evaluate", "lm", "--model", world().gpt.string(), "--json"} + more);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  return parse_json(outcome.out, "answer");
}

}  // namespace

TEST_CASE("the loss of a text is told per token, word and byte") {
  TempFolder folder;
  const std::string text = "the cat sleeps in the house.\nthe dog\n";
  write_text(folder / "a.txt", text);
  const Json result = evaluation({"--data", (folder / "a.txt").string()});
  CHECK(result["tokens"] == text.size() - 1);  // characters; nothing stands before the first
  CHECK(result["bytes"] == text.size());
  CHECK(result["words"] == 8);
  CHECK(result["examples"] == 1);
  const double nats = result["loss"].get<double>() * static_cast<double>(text.size() - 1);
  CHECK(result["perplexity"].get<double>() == Approx(std::exp(result["loss"].get<double>())));
  CHECK(result["word_perplexity"].get<double>() == Approx(std::exp(nats / 8)));
  CHECK(result["byte_perplexity"].get<double>() == Approx(std::exp(nats / static_cast<double>(text.size()))));
  CHECK(result["bits_per_byte"].get<double>() == Approx(nats / static_cast<double>(text.size()) / std::log(2.0)));
}

TEST_CASE("a stride scores every token all the same, with more context") {
  const Json plain = evaluation({"--data", world().text.string()}),
             strided = evaluation({"--data", world().text.string(), "--stride", "4"});
  CHECK(strided["tokens"] == plain["tokens"]);
  CHECK(strided["loss"] != plain["loss"]);
  const Json whole = evaluation({"--data", world().text.string(), "--stride", "32"});
  CHECK(whole == plain);
  const Json separate = evaluation({"--data", world().text.string(), "--documents", "separate"});
  CHECK(separate["examples"] == 12);
  CHECK(separate["tokens"].get<int>() == plain["tokens"].get<int>() - 11);  // of each document the first has nothing before it
  check_refusal(run({"evaluate", "lm", "--model", world().gpt.string(), "--data", world().text.string(), "--stride", "33"}), "1 to 32");
  check_refusal(run({"evaluate", "lm", "--model", world().gpt.string(), "--data", world().text.string(), "--stride", "0"}), "1 to 32");
  check_refusal(run({"evaluate", "lm", "--model", world().gpt.string(), "--data", world().text.string(), "--max-length", "64"}),
                "32 positions");
}

TEST_CASE("a finished run's settings start it again, its split of the text too") {
  const World& w = world();
  const Outcome again = run({"pretrain", "gpt", "--config", (w.gpt / "run.toml").string(), "--resume"});
  INFO(again.err);
  CHECK(again.code == 0);
}

TEST_CASE("calibration leaves out the inputs without content that a model of characters cannot spell") {
  const World& w = world();
  write_text(w.folder / "places.tsv", "cat\thouse\ndog\tgarden\n");
  write_text(w.folder / "form.txt", "{input} {output}\n");
  const Arguments evaluate{"evaluate",    "few-shot",
                           "--model",     w.gpt.string(),
                           "--data",      (w.folder / "places.tsv").string(),
                           "--template",  (w.folder / "form.txt").string(),
                           "--shots",     "0",
                           "--by",        "likelihood",
                           "--calibrate", "--json"};
  const Outcome outcome = run(evaluate);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(parse_json(outcome.out, "rows")[0]["examples"] == 2);
}

TEST_CASE("standard input is a text to evaluate") {
  const World& w = world();
  const auto loss = [&](const std::string& data, const std::string& input) {
    const Outcome outcome = run({"evaluate", "lm", "--model", w.gpt.string(), "--data", data, "--json"}, input);
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    return parse_json(outcome.out, "answer");
  };
  CHECK(loss("-", read_text(w.text)) == loss(w.text.string(), ""));
}

TEST_CASE("documents can be kept apart, holes filled, and pieces learnt") {
  const World& w = world();
  const Outcome filled = run({"pretrain",
                              "gpt",
                              "--train",
                              w.text.string(),
                              "--valid",
                              w.text.string(),
                              "--output",
                              (w.folder / "fill").string(),
                              "--preset",
                              "tiny",
                              "--set",
                              "max_positions=64",
                              "--vocab-size",
                              "300",
                              "--fill-in-the-middle",
                              "0.5",
                              "--steps",
                              "3",
                              "--batch-tokens",
                              "200"});
  INFO(filled.err);
  REQUIRE(filled.code == 0);
  CHECK_THAT(read_text(w.folder / "fill" / "vocab.json"), Contains("<|fim_middle|>"));
  const Json config = read_json_file(w.folder / "fill" / "config.json");
  CHECK(config["model_type"] == "gpt2");
  CHECK(config["eos_token_id"].is_number());
  CHECK_THAT(read_text(w.folder / "fill" / "run.toml"), Contains("fill_in_the_middle = 0.5") && Contains("documents = \"separate\""));
}

TEST_CASE("a GPT goes on with other text, and learns to write outputs") {
  const World& w = world();
  const Outcome more = run({"finetune", "lm", "--model", w.gpt.string(), "--train", w.text.string(), "--valid", w.text.string(), "--output",
                            (w.folder / "more").string(), "--epochs", "1"});
  INFO(more.err);
  REQUIRE(more.code == 0);

  write_text(w.folder / "template.txt", "{input}={output}\n");
  const Arguments columns{"--valid", w.table.string(), "--input", "question", "--output-column", "answer"};
  const Arguments from_scratch = Arguments{"pretrain", "gpt", "--train", w.table.string(), "--output", (w.folder / "sums").string()} +
                                 columns + World::sizes() +
                                 Arguments{"--steps", "5", "--template", (w.folder / "template.txt").string(), "--batch-size", "10"};
  const Outcome pretrained = run(from_scratch);
  INFO(pretrained.err);
  REQUIRE(pretrained.code == 0);
  const std::string sums = (w.folder / "sums").string(), form = (w.folder / "template.txt").string();
  CHECK_THAT(pretrained.out, Contains("attend prompt --model " + sums + " --shots 0 --template " + form + " < inputs"));
  const Outcome asked = run({"prompt", "--model", sums, "--shots", "0", "--template", form, "--max-new-tokens", "4"}, "1+1\n2+1\n");
  INFO(asked.err);
  CHECK(asked.code == 0);
  CHECK(std::count(asked.out.begin(), asked.out.end(), '\n') == 2);
  check_refusal(run({"prompt", "--model", sums, "--shots", "2"}, "1+1\n"), "there are no examples to show");
  const Outcome tuned = run({"finetune",        "lm",
                             "--model",         (w.folder / "sums").string(),
                             "--train",         w.table.string(),
                             "--valid",         w.table.string(),
                             "--input",         "0",
                             "--output-column", "1",
                             "--output",        (w.folder / "tuned").string(),
                             "--epochs",        "30",
                             "--learning-rate", "0.003",
                             "--template",      (w.folder / "template.txt").string(),
                             "--seeds",         "1,2",
                             "--json"});
  INFO(tuned.err);
  REQUIRE(tuned.code == 0);
  CHECK(parse_json(tuned.out, "answer")["loss"]["mean"].get<double>() < 1);
}

TEST_CASE("a GPT becomes a classifier of texts and pairs through the commands that BERT goes through") {
  const World& w = world();
  std::string table = "text\tother\tlabel\n";
  for (int i = 0; i < 8; ++i) table += "the cat sleeps\tin the house\tcat\nthe dog sleeps\tin the garden\tdog\n";
  write_text(w.folder / "animals.tsv", table);
  for (const Arguments& pair : {Arguments{}, Arguments{"--text-pair", "other"}}) {
    const std::string output = (w.folder / ("animals" + std::to_string(pair.size()))).string(), data = (w.folder / "animals.tsv").string();
    const Outcome tuned = run(Arguments{"finetune",     "classify", "--model",         w.gpt.string(), "--train",  data,   "--valid",  data,
                                        "--text",       "text",     "--label",         "label",        "--output", output, "--epochs", "15",
                                        "--batch-size", "4",        "--learning-rate", "0.003"} +
                              pair);
    INFO(tuned.err);
    REQUIRE(tuned.code == 0);
    const Outcome evaluated =
        run(Arguments{"evaluate", "classify", "--model", output, "--data", data, "--text", "text", "--label", "label", "--json"} + pair);
    INFO(evaluated.err);
    CHECK(parse_json(evaluated.out, "answer")["accuracy"] == 1.0);
    CHECK(read_json_file(fs::path(output) / "config.json")["pad_token_id"].is_number());
    const Outcome answers =
        run({"classify", "--model", output},
            pair.empty() ? "the cat sleeps\n\nthe dog sleeps\n" : "the cat sleeps\tin the house\n\nthe dog sleeps\tin the garden\n");
    INFO(answers.err);
    CHECK(answers.out.starts_with("cat\t"));
    CHECK_THAT(answers.out, Contains("\n\ndog\t"));
  }
}

TEST_CASE("what a GPT cannot be trained on is refused with a sentence") {
  const World& w = world();
  TempFolder folder;
  const auto pretraining = [&](const std::string& text, const Arguments& more = {}) {
    write_text(folder / "a.txt", text);
    return run(w.pretraining("refused", folder / "a.txt") + more);
  };
  check_refusal(pretraining(""), "a.txt is empty");
  check_refusal(pretraining("one\ntwo \xff\n"), "line 2");
  check_refusal(pretraining("short"), "--max-length 5");
  check_refusal(pretraining(documents(9), {"--max-length", "64"}), "32 positions");
  auto unheard_of = w.pretraining("refused", folder / "a.txt");
  *(std::find(unheard_of.begin(), unheard_of.end(), "--preset") + 1) = "enormous";
  check_refusal(run(unheard_of), "enormous");
  check_refusal(pretraining(documents(9), {"--vocab-size", "300"}), "--vocab-size");
  check_refusal(pretraining(documents(9), {"--fill-in-the-middle", "0.5", "--documents", "packed"}), "--documents packed is given");
  check_refusal(pretraining(documents(9), {"--fill-in-the-middle", "1.5", "--documents", "separate"}), "0 to 1");
  check_refusal(pretraining(documents(9), {"--valid-fraction", "1"}), "kept apart");
  check_refusal(pretraining(documents(9), {"--valid-fraction", "0.5", "--valid", w.text.string()}), "--valid-fraction");
  check_refusal(pretraining(documents(9), {"--input", "0"}), "--output-column");
  check_refusal(pretraining(documents(9), {"--template", w.text.string()}), "--template");
  check_refusal(pretraining(documents(9), {"--input", "0", "--output-column", "1"}), "a.txt");
  check_refusal(run({"finetune", "lm", "--model", w.gpt.string(), "--train", w.table.string(), "--input", "question", "--output-column",
                     "answr", "--output", (folder / "x").string()}),
                "answr");
  write_text(folder / "empty.tsv", "the cat\tsleeps\nthe cat\t\n");
  write_text(folder / "form.txt", "{input} {output}\n");
  const Arguments tuning{"finetune",       "lm",
                         "--model",        w.gpt.string(),
                         "--train",        (folder / "empty.tsv").string(),
                         "--output",       (folder / "x").string(),
                         "--template",     (folder / "form.txt").string(),
                         "--input",        "0",
                         "--output-column"};
  check_refusal(run(tuning + Arguments{"1"}), "line 2: the output is empty");
  check_refusal(run(tuning + Arguments{"0"}), "asked for twice, as input and as output");
  check_refusal(run({"evaluate", "lm", "--model", w.gpt.string(), "--data", (folder / "absent.txt").string()}), "absent.txt");
}

TEST_CASE("a vocabulary that does not fit the model is refused") {
  const World& w = world();
  TempFolder folder;
  fs::create_directory(folder / "copy");
  for (const auto& entry : fs::directory_iterator(w.gpt))
    if (entry.is_regular_file()) fs::copy(entry.path(), folder / "copy" / entry.path().filename());
  write_text(folder / "other.txt", "ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz 0123456789\n");
  const Outcome learnt = run({"pretrain", "gpt", "--train", (folder / "other.txt").string(), "--vocab-size", "270", "--preset", "tiny",
                              "--max-length", "8", "--steps", "1", "--output", (folder / "large").string()});
  INFO(learnt.err);
  REQUIRE(learnt.code == 0);
  for (const char* name : {"vocab.json", "merges.txt", "tokenizer_config.json"})
    fs::copy_file(folder / "large" / name, folder / "copy" / name, fs::copy_options::overwrite_existing);
  check_refusal(run({"evaluate", "lm", "--model", (folder / "copy").string(), "--data", w.text.string()}), "ids, the model");
  check_refusal(
      run({"finetune", "lm", "--model", (folder / "copy").string(), "--train", w.text.string(), "--output", (folder / "x").string()}),
      "ids, the model");
}
