// BERT folders as others leave them, and what a folder says of the length of its texts.
#include <algorithm>
#include <sstream>

#include "core/json.h"
#include "tests/cli/refusal_check.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::string documents() {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "the cat sleeps in the house .\nthe cat is good .\na bad film about the cat .\n\n";
  return text;
}

/// A model of 32 positions that was pretrained on sequences of 16, made once.
struct World {
  TempFolder folder;
  fs::path text = folder / "text.txt", table = folder / "table.tsv", bert = folder / "bert";

  World() {
    write_text(text, documents());
    std::string rows;
    for (int i = 0; i < 8; ++i) rows += "a good film\t1\na bad film\t0\n";
    write_text(table, rows);
    const Outcome trained = run(pretraining("bert", {"--steps", "2"}));
    INFO(trained.err);
    REQUIRE(trained.code == 0);
  }
  std::vector<std::string> pretraining(const char* output, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{
        "pretrain",     "bert", "--train",      text.string(), "--output", (folder / output).string(), "--preset", "tiny",
        "--vocab-size", "60",   "--max-length", "16",          "--set",    "max_positions=32"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::vector<std::string> classifying(const fs::path& model, const char* output, const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{
        "finetune", "classify", "--model", model.string(), "--train", table.string(), "--text",
        "0",        "--label",  "1",       "--epochs",     "1",       "--output",     (folder / output).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  fs::path copy(const char* name) const {
    const fs::path copy = folder / name;
    fs::create_directory(copy);
    for (const auto& entry : fs::directory_iterator(bert))
      if (entry.is_regular_file()) fs::copy(entry.path(), copy / entry.path().filename());
    return copy;
  }
};

const World& world() {
  static const World made;
  return made;
}

void edit(const fs::path& file, const std::function<void(Json&)>& change) {
  Json json = read_json_file(file);
  change(json);
  write_json_file(file, json);
}

}  // namespace

TEST_CASE("a model reads as much of a text as it was trained on, and the folder says how much") {
  const World& w = world();
  CHECK(read_json_file(w.bert / "tokenizer_config.json")["model_max_length"] == 16);
  std::string words;
  for (int i = 0; i < 20; ++i) words += "cat ";
  CHECK_THAT(run({"embed", "--model", w.bert.string()}, words + "\n").err, Contains("longer than 16 tokens"));
  const Outcome tuned = run(w.classifying(w.bert, "long", {"--max-length", "24"}));
  INFO(tuned.err);
  REQUIRE(tuned.code == 0);
  CHECK(read_json_file(w.folder / "long" / "tokenizer_config.json")["model_max_length"] == 24);
  const auto classified = [&](const char* line) { return run({"classify", "--model", (w.folder / "long").string()}, line).err; };
  CHECK_THAT(classified((words + "cat cat cat\n").c_str()), Contains("longer than the 24 tokens"));
  CHECK_THAT(classified((words + "\n").c_str()), !Contains("longer"));
}

TEST_CASE("lengths that cannot be are refused, the usual one is cut to the model") {
  const World& w = world();
  for (const char* length : {"0", "-3", "33"}) {
    CAPTURE(length);
    check_refusal(run(w.classifying(w.bert, "none", {"--max-length", length})), std::string("--max-length is ") + length);
    check_refusal(run({"evaluate", "mlm", "--model", w.bert.string(), "--data", w.text.string(), "--max-length", length}),
                  std::string("--max-length is ") + length);
  }
  check_refusal(run(w.classifying(w.bert, "none", {"--max-length", "128"})), "the model has 32 positions");
  check_refusal(
      run({"evaluate", "classify", "--model", (w.folder / "absent").string(), "--data", w.table.string(), "--text", "0", "--label", "1"}),
      "no such folder");
}

TEST_CASE("masked words are evaluated on standard input, too") {
  const World& w = world();
  const Outcome file = run({"evaluate", "mlm", "--model", w.bert.string(), "--data", w.text.string(), "--json"});
  const Outcome input = run({"evaluate", "mlm", "--model", w.bert.string(), "--data", "-", "--json"}, documents());
  INFO(input.err);
  CHECK(input.code == 0);
  CHECK(file.out == input.out);
}

TEST_CASE("a text of another language is refused before training, and masks need their token before any text is read") {
  const World& w = world();
  const fs::path other = w.folder / "other.txt";
  write_text(other, "\u0b86\u0b87 \u0b88\n\u0b89\n\n\u0b8a\n\u0b8e\n");
  std::vector<std::string> arguments{"pretrain",    "bert",
                                     "--train",     other.string(),
                                     "--tokenizer", w.bert.string(),
                                     "--preset",    "tiny",
                                     "--steps",     "1",
                                     "--output",    (w.folder / "unknown").string()};
  check_refusal(run(arguments), "the tokenizer knows no word of this text");
  check_refusal(run({"evaluate", "mlm", "--model", w.bert.string(), "--data", other.string()}), "the tokenizer knows no word of this text");
}

TEST_CASE("minutes alone end a run, whose rate stays where it is") {
  const Outcome outcome = run(world().pretraining("minutes", {"--max-minutes", "0.0001"}));
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.err, Contains("only --max-minutes says where the run ends"));
  check_refusal(run(world().pretraining("linear", {"--max-minutes", "1", "--schedule", "linear"})), "--schedule linear needs to know");
}

TEST_CASE("seeds are checked before the first one trains") {
  const World& w = world();
  check_refusal(run(w.classifying(w.bert, "twice", {"--seeds", "1,2,1"})), "--seeds holds 1 more than once");
  check_refusal(run(w.classifying(w.bert, "minus", {"--seeds", "1,-1"})), "--seeds holds -1");
  CHECK_FALSE(fs::exists(w.folder / "minus" / "seed-1"));
  check_refusal(run(w.classifying(w.bert, "both", {"--seeds", "1,2", "--seed", "3"})), "--seed");
  const Outcome blind = run(w.classifying(w.bert, "blind", {"--seeds", "1,2"}));
  CHECK(blind.code == 0);
  CHECK_THAT(blind.err, Contains("nothing to take means of"));
}

TEST_CASE("a head of another kind gives way to a new one, and numbers stand for LABEL_0, LABEL_1") {
  const World& w = world();
  REQUIRE(run(w.classifying(w.bert, "base", {})).code == 0);
  const fs::path base = w.folder / "base";
  edit(base / "config.json", [](Json& json) {
    json["id2label"] = {{"0", "LABEL_0"}, {"1", "LABEL_1"}};
    json["label2id"] = {{"LABEL_0", 0}, {"LABEL_1", 1}};
  });
  const std::vector<std::string> evaluation{"evaluate",       "classify", "--model", base.string(), "--data",
                                            w.table.string(), "--text",   "0",       "--label",     "1"};
  const Outcome numbers = run(evaluation);
  INFO(numbers.err);
  CHECK(numbers.code == 0);
  edit(base / "config.json", [](Json& json) { json["problem_type"] = "regression"; });
  check_refusal(run(evaluation), "\"regression\" with 2 outputs");
  edit(base / "config.json", [](Json& json) { json["problem_type"] = "multi_label_classification"; });
  check_refusal(run(evaluation), "multi_label_classification");
  const Outcome tuned = run(w.classifying(base, "from-toxic", {}));
  INFO(tuned.err);
  CHECK(tuned.code == 0);
  CHECK_THAT(tuned.err, Contains("a new one is drawn at random"));
}

TEST_CASE("sentence-transformers' folders say how vectors are made, in both spellings") {
  const World& w = world();
  const auto folder = [&](const char* name, const char* pooling, const char* modules) {
    const fs::path made = w.copy(name);
    fs::create_directory(made / "1_Pooling");
    write_text(made / "1_Pooling" / "config.json", pooling);
    write_text(made / "modules.json", modules);
    return made.string();
  };
  constexpr const char* kModules =
      R"([{"idx": 0, "type": "sentence_transformers.models.Transformer", "path": ""}, {"idx": 1, "type": "sentence_transformers.models.Pooling",
          "path": "1_Pooling"}, {"idx": 2, "type": "sentence_transformers.models.Normalize", "path": "2_Normalize"}])";
  const auto vector = [&](const std::string& model, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"embed", "--model", model};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, "the cat sleeps .\n");
  };
  const auto norm = [](const Outcome& outcome) {
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    double sum = 0;
    for (const Json& number : parse_json(outcome.out, "vector")) sum += number.get<double>() * number.get<double>();
    return sum;
  };
  const Outcome old = vector(folder("old", R"({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": null})", kModules));
  const Outcome young = vector(folder("young", R"({"embedding_dimension": 128, "pooling_mode": "mean"})", kModules));
  CHECK(norm(old) == Approx(1));
  CHECK(old.out == young.out);
  const std::string cls = folder("cls", R"({"pooling_mode": ["cls"]})", kModules);
  CHECK(norm(vector(cls)) == Approx(1));
  CHECK(vector(cls).out != old.out);
  CHECK(vector(cls, {"--pooling", "mean"}).out == old.out);  // still of length 1
  check_refusal(vector(folder("max", R"({"pooling_mode": "max"})", kModules)), "pooling by max");
  check_refusal(vector(folder("two", R"({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true})", kModules)),
                "pooling by mean_tokens, cls_token");
  check_refusal(vector(folder("list", "{}", R"(["x"])")), "modules.json");
  check_refusal(vector(folder("dense", "{}", R"([{"type": "x.Dense", "path": ""}])")), "x.Dense");

  const std::string prompted = folder("prompted", R"({"pooling_mode": "mean", "shift": 1})", kModules);
  write_text(fs::path(prompted) / "config_sentence_transformers.json",
             R"({"prompts": {"query": "a good "}, "default_prompt_name": "query"})");
  const Outcome with_prompt = vector(prompted);
  CHECK_THAT(with_prompt.err, Contains("shift") && Contains("stands before every text: 'a good '"));
  CHECK(with_prompt.out == vector(prompted, {"--prompt-name", "query"}).out);
  CHECK(with_prompt.out != old.out);
  CHECK(vector(prompted, {"--prompt", ""}).out == old.out);
  check_refusal(vector(prompted, {"--prompt-name", "passage"}), "there is no prompt 'passage'");
  check_refusal(vector(prompted, {"--prompt-name", "query", "--prompt", "x"}), "both given");
}

TEST_CASE("an empty line is null in JSON, and the lines around it keep their places") {
  const World& w = world();
  const auto second_line = [&](std::vector<std::string> arguments, const std::string& line, const fs::path& model = world().bert) {
    arguments.insert(arguments.end(), {"--model", model.string()});
    const Outcome outcome = run(arguments, line + "\n\n" + line + "\n");
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    std::istringstream answers(outcome.out);
    std::string first, second, third;
    std::getline(answers, first);
    std::getline(answers, second);
    std::getline(answers, third);
    CHECK((first == third && !first.empty()));
    return second;
  };
  CHECK(second_line({"embed"}, "the cat") == "null");
  CHECK(second_line({"fill-mask", "--json"}, "the [MASK]") == "null");
  CHECK(second_line({"fill-mask"}, "the [MASK]").empty());
  CHECK(second_line({"next-sentence", "--json"}, "the cat\tthe film") == "null");
  CHECK(second_line({"next-sentence"}, "the cat\tthe film").empty());
  REQUIRE(run(w.classifying(w.bert, "empty-lines", {})).code == 0);
  CHECK(second_line({"classify", "--json"}, "the cat", w.folder / "empty-lines") == "null");
  CHECK(second_line({"classify"}, "the cat", w.folder / "empty-lines").empty());
}

TEST_CASE("a classifier for single texts refuses a TAB with its line, one of another program is told about") {
  const World& w = world();
  const Outcome trained = run(w.classifying(w.bert, "single", {}));
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  const fs::path single = w.folder / "single";
  const auto classified = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"classify", "--model", single.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, "a good film\n\nthe cat\ta film\n");
  };
  check_refusal(classified({}), "line 3: a pair of texts");
  CHECK(classified({"--pairs", "yes"}).code == 2);  // the first line is none
  fs::remove(single / "classifying.json");
  const Outcome guessed = classified({"--json"});
  CHECK(guessed.code == 0);
  CHECK_THAT(guessed.err, Contains("line 3 is read as a pair of texts"));
  CHECK_THAT(guessed.out, Contains("}\nnull\n{"));
}

TEST_CASE("a folder of another family is told as such") {
  const World& w = world();
  const fs::path gpt = w.copy("gpt");
  edit(gpt / "config.json", [](Json& json) { json["model_type"] = "gpt2"; });
  fs::remove(gpt / "vocab.txt");
  for (const char* command : {"fill-mask", "next-sentence", "tag", "answer"}) {
    CAPTURE(command);
    check_refusal(run({command, "--model", gpt.string()}, "a\tb\n"), "model_type is 'gpt2'");
  }
}
