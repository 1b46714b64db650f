// attend finetune tag|answer, tag, answer and evaluate tag|answer as processes.
#include <algorithm>

#include <catch2/catch.hpp>

#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;

namespace {

constexpr const char* kSquad = R"({"data": [{"paragraphs": [
  {"context": "ann lives in rome .", "qas": [{"id": "1", "question": "who ?", "answers": [{"text": "ann", "answer_start": 0}]},
                                             {"id": "2", "question": "where ?", "answers": [{"text": "rome", "answer_start": 13}]}]},
  {"context": "bob goes to new york .", "qas": [{"id": "3", "question": "where ?", "answers": [{"text": "new york", "answer_start": 12}]}]}]}]})";

/// Texts, and a BERT of 32 wide that saw one step of pretraining.
struct Workplace {
  Workplace() {
    std::string text;
    for (int i = 0; i < 20; ++i) text += "ann lives in rome .\nbob goes to new york .\nwho ?\nwhere ?\n\n";
    write_text(folder / "text", text);
    std::string sentences;
    for (int i = 0; i < 6; ++i)
      sentences += "ann\tB-PER\nlives\tO\nin\tO\nrome\tB-LOC\n.\tO\n\nbob\tB-PER\ngoes\tO\nto\tO\nnew\tB-LOC\nyork\tI-LOC\n\n";
    write_text(folder / "train.conll", sentences);
    write_text(folder / "squad.json", kSquad);
    const Outcome made = run({"pretrain",
                              "bert",
                              "--train",
                              path("text"),
                              "--preset",
                              "tiny",
                              "--set",
                              "hidden_size=32",
                              "--set",
                              "intermediate_size=64",
                              "--set",
                              "max_positions=32",
                              "--max-length",
                              "32",
                              "--vocab-size",
                              "120",
                              "--steps",
                              "1",
                              "--threads",
                              "1",
                              "--output",
                              path("bert"),
                              "-q"});
    INFO(made.err);
    REQUIRE(made.code == 0);
  }

  std::string path(const std::string& name) const { return (folder / name).string(); }

  Outcome finetune(const std::string& task, const std::string& file, std::vector<std::string> more) const {
    std::vector<std::string> arguments{"finetune", task, "--model",         path("bert"), "--train",   path(file), "--valid", path(file),
                                       "--epochs", "2",  "--learning-rate", "1e-3",       "--threads", "1",        "--json",  "-q"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(std::move(arguments));
  }

  TempFolder folder;
};

std::size_t count(const std::string& text, char wanted) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), wanted)); }

}  // namespace

TEST_CASE("A tagger is trained, used and measured from the shell") {
  const Workplace place;
  const Outcome trained = place.finetune("tag", "train.conll", {"--batch-size", "4", "--output", place.path("run")});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  const Json result = parse_json(trained.out, "answer");
  CHECK(result["steps"] == 6);  // 12 sentences, 4 a batch, twice
  CHECK_THAT(result["use"].get<std::string>(), Contains("attend tag --model " + place.path("run")));

  // A tag for each word, a line for each line.
  const Outcome tagged = run({"tag", "--model", place.path("run")}, "ann lives  in\trome .\n\n \nbob " + std::string(100, 'x') + " \x01\n");
  REQUIRE(tagged.code == 0);
  CHECK(count(tagged.out, '\n') == 4);
  CHECK(count(tagged.out, ' ') == 4 + 2);
  CHECK_THAT(tagged.out, Contains("\n\n\n") && Catch::EndsWith(" O\n"));
  const Json answer = parse_json(run({"tag", "--model", place.path("run"), "--json"}, "Ann lives\n").out, "answer");
  CHECK(answer["words"] == Json({"Ann", "lives"}));
  CHECK(answer["tags"].size() == 2);
  CHECK(answer["scores"][1].get<double>() > 0.2);
  CHECK_THAT(run({"tag", "--model", place.path("run"), "--json"}, "ann\n\nbob\n").out, Contains("}\nnull\n{"));
  CHECK_THAT(run({"tag", "--model", place.path("run")}, "ann\nкошка лодка стол\n").err, Contains("line 2: 3 of its 3 tokens are unknown"));
  // Longer than the model's 32 positions.
  std::string words;
  for (int i = 0; i < 100; ++i) words += "ann ";
  CHECK(count(run({"tag", "--model", place.path("run")}, words + "\n").out, ' ') == 99);

  const Outcome evaluated = run({"evaluate", "tag", "--model", place.path("run"), "--data", place.path("train.conll"), "--json"});
  INFO(evaluated.err);
  REQUIRE(evaluated.code == 0);
  const Json scores = parse_json(evaluated.out, "answer");
  CHECK(scores["examples"] == 12);
  for (const char* name : {"f1", "precision", "recall", "accuracy"}) CHECK(scores[name] == result["best"][name]);
  CHECK(scores["loss"].get<double>() == Approx(result["best"]["loss"].get<double>()));

  write_text(place.folder / "bad.conll", "ann\tNOUN\nrome\tB-LOK\n");
  const Outcome refused = run({"evaluate", "tag", "--model", place.path("run"), "--data", place.path("bad.conll")});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, Contains("line 1") && Contains("'NOUN'") && Contains("'B-LOC', 'B-PER'"));
  // A comment, and a tag that training never had: a miss.
  write_text(place.folder / "unseen.conll", "# id 1\nann\tB-PER\nrome\tB-LOK\n");
  const std::string unseen = place.path("unseen.conll");
  const Outcome missed = run({"evaluate", "tag", "--model", place.path("run"), "--data", unseen, "--per-class", "--json"});
  INFO(missed.err);
  REQUIRE(missed.code == 0);
  CHECK_THAT(missed.err, Contains("1 of 2 labels were never seen in training") && Contains("are comments, the first in line 1"));
  const Json types = parse_json(missed.out, "answer")["classes"];
  CHECK(std::any_of(types.begin(), types.end(), [](const Json& type) { return type["label"] == "LOK" && type["examples"] == 1; }));
  const Json classes = parse_json(run({"inspect", place.path("run"), "--json"}).out, "inspect")["classes"];
  CHECK(classes[0] == Json({{"label", "B-LOC"}, {"training_examples", 12}}));
  CHECK(run({"tag", "--model", place.path("bert")}, "ann\n").code == 2);  // no head
}

TEST_CASE("A model that answers questions is trained, used and measured from the shell") {
  const Workplace place;
  const Outcome trained = place.finetune("answer", "squad.json", {"--batch-size", "2", "--output", place.path("run")});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  const Json result = parse_json(trained.out, "answer");
  CHECK(result["steps"] == 4);
  CHECK_THAT(result["use"].get<std::string>(), Contains("attend answer --model " + place.path("run")));
  // Its 32 positions are fewer than SQuAD's 384.
  CHECK(read_json_file(place.folder / "run" / "answering.json")["max_length"] == 32);

  const std::string lines = "where ?\tann lives in rome .\n\nwho ?\tMüller lives in Köln .\n";
  const Outcome answered = run({"answer", "--model", place.path("run")}, lines);
  INFO(answered.err);
  REQUIRE(answered.code == 0);
  CHECK(count(answered.out, '\n') == 3);
  CHECK(count(answered.out, '\t') == 2);
  CHECK_THAT(run({"answer", "--model", place.path("run"), "--json"}, "who ?\tann .\n\nwho ?\tann .\n").out, Contains("}\nnull\n{"));
  CHECK_THAT(run({"answer", "--model", place.path("run")}, "кто\tкошка лодка\n").err, Contains("line 1: 3 of its 3 tokens are unknown"));
  const Outcome as_json = run({"answer", "--model", place.path("run"), "--json"}, lines);
  const std::string last = as_json.out.substr(as_json.out.rfind("\n{") + 1);
  const Json answer = parse_json(last, "answer");
  // Places count characters, of which Müller has six.
  const std::u32string context = U"Müller lives in Köln .";
  const auto begin = answer["begin"].get<std::size_t>(), end = answer["end"].get<std::size_t>();
  REQUIRE(begin < end);
  REQUIRE(end <= context.size());
  std::string ascii;
  for (const char32_t c : context.substr(begin, end - begin)) ascii += c < 0x80 ? static_cast<char>(c) : '_';
  std::string found;
  for (const char c : answer["answer"].get<std::string>())
    if ((c & 0xC0) != 0x80) found += (c & 0x80) ? '_' : c;
  CHECK(found == ascii);
  CHECK(answer["score"].get<double>() > 0);
  CHECK(run({"answer", "--model", place.path("run"), "--no-answer", "yes", "--null-score-diff-threshold", "-1000"}, lines)
            .out.starts_with("\t"));

  const Outcome evaluated = run({"evaluate", "answer", "--model", place.path("run"), "--data", place.path("squad.json"), "--json"});
  INFO(evaluated.err);
  REQUIRE(evaluated.code == 0);
  const Json scores = parse_json(evaluated.out, "answer");
  CHECK(scores["examples"] == 3);
  CHECK(scores["f1"] == result["best"]["f1"]);
  CHECK(scores["exact"] == result["best"]["exact"]);

  const auto refusal = [&](std::vector<std::string> more, const std::string& input) {
    std::vector<std::string> arguments{"answer", "--model", place.path("run")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run(std::move(arguments), input);
    CHECK(outcome.code == 2);
    return outcome.err;
  };
  CHECK_THAT(refusal({}, "where ?\tann .\n\nwho ?\n"), Contains("line 3: expected question<TAB>context; there is no TAB"));
  CHECK_THAT(refusal({}, "where\t?\tann .\n"), Contains("line 1") && Contains("second TAB"));
  CHECK_THAT(refusal({"--stride", "20"}, "where ?\tann .\n"), Contains("--stride is 20"));
  CHECK_THAT(refusal({"--no-answer", "maybe"}, ""), Contains("auto|yes|no"));
}

TEST_CASE("Several seeds train several taggers and report their mean") {
  const Workplace place;
  const Outcome trained = place.finetune("tag", "train.conll", {"--seeds", "1,2", "--output", place.path("runs")});
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  const Json result = parse_json(trained.out, "answer");
  CHECK(result["seeds"] == Json({1, 2}));
  CHECK(result["f1"]["values"].size() == 2);
  CHECK(std::filesystem::exists(place.folder / "runs" / "seed-2" / "config.json"));
}
