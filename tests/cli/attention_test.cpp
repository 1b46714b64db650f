// BERT and GPT with other kinds of attention, from pretraining to answers, by the binary.
#include <algorithm>

#include "core/json.h"
#include "tests/cli/refusal_check.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::string documents() {
  std::string text;
  for (int i = 0; i < 40; ++i)
    text += i % 2 ? "the cat sleeps in the house and the dog runs in the garden , for it is good .\nthe cat is good and it is not bad "
                    "that the dog sleeps , but it runs .\n\n"
                  : "the dog runs in the garden .\nit is bad .\n\n";
  return text;
}

struct World {
  TempFolder folder;
  fs::path text = folder / "text.txt";

  World() { write_text(text, documents()); }

  Arguments pretraining(const char* family, const std::string& output, const Arguments& kind, int steps) const {
    return Arguments{"pretrain",
                     family,
                     "--train",
                     text.string(),
                     "--output",
                     (folder / output).string(),
                     "--preset",
                     "tiny",
                     "--vocab-size",
                     "280",
                     "--max-length",
                     "64",
                     "--batch-size",
                     "8",
                     "--steps",
                     std::to_string(steps),
                     "--save-every",
                     "2",
                     "--threads",
                     "1",
                     "--set",
                     "max_positions=64",
                     "-q"} +
           kind;
  }
  std::string weights(const std::string& name) const { return read_text(folder / name / "model.safetensors"); }
};

const World& world() {
  static const World made;
  return made;
}

const std::vector<std::pair<const char*, Arguments>>& kinds() {
  static const std::vector<std::pair<const char*, Arguments>> all{
      {"window", {"--set", "attention=window", "--set", "attention_window=8"}},
      {"bigbird", {"--set", "attention=bigbird", "--set", "attention_block=4", "--set", "attention_random=1"}},
      {"linformer", {"--set", "attention=linformer", "--set", "attention_projected=16"}},
      {"linear", {"--set", "attention=linear"}},
      {"reformer", {"--set", "attention=reformer", "--set", "attention_buckets=4", "--set", "attention_chunk=8"}}};
  return all;
}

bool reads_whole_texts(const std::string& kind) { return kind == "linformer" || kind == "bigbird"; }

}  // namespace

TEST_CASE("a GPT of every kind is trained, goes on to the same bits, and writes and scores text") {
  const World& w = world();
  for (const auto& [name, kind] : kinds()) {
    INFO(name);
    if (reads_whole_texts(name)) continue;
    const std::string whole = std::string("gpt-") + name, parts = whole + "-parts", model = (w.folder / whole).string();
    REQUIRE(run(w.pretraining("gpt", whole, kind, 4)).code == 0);
    REQUIRE(run(w.pretraining("gpt", parts, kind, 2)).code == 0);
    REQUIRE(run(w.pretraining("gpt", parts, kind, 4) + Arguments{"--resume"}).code == 0);
    CHECK(w.weights(whole) == w.weights(parts));

    const Json config = read_json_file(w.folder / whole / "config.json");
    CHECK(config["model_type"] == "attend-gpt");  // transformers' GPT-2 would be another model
    CHECK(config["architectures"] == Json({"AttendGPT2LMHeadModel"}));
    CHECK(config["attention"] == name);

    // It writes a token at a time, and scores what it wrote; tests/models holds steps to the whole text.
    const Outcome written = run({"generate", "--model", model, "--prompt", "the cat", "--max-new-tokens", "20", "--temperature", "0",
                                 "--log-probabilities", "--json"});
    INFO(written.err);
    REQUIRE(written.code == 0);
    const Json answer = parse_json(written.out, "answer");
    const Outcome scored =
        run({"score", "--model", model, "--log-probabilities", "--json"}, "the cat" + answer["text"].get<std::string>() + "\n");
    INFO(scored.err);
    REQUIRE(scored.code == 0);
  }
}

TEST_CASE("a BERT of every kind is pretrained, goes on to the same bits, is tuned and answers") {
  const World& w = world();
  write_text(w.folder / "table.tsv", "the cat is good\tgood\nit is bad\tbad\nthe dog runs\tgood\n");
  for (const auto& [name, kind] : kinds()) {
    INFO(name);
    const std::string model = (w.folder / (std::string("bert-") + name)).string(), tuned = model + "-tuned";
    const std::string whole = std::string("bert-") + name, parts = whole + "-parts";
    REQUIRE(run(w.pretraining("bert", whole, kind, 4)).code == 0);
    REQUIRE(run(w.pretraining("bert", parts, kind, 2)).code == 0);
    REQUIRE(run(w.pretraining("bert", parts, kind, 4) + Arguments{"--resume"}).code == 0);
    CHECK(w.weights(whole) == w.weights(parts));
    const bool is_theirs = std::string(name) == "bigbird";  // transformers has it
    CHECK(read_json_file(fs::path(model) / "config.json")["model_type"] == (is_theirs ? "big_bird" : "attend-bert"));
    const Outcome filled = run({"fill-mask", "--model", model}, "the [MASK] sleeps .\n");
    INFO(filled.err);
    CHECK(filled.code == 0);
    REQUIRE(run({"finetune", "classify", "--model", model, "--train", (w.folder / "table.tsv").string(), "--text", "0", "--label", "1",
                 "--steps", "2", "--dropout", "0.1", "--output", tuned, "-q"})
                .code == 0);
    CHECK(read_json_file(fs::path(tuned) / "config.json")["architectures"] ==
          Json({is_theirs ? "BigBirdForSequenceClassification" : "AttendBertForSequenceClassification"}));
    const Outcome labelled = run({"classify", "--model", tuned}, "the cat\n");
    INFO(labelled.err);
    CHECK(labelled.code == 0);
  }
}

TEST_CASE("kinds of attention that cannot be are refused with a sentence") {
  const World& w = world();
  const auto refusal = [&](const Arguments& kind) { return run(w.pretraining("gpt", "none", kind, 1)); };
  check_refusal(refusal({"--set", "attention=sparse"}), "full|window|bigbird|linformer|reformer|linear");
  check_refusal(refusal({"--set", "attention=window", "--set", "attention_window=0"}), "attention_window is 0; expected 1 or more");
  check_refusal(refusal({"--set", "attention=linformer"}), "projects a text as a whole; a model that goes on with text cannot");
  check_refusal(run(w.pretraining("bert", "none", {"--set", "attention=linformer", "--set", "attention_projected=0"}, 1)),
                "attention_projected is 0");
  check_refusal(refusal({"--set", "attention=bigbird"}), "seen by all of a text; a model that goes on with text cannot");
  check_refusal(run(w.pretraining("bert", "none", {"--set", "attention=bigbird", "--set", "attention_block=0"}, 1)),
                "attention_block is 0; expected 1 to 65536");
  check_refusal(run(w.pretraining("bert", "none", {"--set", "attention=bigbird", "--set", "attention_random=0"}, 1)),
                "attention_random is 0");
  check_refusal(run(w.pretraining("bert", "none", {"--set", "attention=window", "--set", "big_bird=true"}, 1)),
                "big_bird is true with attention window; expected bigbird or full");
  check_refusal(refusal({"--set", "attention=linear", "--set", "attention_dropout=0.1"}), "linear attention has no weights to drop");
  check_refusal(refusal({"--set", "attention=reformer", "--set", "attention_dropout=0.1"}), "reformer attention drops no weights");
  check_refusal(refusal({"--set", "attention=reformer", "--set", "attention_buckets=7"}),
                "attention_buckets is 7; expected an even number");
  check_refusal(refusal({"--set", "attention=reformer", "--set", "attention_rounds=0"}), "attention_rounds is 0; expected 1 to 16");
  check_refusal(refusal({"--set", "attention=reformer", "--set", "attention_chunk=0"}), "attention_chunk is 0; expected 1 to");
  check_refusal(refusal({"--set", "attention=reformer", "--set", "attention_buckets=1024", "--set", "attention_chunk=1024"}),
                "attention_chunk is 1024; expected 1 to 64 with 1024 buckets");
}
