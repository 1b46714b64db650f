// Folders of other programs: tied tensors stored twice, keys of config.json that we do not know.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include <functional>

#include "core/log.h"
#include "models/bert/heads.h"
#include "models/gpt/heads.h"
#include "models/interfaces.h"
#include "models/tensor_io.h"
#include "models/transformer/model.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Catch::Contains;

/// A saved model, whose files the test changes.
struct SavedModel {
  TempFolder folder;

  NamedTensors tensors() const { return read_tensors(folder / "model.safetensors"); }
  void change(const std::function<void(NamedTensors&)>& change) const {
    NamedTensors all = tensors();
    change(all);
    write_tensors(folder / "model.safetensors", all);
  }
  void configure(const std::function<void(Json&)>& change) const {
    Json config = read_json_file(folder / "config.json");
    change(config);
    write_json_file(folder / "config.json", config);
  }
};

struct SavedGpt : SavedModel {
  SavedGpt() {
    GptConfig config = gpt_preset("tiny");
    config.hidden_size = 32;
    config.num_heads = 2;
    config.vocab_size = 50;
    config.max_positions = 40;
    make_gpt(config, 1, torch::kCPU)->save(folder.path());
  }
  torch::Tensor logits() const {
    const torch::NoGradGuard no_gradient;
    return load_causal_language_model(folder.path())->logits({{5, 6, 7}, {3}});
  }
  std::string refusal() const {
    return refusal_of([&] { logits(); });
  }
};

struct SavedMarian : SavedModel {
  explicit SavedMarian(bool shares = true) {
    TransformerConfig config = transformer_preset("tiny");
    config.hidden_size = 32;
    config.vocab_size = config.target_vocab_size = 50;
    config.shared_embeddings = shares;
    config.max_positions = 20;
    config.pad_id = config.decoder_start_id = 49;
    make_transformer(config, 1, torch::kCPU)->save(folder.path());
  }
  torch::Tensor logits() const {
    const torch::NoGradGuard no_gradient;
    return load_seq2seq(folder.path())->logits({{{5, 6, 0}, {3}}, {{7, 0}, {2}}});
  }
  std::string refusal() const {
    return refusal_of([&] { logits(); });
  }
};

struct SavedBert : SavedModel {
  SavedBert() {
    BertConfig config = bert_preset("tiny");
    config.hidden_size = 32;
    config.num_heads = 2;
    config.intermediate_size = 64;
    config.vocab_size = 50;
    config.max_positions = 40;
    make_bert(config, BertMaskedLanguageModel::NextSentence::kYes, 1, torch::kCPU)->save(folder.path());
  }
  std::string refusal() const {
    return refusal_of([&] { load_masked_language_model(folder.path()); });
  }
};

/// What loading warns of.
std::string warnings_of(const std::function<void()>& load) {
  set_log_level(LogLevel::kNormal);
  return captured_stderr([&] { load(); });
}

}  // namespace

TEST_CASE("GPT's output table beside its embeddings must be the same, and stands for them where they are not there") {
  const SavedGpt gpt;
  const torch::Tensor expected = gpt.logits();
  gpt.change([](NamedTensors& t) { t["lm_head.weight"] = t["transformer.wte.weight"].clone(); });
  CHECK(torch::equal(gpt.logits(), expected));
  gpt.change([](NamedTensors& t) { t.erase("transformer.wte.weight"); });
  CHECK(torch::equal(gpt.logits(), expected));
  gpt.change([](NamedTensors& t) {
    t["transformer.wte.weight"] = t["lm_head.weight"].clone();
    t["lm_head.weight"][49][31] += 1e-6;
  });
  CHECK_THAT(gpt.refusal(), Contains("lm_head.weight differs from transformer.wte.weight"));
  // Whoever reads without an output layer has no use for it.
  CHECK_NOTHROW(load_text_encoder(gpt.folder.path()));
  gpt.change([](NamedTensors& t) { t["lm_head.weight"] = torch::zeros({51, 32}); });
  CHECK_THAT(gpt.refusal(), Contains("lm_head.weight differs from"));
}

TEST_CASE("a copy in another precision is the same where its numbers are") {
  const SavedGpt gpt;
  gpt.change([](NamedTensors& t) {
    t["transformer.wte.weight"] = t["transformer.wte.weight"].to(torch::kBFloat16).to(torch::kFloat32);
    t["lm_head.weight"] = t["transformer.wte.weight"].to(torch::kBFloat16);
  });
  CHECK_NOTHROW(gpt.logits());
  gpt.change([](NamedTensors& t) { t["lm_head.weight"][0][0] += 1; });
  CHECK_THAT(gpt.refusal(), Contains("lm_head.weight differs"));
}

TEST_CASE("Marian's four names of one table must agree, and each stands for the others") {
  const SavedMarian marian;
  const torch::Tensor expected = marian.logits();
  for (const char* copy : {"lm_head.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight"}) {
    CAPTURE(copy);
    const NamedTensors before = marian.tensors();
    marian.change([&](NamedTensors& t) { t[copy] = t["model.shared.weight"] * 2; });
    CHECK_THAT(marian.refusal(), Contains(std::string(copy) + " differs from model.shared.weight"));
    marian.change([&](NamedTensors& t) {
      t[copy] = t["model.shared.weight"].clone();
      t.erase("model.shared.weight");
    });
    CHECK(torch::equal(marian.logits(), expected));
    write_tensors(marian.folder / "model.safetensors", before);
  }
  const SavedMarian apart(false);
  apart.change([](NamedTensors& t) { t["lm_head.weight"] = t["model.encoder.embed_tokens.weight"].clone(); });
  CHECK_THAT(apart.refusal(), Contains("lm_head.weight differs from model.decoder.embed_tokens.weight"));
  apart.change([](NamedTensors& t) { t["lm_head.weight"] = t["model.decoder.embed_tokens.weight"].clone(); });
  CHECK(apart.refusal().empty());
}

TEST_CASE("the bias of a Marian file without prefixes is read") {
  const SavedMarian marian;
  marian.change([](NamedTensors& t) {
    NamedTensors bare;
    for (const auto& [name, tensor] : t) bare[name.starts_with("model.") ? name.substr(6) : name] = tensor;
    t = bare;
  });
  const torch::Tensor before = marian.logits();
  marian.change([](NamedTensors& t) { t["final_logits_bias"] = torch::ones({1, 50}); });
  CHECK(torch::allclose(marian.logits(), before + 1));
}

TEST_CASE("BERT's tied output must be the words' table and the one bias") {
  const SavedBert bert;
  bert.change([](NamedTensors& t) { t["cls.predictions.decoder.weight"] = t["bert.embeddings.word_embeddings.weight"] + 1; });
  CHECK_THAT(bert.refusal(), Contains("cls.predictions.decoder.weight differs from bert.embeddings.word_embeddings.weight"));
  CHECK_NOTHROW(load_text_encoder(bert.folder.path()));
  bert.change([](NamedTensors& t) {
    t.erase("cls.predictions.decoder.weight");
    t["cls.predictions.decoder.bias"] = t["cls.predictions.bias"] + 1;
  });
  CHECK_THAT(bert.refusal(), Contains("cls.predictions.decoder.bias differs from cls.predictions.bias"));
}

TEST_CASE("a table that is stored as the output alone is the words' table") {
  const SavedBert bert;
  const auto table = [&] { return load_text_encoder(bert.folder.path())->named_parameters()["bert.token_embedding"].clone(); };
  const torch::Tensor expected = table();
  bert.change([](NamedTensors& t) {
    t["cls.predictions.decoder.weight"] = t["bert.embeddings.word_embeddings.weight"].clone();
    t.erase("bert.embeddings.word_embeddings.weight");
  });
  CHECK(torch::equal(table(), expected));
  CHECK(bert.refusal().empty());
}

TEST_CASE("a compiled model's folder is read as the model's") {
  const SavedGpt gpt;
  const torch::Tensor expected = gpt.logits();
  gpt.change([](NamedTensors& t) {
    NamedTensors wrapped;
    for (const auto& [name, tensor] : t) wrapped["_orig_mod." + name] = tensor;
    t = wrapped;
  });
  CHECK(torch::equal(gpt.logits(), expected));
}

TEST_CASE("a folder of ours is loaded without a warning, one with an unknown key names it") {
  const SavedGpt gpt;
  const SavedMarian marian;
  const SavedBert bert;
  const auto load_gpt = [&] { gpt.logits(); };
  const auto load_marian = [&] { marian.logits(); };
  const auto load_bert = [&] { load_masked_language_model(bert.folder.path()); };
  CHECK(warnings_of(load_gpt).empty());
  CHECK(warnings_of(load_marian).empty());
  CHECK(warnings_of(load_bert).empty());
  for (const SavedModel* model : std::initializer_list<const SavedModel*>{&gpt, &marian, &bert})
    model->configure([](Json& config) {
      config["logit_softcap"] = 30.0;
      config["auto_map"] = {{"AutoModel", "modeling.Better"}};
      config["transformers_version"] = "9.0";
      config["new_but_empty"] = nullptr;
    });
  for (const std::string& told : {warnings_of(load_gpt), warnings_of(load_marian), warnings_of(load_bert)})
    CHECK_THAT(told, Contains("config.json") && Contains("logit_softcap, auto_map") && !Contains("version") && !Contains("new_but"));
}

TEST_CASE("keys that mean another model are refused, keys of training are told") {
  const auto refused = [](const SavedModel& model, const char* key, const Json& value, const std::function<void()>& load) {
    const Json before = read_json_file(model.folder / "config.json");
    model.configure([&](Json& config) { config[key] = value; });
    CHECK_THAT(refusal_of(load), Contains(std::string("config.json: ") + key + " is "));
    write_json_file(model.folder / "config.json", before);
  };
  const SavedGpt gpt;
  const SavedMarian marian;
  const SavedBert bert;
  const auto load_gpt = [&] { gpt.logits(); };
  const auto load_marian = [&] { marian.logits(); };
  const auto load_bert = [&] { load_masked_language_model(bert.folder.path()); };
  for (const char* key : {"quantization_config", "pruned_heads"}) {
    refused(gpt, key, {{"0", {1}}}, load_gpt);
    refused(marian, key, {{"0", {1}}}, load_marian);
    refused(bert, key, {{"0", {1}}}, load_bert);
  }
  refused(bert, "position_embedding_type", "relative_key", load_bert);
  refused(bert, "is_decoder", true, load_bert);
  refused(gpt, "scale_attn_by_inverse_layer_idx", true, load_gpt);
  refused(gpt, "tie_word_embeddings", false, load_gpt);
  refused(marian, "normalize_before", true, load_marian);
  marian.configure([](Json& config) { config["activation_dropout"] = 0.1; });
  CHECK_THAT(warnings_of(load_marian), Contains("activation_dropout is 0.1, which is not supported"));
}

TEST_CASE("the other names that transformers has for a size are read, and must agree") {
  const SavedGpt gpt;
  const torch::Tensor expected = gpt.logits();
  gpt.configure([](Json& config) {
    config["hidden_size"] = config["n_embd"];
    config.erase("n_embd");
  });
  CHECK(torch::equal(gpt.logits(), expected));
  gpt.configure([](Json& config) { config["n_embd"] = 64; });
  CHECK_THAT(gpt.refusal(), Contains("n_embd is 64, and hidden_size, its other name, is 32"));
  const SavedMarian marian;
  marian.configure([](Json& config) { config["num_hidden_layers"] = 1; });
  CHECK_THAT(marian.refusal(), Contains("encoder_layers is 4, and num_hidden_layers"));
}

TEST_CASE("ends may be a list in config.json: the model's own is the first") {
  const SavedGpt gpt;
  gpt.configure([](Json& config) { config["eos_token_id"] = {7, 9}; });
  CHECK(load_causal_language_model(gpt.folder.path())->hf_config()["eos_token_id"] == 7);
  gpt.configure([](Json& config) { config["eos_token_id"] = Json::array(); });
  CHECK(gpt.refusal().empty());
  gpt.configure([](Json& config) { config["eos_token_id"] = {"x"}; });
  CHECK_THAT(gpt.refusal(), Contains("eos_token_id"));
  const SavedMarian marian;
  marian.configure([](Json& config) { config["eos_token_id"] = {3, 4}; });
  CHECK(load_seq2seq(marian.folder.path())->token_roles().eos == 3);
}

}  // namespace attend
