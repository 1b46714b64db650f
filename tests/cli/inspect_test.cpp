// attend inspect on folders written here.
#include "core/json.h"
#include "core/safetensors.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;

namespace {

/// A folder in MarianMT's layout with three tensors of known sizes.
void write_small_model(const TempFolder& folder) {
  write_text(folder / "config.json",
             R"({"model_type": "marian", "architectures": ["MarianMTModel"], "vocab_size": 10, "d_model": 4, "encoder_layers": 2,)"
             R"( "eos_token_id": 0, "num_beams": 4})");
  const std::vector<float> numbers(64, 0.5f);
  const auto bytes = std::as_bytes(std::span(numbers));
  write_safetensors(folder / "model.safetensors", {{"model.shared.weight", {DType::kF32, {10, 4}, bytes.first(160)}},
                                                   {"model.encoder.layers.0.fc1.bias", {DType::kF32, {7}, bytes.first(28)}},
                                                   {"final_logits_bias", {DType::kF32, {1, 10}, bytes.first(40)}}});
}

}  // namespace

TEST_CASE("inspect reports sizes, parameters and tokenizer") {
  TempFolder folder;
  write_small_model(folder);
  const Outcome text = run({"inspect", folder.path().string()});
  CHECK(text.code == 0);
  CHECK_THAT(text.out, Contains("marian (MarianMTModel)") && Contains("47 in 3 tensors") && Contains("d_model 4, encoder_layers 2") &&
                           Contains("none") && !Contains("num_beams"));
  write_text(folder / "source.spm", "x");
  write_text(folder / "vocab.json", "{}");
  write_text(folder / "metrics.jsonl", "{\"step\": 50, \"loss\": 3.5}\n{\"step\": 100, \"evaluation\": {\"bleu\": 12.5}}\n");
  const Outcome json = run({"inspect", "--json", folder.path().string()});
  CHECK(json.code == 0);
  const Json facts = parse_json(json.out, "inspect");
  CHECK(facts["model_type"] == "marian");
  CHECK(facts["parameters"] == 47);  // final_logits_bias is a buffer
  CHECK(facts["vocab_size"] == 10);
  CHECK(facts["tokenizer"]["type"] == "sentencepiece");
  CHECK(facts["tokenizer"]["files"] == Json({"source.spm", "vocab.json"}));
  CHECK(facts["training"]["step"] == 100);
  CHECK(facts["training"]["loss"] == 3.5);
  CHECK(facts["training"]["evaluation"]["bleu"] == 12.5);
  CHECK_THAT(run({"inspect", folder.path().string()}).out, Contains("step 100, loss 3.5, evaluation: bleu 12.5"));
}

TEST_CASE("inspect says what is wrong with a folder") {
  TempFolder folder;
  const auto error = [&] {
    const Outcome outcome = run({"inspect", folder.path().string()});
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    return outcome.err;
  };
  CHECK_THAT(error(), Contains("config.json"));
  write_text(folder / "config.json", "{\"model_type\": ");
  CHECK_THAT(error(), Contains("config.json"));
  write_text(folder / "config.json", "{\"hidden_size\": 3}");
  CHECK_THAT(error(), Contains("model_type"));
  write_text(folder / "config.json", "{\"model_type\": \"marian\", \"vocab_size\": -1.5}");
  CHECK_THAT(error(), Contains("model.safetensors"));
  write_text(folder / "pytorch_model.bin", "x");
  CHECK_THAT(error(), Contains("pytorch_model.bin"));
  write_small_model(folder);
  write_text(folder / "config.json", "{\"model_type\": \"marian\", \"vocab_size\": 1.5}");
  CHECK_THAT(error(), Contains("vocab_size"));
  for (const char* architectures : {"[1]", "[null]", "[[\"MarianMTModel\"]]", "\"MarianMTModel\"", "{\"a\": 1}", "7"}) {
    INFO(architectures);
    write_text(folder / "config.json", std::string("{\"model_type\": \"marian\", \"architectures\": ") + architectures + "}");
    CHECK_THAT(error(), Contains("config.json") && Contains("architectures") && !Contains("internal"));
  }
  for (const char* config :
       {"[1]", "7", "{\"model_type\": 7}", "{\"model_type\": null}", "{\"model_type\": \"marian\", \"vocab_size\": []}"}) {
    INFO(config);
    write_text(folder / "config.json", config);
    CHECK_THAT(error(), Contains("config.json") && !Contains("internal"));
  }
  write_small_model(folder);
  for (const char* record : {"[1, 2]", "7", "\"step\"", "null"}) {
    INFO(record);
    write_text(folder / "metrics.jsonl", std::string("{\"step\": 1}\n") + record + "\n");
    CHECK_THAT(error(), Contains("metrics.jsonl line 2: expected a JSON object"));
  }
  // What it only shows may be of any kind.
  write_text(folder / "metrics.jsonl", "{\"step\": [1, {\"a\": null}], \"evaluation\": {\"bleu\": {}}, \"records\": \"x\"}\n");
  write_text(folder / "config.json", R"({"model_type": "marian", "architectures": null, "d_model": 18446744073709551615, "x": [1, "y"]})");
  for (const Arguments& arguments : {Arguments{"inspect"}, Arguments{"inspect", "--json"}}) {
    const Outcome outcome = run(arguments + Arguments{folder.path().string()});
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    CHECK_FALSE(outcome.out.empty());
  }
  CHECK(run({"inspect", "/nowhere"}).code == 2);
}

TEST_CASE("inspect refuses damaged weights") {
  TempFolder folder;
  write_small_model(folder);
  const std::string whole = read_text(folder / "model.safetensors");
  const auto error = [&](const std::string& content) {
    write_text(folder / "model.safetensors", content);
    const Outcome outcome = run({"inspect", folder.path().string()});
    CHECK(outcome.code == 2);
    return outcome.err;
  };
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{40}, whole.size() - 1})
    CHECK_THAT(error(whole.substr(0, size)), Contains("model.safetensors"));
  CHECK_THAT(error(whole + "x"), Contains("model.safetensors"));
  CHECK_THAT(error(std::string(8, '\xff') + "{}"), Contains("model.safetensors"));  // a header of 2^64-1 bytes
  std::string deep = "{\"a\":" + std::string(100'000, '[');
  std::string length(8, '\0');
  for (int i = 0; i < 8; ++i) length[static_cast<std::size_t>(i)] = static_cast<char>(deep.size() >> (8 * i));
  CHECK_THAT(error(length + deep), Contains("model.safetensors"));
}
