// BERT from a text file to answers, by the binary: pretraining, fine-tuning, the filters, and what users get wrong on the way.
#include <algorithm>

#include "core/json.h"
#include "tests/cli/refusal_check.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::string documents() {
  std::string text;
  for (int i = 0; i < 30; ++i) {
    const std::string animal = i % 2 ? "cat" : "dog", place = i % 3 ? "house" : "garden";
    text += "the " + animal + " sleeps in the " + place + " .\nthe " + animal + " is a good " + animal + " .\na bad film about the " +
            animal + " .\n\n";
  }
  return text;
}

std::string table() {
  std::string text = "sentence\tother\tlabel\tscore\n";
  for (int i = 0; i < 8; ++i) text += "a good film\tthe cat\tgood\t1\na bad film\tthe dog\tbad\t-1\n";
  return text;
}

/// A text, a table, and a model pretrained for four steps, made once.
struct World {
  TempFolder folder;
  fs::path text = folder / "text.txt", examples = folder / "examples.tsv", bert = folder / "bert";

  World() {
    write_text(text, documents());
    write_text(examples, table());
    const Outcome trained = run(pretraining(bert, text));
    INFO(trained.err);
    REQUIRE(trained.code == 0);
    REQUIRE_THAT(trained.out, Contains("attend fill-mask --model " + bert.string()));
  }
  std::vector<std::string> pretraining(const fs::path& output, const fs::path& source) const {
    return {"pretrain",      "bert",     "--train", source.string(),   "--valid", source.string(), "--output",
            output.string(), "--preset", "tiny",    "--vocab-size",    "100",     "--max-length",  "32",
            "--steps",       "4",        "--set",   "max_positions=32"};
  }
  std::vector<std::string> finetuning(const char* task, const fs::path& model, const char* output,
                                      const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{
        "finetune", task,       "--model", model.string(), "--train",         examples.string(), "--valid",  examples.string(),
        "--text",   "sentence", "--label", "label",        "--learning-rate", "0.001",           "--output", (folder / output).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

const World& world() {
  static const World made;
  return made;
}

std::int64_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

/// A copy of the pretrained folder that a test may damage.
fs::path copy_of_bert(const TempFolder& folder) {
  const fs::path copy = folder / "copy";
  fs::create_directory(copy);
  for (const auto& entry : fs::directory_iterator(world().bert))
    if (entry.is_regular_file()) fs::copy(entry.path(), copy / entry.path().filename());
  return copy;
}

}  // namespace

TEST_CASE("a pretrained BERT fills masks, judges next sentences and embeds, a line a line") {
  const std::string bert = world().bert.string();
  const Outcome filled = run({"fill-mask", "--model", bert, "--top", "3"}, "the [MASK] sleeps .\n\nthe [MASK] [MASK] .\nno mask\n");
  INFO(filled.err);
  REQUIRE(filled.code == 0);
  CHECK(lines(filled.out) == 4);
  const std::string first = filled.out.substr(0, filled.out.find('\n'));
  CHECK(std::count(first.begin(), first.end(), '\t') == 5);  // token<TAB>probability three times
  CHECK_THAT(filled.out, Contains("\n\n") && Contains(" ||| "));
  CHECK_THAT(filled.err, Contains("line 4 holds no [MASK]"));
  const Json best = parse_json(run({"fill-mask", "--model", bert, "--json"}, "the [MASK] sleeps .\n").out, "answer");
  CHECK(first.starts_with(best["masks"][0][0]["token"].get<std::string>() + "\t"));

  const Outcome next = run({"next-sentence", "--model", bert, "--json"}, "the cat sleeps .\ta bad film .\n");
  REQUIRE(next.code == 0);
  const Json scores = parse_json(next.out, "answer")["scores"];
  CHECK(scores["next"].get<double>() + scores["not-next"].get<double>() == Approx(1));
  check_refusal(run({"next-sentence", "--model", bert}, "no tab\n"), "line 1");

  const Outcome vectors = run({"embed", "--model", bert, "--pooling", "cls"}, "the cat\n\nthe dog\n");
  REQUIRE(vectors.code == 0);
  CHECK(lines(vectors.out) == 3);
  CHECK(parse_json(vectors.out.substr(0, vectors.out.find('\n')), "answer").size() == 128);
}

TEST_CASE("a sequence longer than the positions is cut, with a warning that names its line") {
  std::string endless = "the [MASK]";
  for (int i = 0; i < 1000; ++i) endless += " cat";
  const Outcome outcome = run({"fill-mask", "--model", world().bert.string()}, "a [MASK]\n" + endless + "\n");
  CHECK(outcome.code == 0);
  CHECK(lines(outcome.out) == 2);
  CHECK_THAT(outcome.err, Contains("line 2") && Contains("longer than the 32 tokens"));
  const Outcome behind = run({"fill-mask", "--model", world().bert.string()}, "the [MASK] " + endless.substr(11) + " [MASK]\n");
  CHECK_THAT(behind.err, Contains("line 1 holds 2 [MASK]s, of which 1 lie behind"));
}

TEST_CASE("a classifier is fine-tuned, used, evaluated, and trained with several seeds") {
  const World& w = world();
  const Outcome tuned = run(w.finetuning("classify", w.bert, "sentiment", {"--epochs", "20", "--batch-size", "8"}));
  INFO(tuned.err);
  REQUIRE(tuned.code == 0);
  const std::string model = (w.folder / "sentiment").string();
  CHECK_THAT(tuned.out, Contains("attend classify --model " + model));
  const Outcome answers = run({"classify", "--model", model}, "a good film\n\na bad film\n");
  CHECK(answers.out.starts_with("good\t"));
  CHECK_THAT(answers.out, Contains("\n\nbad\t"));
  const Json answer = parse_json(run({"classify", "--model", model, "--json"}, "a good film\n").out, "answer");
  CHECK(answer["label"] == "good");
  CHECK(answer["scores"].size() == 2);
  const Outcome evaluated =
      run({"evaluate", "classify", "--model", model, "--data", w.examples.string(), "--text", "sentence", "--label", "label", "--json"});
  CHECK(parse_json(evaluated.out, "answer")["accuracy"] == 1.0);
  CHECK(parse_json(evaluated.out, "answer")["examples"] == 16);

  CHECK_THAT(tuned.err, Contains("examples of each class: 'bad' 8 (50.0 %), 'good' 8 (50.0 %)") && Contains("f1 is that of class 'good'"));
  CHECK_THAT(run({"inspect", model}).out, Contains("classes     'bad' 8, 'good' 8\n"));

  // Figures a class, and rows that are none left out.
  write_text(w.folder / "broken.tsv", "sentence\tlabel\na good film\tbad\na bad\nfilm\tbad\na good film\tgood\na bad film\tbad\n");
  const std::vector<std::string> broken{"evaluate",   "classify", "--model", model,   "--data",     (w.folder / "broken.tsv").string(),
                                        "--text",     "sentence", "--label", "label", "--positive", "bad",
                                        "--per-class"};
  check_refusal(run(broken), "line 3: 1 column; expected 2");
  const auto with = [&](const char* flag, const char* value) {
    std::vector<std::string> arguments = broken;
    arguments.insert(arguments.end(), {"--bad-rows", "skip", flag});
    if (*value != '\0') arguments.emplace_back(value);
    return run(arguments);
  };
  const Outcome skipped = with("--header", "yes");
  INFO(skipped.err);
  REQUIRE(skipped.code == 0);
  CHECK_THAT(skipped.err, Contains("1 of 5 rows cannot be read and are left out (--bad-rows skip); the first:") && Contains("line 3"));
  // "film" alone may be either: of the other three, one "bad" is missed.
  CHECK_THAT(skipped.out, Contains(" (of 'bad')\n") && Contains("macro_f1 = ") && Contains("examples = 4\n") &&
                              Contains("'bad': precision = ") && Contains("'good': precision = "));
  const Json figures = parse_json(with("--json", "").out, "answer");
  CHECK(figures["positive"] == "bad");
  CHECK(figures["classes"][0]["label"] == "bad");
  CHECK(figures["classes"][0]["examples"] == 3);
  CHECK(figures["classes"][0]["f1"] == figures["f1"]);
  const double of_bad = figures["classes"][0]["f1"], of_good = figures["classes"][1]["f1"];
  CHECK(figures["macro_f1"].get<double>() == Approx((of_bad + of_good) / 2));

  const Outcome seeds = run(w.finetuning("classify", w.bert, "seeds", {"--epochs", "1", "--seeds", "1,2", "--from-scratch", "--json"}));
  INFO(seeds.err);
  REQUIRE(seeds.code == 0);
  CHECK(parse_json(seeds.out, "answer")["accuracy"]["values"].size() == 2);
  CHECK(fs::exists(w.folder / "seeds" / "seed-2" / "model.safetensors"));
}

TEST_CASE("fine-tuning ends where it is told to, and evaluates each epoch or as told") {
  const World& w = world();
  const auto trained = [&](const char* output, const std::vector<std::string>& more) {
    std::vector<std::string> flags{"--batch-size", "8"};
    flags.insert(flags.end(), more.begin(), more.end());
    const Outcome outcome = run(w.finetuning("classify", w.bert, output, flags));
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    const std::string log = read_text(w.folder / output / "metrics.jsonl");
    std::int64_t evaluations = 0;
    for (std::size_t at = 0; (at = log.find("\"evaluation\"", at)) != std::string::npos; ++at) ++evaluations;
    return std::pair{read_json_file(w.folder / output / "checkpoints" / "last" / "trainer_state.json")["step"].get<int>(), evaluations};
  };
  CHECK(trained("epochs", {}) == std::pair{6, std::int64_t{3}});  // 16 examples, three epochs of two steps
  CHECK(trained("steps", {"--steps", "11", "--eval-every", "0"}) == std::pair{11, std::int64_t{1}});
  CHECK(trained("patient", {"--epochs", "2", "--patience", "1", "--average", "2"}).first >= 2);  // both go by epochs
}

TEST_CASE("an evaluation is of the examples that were looked at, at the length that is asked for") {
  const World& w = world();
  const auto result = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = run(arguments);
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    return parse_json(outcome.out, "answer");
  };
  std::string longer;
  for (int i = 0; i < 8; ++i) longer += documents();
  write_text(w.folder / "longer.txt", longer);
  const std::vector<std::string> masked{"evaluate", "mlm", "--model", w.bert.string(), "--data", (w.folder / "longer.txt").string(),
                                        "--json"};
  auto some = masked;
  some.insert(some.end(), {"--eval-examples", "1"});
  CHECK(result(some)["examples"].get<int>() < result(masked)["examples"].get<int>());
  some.back() = "-8";
  check_refusal(run(some), "--eval-examples is -8");
  check_refusal(run({"evaluate", "mlm", "--model", w.bert.string(), "--data", w.text.string(), "--max-length", "99"}), "32 positions");

  REQUIRE(run(w.finetuning("classify", w.bert, "sized", {"--max-length", "4", "--epochs", "1"})).code == 0);
  const std::string model = (w.folder / "sized").string();
  std::vector<std::string> evaluate{"evaluate", "classify", "--model", model,          "--data", w.examples.string(), "--text", "sentence",
                                    "--label",  "label",    "--json",  "--max-length", "4"};
  const std::string log = read_text(w.folder / "sized" / "metrics.jsonl");
  const std::size_t line = log.rfind('\n', log.rfind("\"evaluation\"")) + 1;
  const Json last = parse_json(log.substr(line, log.find('\n', line) - line), "metrics.jsonl");
  CHECK(result(evaluate)["loss"].get<double>() == Approx(last["evaluation"]["loss"].get<double>()).epsilon(1e-6));
  evaluate[1] = "regress";
  check_refusal(run(evaluate), "answers with classes");
  evaluate[1] = "classify";
  evaluate.back() = "33";
  check_refusal(run(evaluate), "32 positions");
  check_refusal(run({"tag", "--model", model}, "a film\n"), "the model is a BertForSequenceClassification");
}

TEST_CASE("pairs and numbers are learnt and answered") {
  const World& w = world();
  const Outcome pairs = run(w.finetuning("classify", w.bert, "pairs", {"--text-pair", "other", "--epochs", "1"}));
  INFO(pairs.err);
  REQUIRE(pairs.code == 0);
  CHECK_THAT(pairs.out, Contains("printf 'first\\tsecond\\n' | attend classify --model"));
  CHECK(lines(run({"classify", "--model", (w.folder / "pairs").string()}, "a good film\tthe cat\n").out) == 1);
  auto arguments = w.finetuning("regress", w.bert, "score", {"--epochs", "1"});
  *std::find(arguments.begin(), arguments.end(), "label") = "score";
  const Outcome numbers = run(arguments);
  INFO(numbers.err);
  REQUIRE(numbers.code == 0);
  const Outcome value = run({"classify", "--model", (w.folder / "score").string(), "--json"}, "a good film\n");
  CHECK(parse_json(value.out, "answer")["value"].is_number());
  const Outcome masked = run({"evaluate", "mlm", "--model", w.bert.string(), "--data", w.text.string(), "--max-length", "32", "--json"});
  INFO(masked.err);
  CHECK(parse_json(masked.out, "answer")["perplexity"].get<double>() > 1);
  CHECK_FALSE(parse_json(masked.out, "answer").contains("nsp_accuracy"));
  const Outcome next =
      run({"evaluate", "next-sentence", "--model", w.bert.string(), "--data", w.text.string(), "--max-length", "32", "--json"});
  INFO(next.err);
  const Json follows = parse_json(next.out, "answer");
  CHECK((follows["accuracy"].get<double>() >= 0 && follows["accuracy"].get<double>() <= 1 && follows["loss"].get<double>() > 0));
  CHECK(follows.size() == 3);  // and examples
}

TEST_CASE("what cannot be trained on is refused with a sentence") {
  const World& w = world();
  check_refusal(run(w.finetuning("classify", w.bert, "x", {"--text-pair", "othr"})), "'other'");  // the columns are listed
  TempFolder folder;
  write_text(folder / "unseen.tsv", "sentence\tother\tlabel\tscore\na film\tx\tneutral\t0\n");
  auto unseen = w.finetuning("classify", w.bert, "x", {});
  *(std::find(unseen.begin(), unseen.end(), "--valid") + 1) = (folder / "unseen.tsv").string();
  check_refusal(run(unseen), "neutral");
  check_refusal(run(w.finetuning("classify", w.bert, "y", {"--freeze-layers", "9"})), "--freeze-layers");

  check_refusal(run(w.finetuning("classify", w.bert, "y", {"--batch-tokens", "500"})), "has no flag '--batch-tokens'");
  check_refusal(run(w.finetuning("classify", w.bert, "y", {"--freeze-layers", "-3"})), "--freeze-layers is -3");
  check_refusal(run(w.finetuning("classify", w.bert, "y", {"--dropout", "1.5"})), "--dropout is 1.5");
  check_refusal(run(w.finetuning("classify", w.bert, "y", {"--max-length", "33"})), "--max-length is 33; the model has 32 positions");
  check_refusal(run({"fill-mask", "--model", w.bert.string(), "--top", "0"}), "'0' is not a whole number above 0");
  auto blind = w.finetuning("classify", w.bert, "y", {"--best-by", "accuracy"});
  blind.erase(std::find(blind.begin(), blind.end(), "--valid"), std::find(blind.begin(), blind.end(), "--valid") + 2);
  check_refusal(run(blind), "--best-by needs validation data");

  write_text(folder / "blank.txt", "\n\n");
  check_refusal(run(w.pretraining(folder / "run", folder / "blank.txt")), "blank.txt");
  write_text(folder / "one.txt", "the cat sleeps .\nthe dog sleeps .\n");
  check_refusal(run(w.pretraining(folder / "one", folder / "one.txt")), "--no-next-sentence");
  auto longer = w.pretraining(folder / "longer", w.text);
  longer.insert(longer.end(), {"--max-length", "64"});
  longer.erase(longer.begin() + 12, longer.begin() + 14);
  check_refusal(run(longer), "32 positions");
}

TEST_CASE("running prose is split into sentences, and words are masked whole") {
  const World& w = world();
  write_text(w.folder / "prose.txt", "The cat sleeps. The dog, Mr. Smith's, does not.\n\nA bad film. A good film! Is it? It is.\n");
  auto prose = w.pretraining(w.folder / "prose", w.folder / "prose.txt");
  prose.insert(prose.end(), {"--split-sentences", "--whole-word"});
  const Outcome trained = run(prose);
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK_THAT(read_text(w.folder / "prose" / "README.md"), Contains("2 documents, 6 sentences"));
  CHECK_THAT(read_text(w.folder / "prose" / "run.toml"), Contains("whole_word = true") && Contains("split_sentences = true"));
}

TEST_CASE("a model of one segment reads single texts only") {
  const World& w = world();
  auto single = w.pretraining(w.folder / "single", w.text);
  single.insert(single.end(), {"--set", "type_vocab_size=1"});
  check_refusal(run(single), "next sentences need a second segment, and the model has one (type_vocab_size 1)");
  CHECK_FALSE(fs::exists(w.folder / "single"));  // told before a vocabulary is learnt
  single.push_back("--no-next-sentence");
  REQUIRE(run(single).code == 0);
  check_refusal(run(w.finetuning("classify", w.folder / "single", "paired", {"--text-pair", "other"})),
                "one segment only (type_vocab_size 1)");
  REQUIRE(run(w.finetuning("classify", w.folder / "single", "alone", {})).code == 0);
  check_refusal(run({"classify", "--model", (w.folder / "alone").string()}, "a film\nthe cat\tthe dog\n"), "line 2: a pair of texts");
}

TEST_CASE("a folder that does not fit the task is refused with a sentence") {
  TempFolder folder;
  const fs::path copy = copy_of_bert(folder);
  check_refusal(run({"classify", "--model", copy.string()}, "x\n"), "classifier.weight");
  const auto edit = [&](const char* key, const Json& value) {
    Json config = read_json_file(copy / "config.json");
    config[key] = value;
    write_json_file(copy / "config.json", config);
  };
  const World& w = world();
  const Json whole = read_json_file(copy / "config.json");
  edit("type_vocab_size", 1);
  check_refusal(run(w.finetuning("classify", copy, "z", {"--text-pair", "other"})), "token_type_embeddings");
  write_json_file(copy / "config.json", whole);
  edit("hidden_size", 64);
  check_refusal(run({"fill-mask", "--model", copy.string()}, "x\n"), "shape");
  edit("hidden_size", 65536);  // 400 TB: refused before a model of that size is made
  edit("num_hidden_layers", 1000);
  check_refusal(run({"fill-mask", "--model", copy.string()}, "x\n"), "describes a model of");
  edit("model_type", "unheard-of");
  check_refusal(run({"fill-mask", "--model", copy.string()}, "x\n"), "unheard-of");
  write_json_file(copy / "config.json", whole);
  std::string vocabulary = read_text(copy / "vocab.txt");
  vocabulary.replace(vocabulary.find("[MASK]"), 6, "[mask]");
  write_text(copy / "vocab.txt", vocabulary);
  fs::remove(copy / "tokenizer_config.json");
  check_refusal(run({"fill-mask", "--model", copy.string()}, "x\n"), "[MASK]");
  auto pretraining = w.pretraining(folder / "run", w.text);
  pretraining.erase(std::find(pretraining.begin(), pretraining.end(), "--vocab-size"),
                    std::find(pretraining.begin(), pretraining.end(), "--max-length"));
  pretraining.insert(pretraining.end(), {"--tokenizer", copy.string()});
  check_refusal(run(pretraining), "[MASK]");
  fs::remove(copy / "vocab.txt");
  check_refusal(run({"embed", "--model", copy.string()}, "x\n"), "tokenizer");
}
