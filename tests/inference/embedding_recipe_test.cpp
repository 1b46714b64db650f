// Folders of sentence-transformers, made by hand: every key is followed or refused.
#include "inference/embedding_recipe.h"

#include <torch/torch.h>
#include <catch2/catch.hpp>

#include <algorithm>

#include "core/json.h"
#include "core/log.h"
#include "inference/embedder.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"
#include "tests/training/tiny_bert.h"
#include "tests/training/tiny_gpt.h"

namespace attend {
namespace {

using Catch::Contains;
namespace fs = std::filesystem;

/// A tiny BERT with the files of sentence-transformers 6 around it. Tests change one.
struct World {
  TempFolder folder;
  Json modules = {{{"idx", 0}, {"name", "0"}, {"path", ""}, {"type", "sentence_transformers.base.modules.transformer.Transformer"}},
                  {{"idx", 1}, {"name", "1"}, {"path", "1_Pooling"}, {"type", "sentence_transformers.models.Pooling"}}};
  Json transformer = {{"transformer_task", "feature-extraction"},
                      {"modality_config", {{"text", {{"method", "forward"}, {"method_output_name", "last_hidden_state"}}}}},
                      {"module_output_name", "token_embeddings"}};
  Json pooling = {{"embedding_dimension", 32}, {"pooling_mode", "mean"}, {"include_prompt", true}};
  Json top = {{"model_type", "SentenceTransformer"},
              {"__version__", {{"pytorch", "2"}}},
              {"prompts", Json::object()},
              {"default_prompt_name", nullptr},
              {"similarity_fn_name", "cosine"}};

  World() {
    set_log_level(LogLevel::kQuiet);
    write_tiny_bert({.pieces = kFewWords}, folder.path());
  }
  void write() const {
    fs::create_directories(folder / "1_Pooling");
    write_json_file(folder / "modules.json", modules);
    write_json_file(folder / "sentence_bert_config.json", transformer);
    write_json_file(folder / "1_Pooling/config.json", pooling);
    write_json_file(folder / "config_sentence_transformers.json", top);
  }
  EmbeddingRecipe recipe(const EmbeddingChoices& choices = {}) const {
    write();
    return read_embedding_recipe(folder.path(), choices);
  }
  std::string refusal(const EmbeddingChoices& choices = {}) const {
    return refusal_of([&] { recipe(choices); });
  }
  std::vector<float> vector(const std::string& text, const EmbeddingChoices& choices = {}) const {
    write();
    const std::vector<std::string> texts{text};
    return load_embedder(folder.path(), {}, choices).embed(texts)[0].vector;
  }
  /// The states of a text's tokens, [CLS] and [SEP] among them.
  torch::Tensor states(const std::string& text) const {
    const torch::NoGradGuard no_grad;
    const EncodedText encoded = load_input_encoder(folder.path())->encode(text, std::nullopt, 32);
    return load_text_encoder(folder.path())
        ->hidden({.tokens = {{encoded.ids.begin(), encoded.ids.end()}, {static_cast<std::int64_t>(encoded.ids.size())}},
                  .type_ids = {encoded.type_ids.begin(), encoded.type_ids.end()}});
  }
};

bool equal(const std::vector<float>& found, const torch::Tensor& expected_E) {
  return torch::allclose(torch::tensor(found), expected_E, /*rtol=*/0, /*atol=*/1e-6);
}

}  // namespace

TEST_CASE("a folder as sentence-transformers writes it is followed without a word") {
  World w;
  w.transformer["max_seq_length"] = 7;
  w.top["prompts"] = {{"query", "the cat"}, {"document", ""}};
  const EmbeddingRecipe recipe = w.recipe();
  CHECK(recipe.warnings.empty());
  CHECK(recipe.max_length == 7);
  CHECK(recipe.pooling == Pooling::kMean);
  CHECK((recipe.prompt.empty() && recipe.pools_prompt && !recipe.normalises && recipe.num_kept == 0));
  CHECK(recipe.letter_case == LetterCase::kAsFolder);
}

TEST_CASE("prompts stand before the text: by default, by name, as a text") {
  World w;
  w.top["prompts"] = {{"query", "the cat "}, {"other", "a dog "}};
  CHECK(equal(w.vector("sleep"), w.states("sleep").mean(0)));
  CHECK(equal(w.vector("sleep", {.prompt_name = "query"}), w.states("the cat sleep").mean(0)));
  CHECK(equal(w.vector("sleep", {.prompt = "a film "}), w.states("a film sleep").mean(0)));
  w.top["default_prompt_name"] = "other";
  CHECK(equal(w.vector("sleep"), w.states("a dog sleep").mean(0)));
  CHECK(equal(w.vector("sleep", {.prompt = ""}), w.states("sleep").mean(0)));
  CHECK(w.recipe({.prompt_name = "query"}).prompt == "the cat ");
  w.top["default_prompt_name"] = "document";  // the library's own, empty unless the folder says otherwise
  CHECK(w.recipe().prompt.empty());
}

TEST_CASE("a prompt that is not pooled is left out of the mean, with the template's beginning") {
  World w;
  w.pooling["include_prompt"] = false;
  const torch::Tensor states = w.states("the cat good film");  // [CLS] the cat | good film [SEP]
  CHECK(equal(w.vector("good film", {.prompt = "the cat "}), states.slice(0, 3).mean(0)));
  CHECK(equal(w.vector("good film"), w.states("good film").mean(0)));
  w.transformer["max_seq_length"] = 4;  // [CLS] the cat | [SEP]
  CHECK(equal(w.vector("film", {.prompt = "the cat "}), w.states("the cat").slice(0, 3).mean(0)));
  w.pooling["pooling_mode"] = "cls";
  CHECK_THAT(w.refusal({.prompt = "the cat "}), Contains("include_prompt is false"));
  CHECK(w.refusal().empty());
}

TEST_CASE("prompts that are not there are refused") {
  World w;
  w.top["prompts"] = {{"query", "q "}, {"passage", "p "}};
  CHECK_THAT(w.refusal({.prompt_name = "querry"}), Contains("no prompt 'querry'; expected one of: passage, query"));
  CHECK_THAT(w.refusal({.prompt = "x", .prompt_name = "query"}), Contains("both given"));
  w.top["default_prompt_name"] = "title";
  CHECK_THAT(w.refusal(), Contains("no prompt 'title'") && Contains("default_prompt_name"));
  w.top["prompts"] = {"q"};
  CHECK_THAT(w.refusal(), Contains("prompts must be an object"));
  fs::remove(w.folder / "modules.json");
  CHECK_THAT(refusal_of([&] { read_embedding_recipe(w.folder.path(), {.prompt_name = "query"}); }), Contains("no modules.json"));
}

TEST_CASE("do_lower_case reads a cased tokenizer's text in small letters") {
  World w;
  write_text(w.folder / "tokenizer_config.json", R"({"tokenizer_class": "BertTokenizer", "do_lower_case": false})");
  const auto small = w.vector("the cat"), capital = w.vector("The CAT");
  CHECK(small != capital);
  w.transformer["do_lower_case"] = true;
  CHECK(w.vector("The CAT") == small);
  CHECK(w.vector("[MASK]") != w.vector("[mask]"));  // a special token is one as it is spelled
  w.transformer["do_lower_case"] = false;
  CHECK(w.vector("The CAT") == capital);
}

TEST_CASE("a model in a folder of its own is read there") {
  World w;
  const auto expected = w.vector("the cat");
  fs::create_directory(w.folder / "0_Transformer");
  for (const char* file : {"config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json"})
    fs::rename(w.folder / file, w.folder / "0_Transformer" / file);
  w.modules[0]["path"] = "0_Transformer";
  w.write();
  fs::rename(w.folder / "sentence_bert_config.json", w.folder / "0_Transformer/sentence_roberta_config.json");
  write_text(w.folder / "0_Transformer/sentence_roberta_config.json", R"({"max_seq_length": 9})");
  const Embedder embedder = load_embedder(w.folder.path());
  CHECK(embedder.recipe().max_length == 9);
  CHECK(embedder.embed(std::vector<std::string>{"the cat"})[0].vector == expected);
}

TEST_CASE("vectors are of length 1 and cut where the folder says so, in that order") {
  World w;
  w.modules.push_back({{"idx", 2}, {"name", "2"}, {"path", "2_Normalize"}, {"type", "sentence_transformers.models.Normalize"}});
  w.top["truncate_dim"] = 8;
  const torch::Tensor mean = w.states("the cat").mean(0);
  CHECK(equal(w.vector("the cat"), (mean / mean.norm()).slice(0, 0, 8)));
  w.top["truncate_dim"] = 0;
  CHECK_THAT(w.refusal(), Contains("truncate_dim is 0"));
  w.top["truncate_dim"] = nullptr;
  fs::create_directory(w.folder / "2_Normalize");
  write_text(w.folder / "2_Normalize/config.json", R"({"module_input_name": "token_embeddings"})");
  CHECK_THAT(w.refusal(), Contains("2_Normalize/config.json: module_input_name is \"token_embeddings\""));
}

TEST_CASE("what would make other vectors is refused by its key") {
  const auto refused = [](const char* file, const char* key, const Json& value) {
    World w;
    (std::string(file) == "top" ? w.top : std::string(file) == "pooling" ? w.pooling : w.transformer)[key] = value;
    return w.refusal();
  };
  CHECK_THAT(refused("transformer", "transformer_task", "text-generation"), Contains("transformer_task is"));
  CHECK_THAT(refused("transformer", "modality_config", {{"message", {{"method", "forward"}}}}), Contains("modality_config is"));
  CHECK_THAT(refused("transformer", "tokenizer_args", {{"do_lower_case", true}}), Contains("tokenizer_args is"));
  CHECK_THAT(refused("transformer", "processing_kwargs", {{"text", {{"truncation", false}}}}), Contains("processing_kwargs is"));
  CHECK_THAT(refused("transformer", "do_lower_case", "yes"), Contains("do_lower_case"));
  CHECK_THAT(refused("top", "model_type", "SparseEncoder"), Contains("model_type is \"SparseEncoder\""));
  CHECK_THAT(refused("pooling", "pooling_mode", "weightedmean"), Contains("pooling by weightedmean"));
  CHECK_THAT(refused("pooling", "pooling_mode", {"mean", "max"}), Contains("pooling by mean, max"));
  CHECK_THAT(refused("pooling", "include_prompt", "no"), Contains("include_prompt"));
}

TEST_CASE("unknown keys are told, whichever file they stand in") {
  World w;
  w.transformer["layer"] = -2;
  w.pooling["temperature"] = 2;
  w.top["rescale"] = true;
  w.modules[1]["kwargs"] = {"task"};
  w.modules[0]["weight"] = 3;
  const auto warnings = w.recipe().warnings;
  const auto told = [&](const std::string& file, const std::string& key) {
    return std::any_of(warnings.begin(), warnings.end(), [&](const std::string& warning) {
      return warning.find(file) != std::string::npos && warning.find(key) != std::string::npos;
    });
  };
  CHECK(warnings.size() == 5);
  CHECK(told("sentence_bert_config.json", "layer"));
  CHECK(told("1_Pooling/config.json", "temperature"));
  CHECK(told("config_sentence_transformers.json", "rescale"));
  CHECK(told("modules.json", "kwargs is [\"task\"]"));
  CHECK(told("modules.json", "weight"));
}

TEST_CASE("a pooling whose switches are all off is the mean, as in the library") {
  World w;
  w.pooling = {{"word_embedding_dimension", 32}, {"pooling_mode_mean_tokens", false}, {"pooling_mode_max_tokens", false}};
  CHECK(w.recipe().pooling == Pooling::kMean);
  CHECK(w.recipe({.pooling = Pooling::kCls}).pooling == Pooling::kCls);
  w.pooling["pooling_mode_cls_token"] = true;
  CHECK(w.recipe().pooling == Pooling::kCls);
  w.pooling["pooling_mode_new_kind"] = true;
  CHECK_THAT(w.refusal(), Contains("pooling by cls_token, new_kind"));
}

TEST_CASE("modules must be the library's, in order, and within the folder") {
  World w;
  const Json kept = w.modules;
  const auto refused_with = [&](std::size_t place, const char* key, const Json& value) {
    w.modules = kept;
    w.modules[place][key] = value;
    return w.refusal();
  };
  for (const char* path : {"/etc", "..", "1_Pooling/../../x", "a\\b"})
    CHECK_THAT(refused_with(1, "path", path), Contains("a module's path is"));
  CHECK_THAT(refused_with(0, "path", "../other"), Contains("expected one within the folder"));
  CHECK_THAT(refused_with(0, "type", "modeling_own.Transformer"), Contains("modeling_own.Transformer is not supported"));
  CHECK_THAT(refused_with(1, "type", "sentence_transformers.models.Dense"), Contains("models.Dense is not supported"));
  CHECK_THAT(refused_with(1, "type", nullptr), Contains("type"));
  w.modules = Json::array({kept[0]});
  CHECK_THAT(w.refusal(), Contains("expected a Transformer, then a Pooling"));
  w.modules = Json::array({kept[1], kept[0]});
  CHECK_THAT(w.refusal(), Contains("expected a Transformer, then a Pooling"));
  w.modules = Json::array();
  CHECK_THAT(w.refusal(), Contains("expected a Transformer, then a Pooling"));
  w.modules = Json::array({"x"});
  CHECK_THAT(w.refusal(), Contains("modules.json: expected a list of objects"));
}

TEST_CASE("a tokenizer of bytes cannot lower-case, and takes prompts without a template") {
  const TempFolder folder;
  const auto tokenizer = write_tiny_byte_tokenizer("abcdefgh ", folder.path());
  make_gpt(tiny_gpt_config(*tokenizer), 1, torch::kCPU)->save(folder.path());
  fs::create_directory(folder / "1_Pooling");
  write_text(folder / "modules.json", R"([{"path": "", "type": "sentence_transformers.models.Transformer"},
                                          {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])");
  write_text(folder / "1_Pooling/config.json", R"({"pooling_mode": "mean", "include_prompt": false})");
  const auto vector = [&](const std::string& text, const std::string& prompt) {
    return load_embedder(folder.path(), {}, {.prompt = prompt}).embed(std::vector<std::string>{text})[0].vector;
  };
  const torch::NoGradGuard no_grad;
  const auto ids = tokenizer->encode("abcde");
  const auto hidden = load_text_encoder(folder.path())
                          ->hidden({.tokens = {{ids.begin(), ids.end()}, {static_cast<std::int64_t>(ids.size())}},
                                    .type_ids = std::vector<std::int64_t>(ids.size(), 0)});
  CHECK(equal(vector("cde", "ab"), hidden.slice(0, 2).mean(0)));
  write_text(folder / "sentence_bert_config.json", R"({"do_lower_case": true})");
  CHECK_THAT(refusal_of([&] { vector("a", ""); }), Contains("do_lower_case is true"));
}

}  // namespace attend
