// A BERT as the start of something: of more pretraining, of a head that keeps its labels; and folders that are not to be written over.
#include <algorithm>

#include "core/json.h"
#include "core/safetensors.h"
#include "tests/cli/refusal_check.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// A model pretrained for two steps, made once.
struct World {
  TempFolder folder;
  fs::path text = folder / "text.txt", table = folder / "table.tsv", bert = folder / "bert";

  World() {
    std::string documents, rows;
    for (int i = 0; i < 20; ++i) documents += "the cat sleeps in the house .\nthe cat is good .\na bad film about the cat .\n\n";
    for (int i = 0; i < 8; ++i) rows += "a good film\tgood\na bad film\tbad\nthe cat\tneither\n";
    write_text(text, documents);
    write_text(table, rows);
    const Outcome trained = run(pretraining("bert") + Arguments{"--preset", "tiny", "--vocab-size", "60", "--set", "max_positions=32"});
    INFO(trained.err);
    REQUIRE(trained.code == 0);
  }
  Arguments pretraining(const char* output, const char* steps = "2", const char* length = "16") const {
    return {"pretrain", "bert", "--train", text.string(), "--output", (folder / output).string(), "--max-length", length, "--steps", steps};
  }
  Arguments classifying(const fs::path& model, const char* output) const {
    return {"finetune", "classify", "--model", model.string(), "--train", table.string(), "--text",
            "0",        "--label",  "1",       "--steps",      "1",       "--output",     (folder / output).string()};
  }
  std::string weights(const char* name) const { return read_text(folder / name / "model.safetensors"); }
};

const World& world() {
  static const World made;
  return made;
}

double largest_difference(const fs::path& a, const fs::path& b, const std::string& tensor) {
  const auto first = SafetensorsReader::open_folder(a), second = SafetensorsReader::open_folder(b);
  const TensorView x = first.tensors().at(tensor), y = second.tensors().at(tensor);
  const auto* left = reinterpret_cast<const float*>(x.bytes.data());
  const auto* right = reinterpret_cast<const float*>(y.bytes.data());
  double largest = 0;
  for (std::size_t i = 0; i < x.bytes.size() / sizeof(float); ++i)
    largest = std::max(largest, std::abs(double{left[i]} - double{right[i]}));
  return largest;
}

}  // namespace

TEST_CASE("pretraining goes on from a BERT folder: its sizes, its tokenizer, its weights") {
  const World& w = world();
  const Arguments start{"--model", w.bert.string(), "--learning-rate", "1e-6", "--warmup-steps", "0"};
  const Outcome further = run(w.pretraining("further") + start);
  INFO(further.err);
  REQUIRE(further.code == 0);
  CHECK_THAT(further.err, !Contains("drawn at random"));
  CHECK(read_json_file(w.folder / "further" / "config.json") == read_json_file(w.bert / "config.json"));
  CHECK(read_text(w.folder / "further" / "vocab.txt") == read_text(w.bert / "vocab.txt"));
  for (const char* tensor : {"bert.embeddings.word_embeddings.weight", "cls.predictions.bias", "cls.seq_relationship.weight"}) {
    const double moved = largest_difference(w.folder / "further", w.bert, tensor);
    CHECK(moved > 0);
    CHECK(moved < 1e-5);  // two steps of 1e-6
  }
  CHECK(w.weights("further") != w.weights("bert"));
  // The same again, stopped and resumed by its own settings.
  REQUIRE(run(w.pretraining("stopped", "1") + start + Arguments{"--schedule", "constant"}).code == 0);
  REQUIRE(run({"pretrain", "bert", "--config", (w.folder / "stopped" / "run.toml").string(), "--steps", "2", "--resume"}).code == 0);
  REQUIRE(run(w.pretraining("whole") + start + Arguments{"--schedule", "constant"}).code == 0);
  CHECK(w.weights("stopped") == w.weights("whole"));
}

TEST_CASE("heads that a folder to go on from lacks are drawn, and it may lose one") {
  const World& w = world();
  REQUIRE(run(w.classifying(w.bert, "classifier")).code == 0);  // a body, and none of the two heads
  const Outcome drawn = run(w.pretraining("drawn") + Arguments{"--model", (w.folder / "classifier").string()});
  INFO(drawn.err);
  REQUIRE(drawn.code == 0);
  CHECK_THAT(drawn.err, Contains("drawn at random and to be trained: cls.") || Contains("cls.predictions.bias"));
  REQUIRE(run(w.pretraining("words") + Arguments{"--model", w.bert.string(), "--no-next-sentence"}).code == 0);
  CHECK(read_json_file(w.folder / "words" / "config.json")["architectures"] == Json{"BertForMaskedLM"});
  check_refusal(run(w.pretraining("no") + Arguments{"--model", w.bert.string(), "--preset", "mini"}), "--preset");
  check_refusal(run(w.pretraining("no") + Arguments{"--model", w.bert.string(), "--vocab-size", "90"}), "--vocab-size");
  check_refusal(run(w.pretraining("no") + Arguments{"--model", (w.folder / "nowhere").string()}), "there is no such folder");
  check_refusal(run(w.pretraining("no", "2", "33") + Arguments{"--model", w.bert.string()}), "the model has 32 positions");
}

TEST_CASE("a head stays, and the order of its labels, where the data have the same ones") {
  const World& w = world();
  REQUIRE(run(w.classifying(w.bert, "ordered")).code == 0);
  const fs::path config = w.folder / "ordered" / "config.json";
  Json json = read_json_file(config);
  CHECK(json["id2label"] == Json{{"0", "bad"}, {"1", "good"}, {"2", "neither"}});
  json["id2label"] = {{"0", "neither"}, {"1", "bad"}, {"2", "good"}};
  json["label2id"] = {{"neither", 0}, {"bad", 1}, {"good", 2}};
  write_json_file(config, json);
  const Outcome tuned = run(w.classifying(w.folder / "ordered", "kept") + Arguments{"--learning-rate", "1e-9"});
  INFO(tuned.err);
  REQUIRE(tuned.code == 0);
  CHECK_THAT(tuned.err, !Contains("drawn at random"));
  CHECK(read_json_file(w.folder / "kept" / "config.json")["id2label"] == json["id2label"]);
  CHECK(largest_difference(w.folder / "kept", w.folder / "ordered", "classifier.weight") < 1e-7);
  check_refusal(run(w.classifying(w.bert, "no") + Arguments{"--from-scratch", "--freeze-layers", "1"}), "draws at random");
}

TEST_CASE("a model that is no run's own is not written over") {
  const World& w = world();
  fs::create_directory(w.folder / "precious");
  for (const char* file : {"config.json", "model.safetensors", "vocab.txt"}) fs::copy(w.bert / file, w.folder / "precious" / file);
  check_refusal(run(w.pretraining("precious") + Arguments{"--preset", "tiny"}), "already holds a model");
  check_refusal(run(w.classifying(w.bert, "precious")), "already holds a model");
  check_refusal(run(w.classifying(w.bert, "precious") + Arguments{"--resume"}), "no checkpoint to go on from");
  CHECK(w.weights("precious") == w.weights("bert"));
}

TEST_CASE("commands on lines read as much of one as they are told to") {
  const World& w = world();
  std::string words;
  for (int i = 0; i < 20; ++i) words += "cat ";
  REQUIRE(run(w.classifying(w.bert, "reader")).code == 0);
  const auto warned = [&](const char* command, const fs::path& model, const Arguments& more, const std::string& line) {
    const Outcome outcome = run(Arguments{command, "--model", model.string()} + more, line + "\n");
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    return outcome.err.find("were cut") != std::string::npos || outcome.err.find("it was cut") != std::string::npos;
  };
  for (const auto& [command, line] :
       {std::pair<const char*, std::string>{"embed", words}, {"fill-mask", "[MASK] " + words}, {"next-sentence", words + "\tthe cat"}}) {
    CAPTURE(command);
    CHECK(warned(command, w.bert, {}, line));
    CHECK_FALSE(warned(command, w.bert, {"--max-length", "32"}, line));
    CHECK(warned(command, w.bert, {"--max-length", "20"}, line));
    check_refusal(run(Arguments{command, "--model", w.bert.string(), "--max-length", "33"}, line + "\n"), "the model has 32 positions");
  }
  CHECK_FALSE(warned("classify", w.folder / "reader", {"--max-length", "24"}, words));
  CHECK(warned("classify", w.folder / "reader", {"--max-length", "10"}, words));
}
