// What must hold of GPT without a reference.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/field_io.h"
#include "models/gpt/heads.h"
#include "models/tensor_io.h"
#include "tests/models/gradient_check.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

GptConfig small_config() {
  GptConfig config = gpt_preset("tiny");
  config.hidden_size = 32;
  config.num_heads = 2;
  config.vocab_size = 50;
  config.max_positions = 40;
  config.initializer_range = 0.3;  // so that logits differ by more than rounding
  config.position_start = PositionStart::kNormal;
  return config;
}

std::shared_ptr<CausalLanguageModel> small_model(const GptConfig& config = small_config()) {
  auto model = make_gpt(config, 1, torch::kCPU);
  model->eval();
  return model;
}

PackedIds ids(const std::vector<std::vector<std::int64_t>>& rows) {
  PackedIds packed;
  for (const auto& row : rows) {
    packed.ids.insert(packed.ids.end(), row.begin(), row.end());
    packed.lengths.push_back(static_cast<std::int64_t>(row.size()));
  }
  return packed;
}

double difference(const torch::Tensor& a, const torch::Tensor& b) { return (a - b).abs().max().item<double>(); }

std::string message_of(const auto& work) {
  try {
    work();
  } catch (const UserError& error) {
    return error.what();
  }
  return "nothing thrown";
}

// The logits of the token after `row`, without a cache.
torch::Tensor next_logits(CausalLanguageModel& model, const std::vector<std::int64_t>& row) {
  const torch::NoGradGuard no_gradient;
  return model.logits(ids({row}))[static_cast<std::int64_t>(row.size()) - 1];
}

}  // namespace

TEST_CASE("a batch gives each sequence what it gets alone") {
  const auto model = small_model();
  const auto both = model->logits(ids({{5, 6, 7, 8, 9, 10, 0}, {11, 3, 4}}));
  CHECK(difference(both.narrow(0, 7, 3), model->logits(ids({{11, 3, 4}}))) < 1e-5);
}

TEST_CASE("a token ignores its future") {
  const auto model = small_model();
  const auto one = model->logits(ids({{3, 4, 5, 6, 0}})), other = model->logits(ids({{3, 4, 5, 8, 9}}));
  CHECK(torch::equal(one.narrow(0, 0, 3), other.narrow(0, 0, 3)));
  CHECK(difference(one[3], other[3]) > 1e-3);
}

TEST_CASE("decoding with the cache equals decoding without, for prompts of different lengths and several rows a prompt") {
  const std::int64_t heads = GENERATE(2, 4);  // heads of 16 go through the CPU kernel, of 8 through the general one
  GptConfig config = small_config();
  config.num_heads = heads;
  const auto model = small_model(config);
  const std::vector<std::vector<std::int64_t>> prompts{{7, 8, 9, 10, 11, 12, 13}, {3}, {20, 21}};
  const std::int64_t rows_per_prompt = GENERATE(1, 3), steps = 9;
  const auto decoder = model->start_decoding(ids(prompts), rows_per_prompt, steps);
  std::vector<std::vector<std::int64_t>> rows;
  for (const auto& prompt : prompts) rows.insert(rows.end(), rows_per_prompt, prompt);
  for (std::int64_t step = 0; step < steps; ++step) {
    std::vector<std::int64_t> last;
    for (const auto& row : rows) last.push_back(row.back());
    const auto logits_RV = decoder->step(last).clone();
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto expected = next_logits(*model, rows[r]);
      INFO("step " << step << ", row " << r);
      CHECK(difference(logits_RV[static_cast<std::int64_t>(r)], expected) < 2e-5);
      const auto best = logits_RV[static_cast<std::int64_t>(r)].argmax().item<std::int64_t>();
      CHECK(best == expected.argmax().item<std::int64_t>());
      rows[r].push_back((best + static_cast<std::int64_t>(r)) % config.vocab_size);  // the rows of a prompt part
    }
  }
}

TEST_CASE("reordering rows moves their prompts and their pasts") {
  const auto model = small_model();
  const std::vector<std::vector<std::int64_t>> prompts{{7, 8, 9, 10}, {3}};
  const auto decoder = model->start_decoding(ids(prompts), 2, 8);
  std::vector<std::vector<std::int64_t>> rows{prompts[0], prompts[0], prompts[1], prompts[1]};
  const std::vector<std::vector<std::int64_t>> orders{{3, 1, 1, 0}, {2, 0, 3}, {1, 2}};
  std::int64_t next_id = 21;
  for (const auto& order : orders) {
    for (int step = 0; step < 2; ++step) {
      std::vector<std::int64_t> last;
      for (const auto& row : rows) last.push_back(row.back());
      const auto logits_RV = decoder->step(last);
      for (std::size_t r = 0; r < rows.size(); ++r) {
        CHECK(difference(logits_RV[static_cast<std::int64_t>(r)], next_logits(*model, rows[r])) < 2e-5);
        rows[r].push_back(next_id++ % 50);
      }
    }
    std::vector<std::vector<std::int64_t>> kept;
    for (const std::int64_t row : order) kept.push_back(rows[static_cast<std::size_t>(row)]);
    rows = std::move(kept);
    decoder->reorder(order);
  }
}

TEST_CASE("a prompt and its steps use every position, and no more") {
  const auto model = small_model();
  std::vector<std::int64_t> prompt(38, 4);
  const auto decoder = model->start_decoding(ids({prompt}), 1, 3);
  for (const std::int64_t id : {4, 9, 5}) {
    const auto logits_RV = decoder->step(std::vector<std::int64_t>{id});
    if (id != 4) prompt.push_back(id);
    CHECK(difference(logits_RV[0], next_logits(*model, prompt)) < 2e-5);
  }
  CHECK(prompt.size() == 40);
  CHECK_THROWS(model->start_decoding(ids({prompt}), 1, 2));
  CHECK_THROWS(model->logits(ids({std::vector<std::int64_t>(41, 4)})));
  CHECK_THROWS(model->logits(ids({{50}})));
}

TEST_CASE("the loss is at the targets alone, and its parts are the log-probabilities") {
  const auto model = small_model();
  const PackedIds tokens = ids({{5, 6, 7, 8}, {9, 10, 11}});
  const std::vector<std::int64_t> all{6, 7, 8, 3, 10, 11, 4};
  auto some = all;
  some[1] = some[4] = some[6] = CausalBatch::kNoTarget;
  const auto log_p = model->target_log_probabilities({tokens, all}), log_p_some = model->target_log_probabilities({tokens, some});
  REQUIRE(log_p.size() == 7);
  REQUIRE(log_p_some.size() == 4);
  const std::size_t kept[] = {0, 2, 3, 5};
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(log_p_some[i] == Approx(log_p[kept[i]]).epsilon(1e-6));
    sum += log_p_some[i];
  }
  const SummedLoss loss = model->loss({tokens, some});
  CHECK(loss.num_targets == 4);
  CHECK(loss.loss.item<double>() == Approx(-sum).epsilon(1e-6));
  CHECK(loss.log_likelihood() == Approx(sum).epsilon(1e-6));
  const auto log_p_NV = torch::log_softmax(model->logits(tokens), 1);
  CHECK(log_p[2] == Approx(log_p_NV[2][8].item<double>()).epsilon(1e-5));

  const SummedLoss none = model->loss({tokens, std::vector<std::int64_t>(7, CausalBatch::kNoTarget)});
  CHECK(none.num_targets == 0);
  none.loss.backward();
  CHECK_THROWS(model->loss({tokens, {1, 2}}));
  CHECK_THROWS(model->loss({tokens, std::vector<std::int64_t>(7, 50)}));
}

TEST_CASE("GPT's parameters and dropout are functions of their seeds") {
  GptConfig config = small_config();
  config.dropout = 0.2;
  const CausalBatch batch{ids({{5, 6, 7, 0}}), {6, 7, 0, 1}};
  const auto loss = [&](CausalLanguageModel& model, std::uint64_t seed) {
    torch::manual_seed(seed);
    return model.loss(batch).loss.item<double>();
  };
  const auto one = make_gpt(config, 1, torch::kCPU), same = make_gpt(config, 1, torch::kCPU), other = make_gpt(config, 2, torch::kCPU);
  CHECK(loss(*one, 5) == loss(*same, 5));
  CHECK(loss(*one, 5) != loss(*other, 5));
  CHECK(loss(*one, 5) != loss(*one, 6));
  one->eval();
  CHECK(loss(*one, 5) == loss(*one, 6));
}

TEST_CASE("what writes to the residual stream starts smaller, by the square root of how often that is written to") {
  GptConfig config = small_config();
  config.hidden_size = 128;
  config.num_layers = 8;
  config.initializer_range = 0.02;
  const auto parameters = make_gpt(config, 1, torch::kCPU)->named_parameters();
  const auto deviation = [&](const std::string& name) { return parameters["gpt." + name].std().item<double>(); };
  CHECK(deviation("token_embedding") == Approx(0.02).epsilon(0.05));
  CHECK(deviation("position_embedding") == Approx(0.02).epsilon(0.05));
  CHECK(deviation("blocks.7.self_attention.qkv.weight") == Approx(0.02).epsilon(0.05));
  CHECK(deviation("blocks.0.feed_forward.inner.weight") == Approx(0.02).epsilon(0.05));
  CHECK(deviation("blocks.0.self_attention.output.weight") == Approx(0.02 / 4).epsilon(0.05));
  CHECK(deviation("blocks.7.feed_forward.output.weight") == Approx(0.02 / 4).epsilon(0.05));
  CHECK(deviation("blocks.3.feed_forward.output.bias") == 0);

  config.position_start = PositionStart::kSinusoidal;
  const auto positions_PE = make_gpt(config, 1, torch::kCPU)->named_parameters()["gpt.position_embedding"];
  CHECK(positions_PE.square().mean().sqrt().item<double>() == Approx(0.02));  // a sine and a cosine of each frequency
  CHECK(torch::equal(positions_PE[0].narrow(0, 0, 64), torch::zeros(64)));    // sines first
  CHECK((gpt_preset("nano").position_start == PositionStart::kSinusoidal && gpt_preset("gpt2").position_start == PositionStart::kNormal));
  CHECK((gpt_preset("nano").initializer_range == Approx(1 / std::sqrt(128.0)) && gpt_preset("gpt2").initializer_range == 0.02));
}

TEST_CASE("a model without biases trains none, and saves zeros") {
  GptConfig config = small_config();
  config.bias = false;
  const auto model = make_gpt(config, 1, torch::kCPU);
  model->loss({ids({{5, 6, 7}}), {6, 7, 8}}).loss.backward();
  for (const auto& parameter : model->named_parameters()) {
    INFO(parameter.key());
    CHECK(parameter.value().grad().defined() != parameter.key().ends_with(".bias"));
  }
  const TempFolder folder;
  model->save(folder.path());
  std::size_t biases = 0;
  for (const auto& [name, tensor] : read_tensors(folder / "model.safetensors")) {
    if (!name.ends_with(".bias")) continue;
    CHECK(tensor.count_nonzero().item<std::int64_t>() == 0);
    ++biases;
  }
  CHECK(biases == 2 * 6 + 1);
  model->eval();
  const auto again = load_causal_language_model(folder.path());
  CHECK(torch::equal(again->logits(ids({{5, 6}})), model->logits(ids({{5, 6}}))));
  for (const auto& parameter : again->named_parameters())  // nor does it when it is trained further
    CHECK(parameter.value().requires_grad() != parameter.key().ends_with(".bias"));
}

TEST_CASE("a frozen body learns nothing below the layers left") {
  const auto model = small_model();
  model->freeze(1);
  model->loss({ids({{5, 6, 7}}), {6, 7, 8}}).loss.backward();
  for (const auto& parameter : model->named_parameters()) {
    INFO(parameter.key());
    const bool is_frozen = parameter.key().starts_with("gpt.blocks.0.") || parameter.key().find("embedding") != std::string::npos;
    CHECK(parameter.value().grad().defined() != is_frozen);
  }
  CHECK_THAT(message_of([&] { model->freeze(3); }), Catch::Contains("the model has 2 layers"));
}

TEST_CASE("a GPT block passes a float64 gradient check") {
  torch::manual_seed(8);
  GptConfig config = small_config();
  config.hidden_size = 8;
  config.intermediate_size = 12;
  config.dropout = 0;
  GptBlock block(config);
  ResidualNorm final_norm(ResidualNormConfig{.width = 8});
  for (torch::nn::Module* module : {static_cast<torch::nn::Module*>(block.get()), static_cast<torch::nn::Module*>(final_norm.get())}) {
    module->to(torch::kFloat64);
    const torch::NoGradGuard no_gradient;
    for (auto& parameter : module->parameters()) parameter.normal_(0, 0.5);
  }
  const PackedLayout layout({3, 2}, torch::kCPU);
  const auto x_NE = torch::randn({5, 8}, torch::kFloat64).requires_grad_(), weights = torch::randn({5, 8}, torch::kFloat64);
  const auto value = [&] {
    ResidualStream stream({x_NE});
    block->forward(stream, {.tokens = layout, .causality = Causality::kCausal});
    return (stream.normed(final_norm) * weights).sum();
  };
  std::vector<torch::Tensor> checked{x_NE};
  for (const auto& parameter : block->parameters()) checked.push_back(parameter);
  for (const auto& parameter : final_norm->parameters()) checked.push_back(parameter);
  CHECK(worst_gradient_error(value, checked, /*every=*/3) < 1e-7);
}

TEST_CASE("a classifier looks at the last token that is not padding") {
  const TempFolder folder;
  GptConfig config = small_config();
  config.pad_id = 49;
  make_gpt(config, 1, torch::kCPU)->save(folder.path());
  const auto model = load_sequence_classifier(folder.path(), {}, NewHead{.labels = {.names = {"no", "yes", "maybe"}}});
  const auto text = [](const std::vector<std::vector<std::int64_t>>& rows) {
    TextBatch batch{.tokens = ids(rows), .type_ids = {}};
    batch.type_ids.resize(batch.tokens.ids.size());
    return batch;
  };
  const auto logits = model->logits(text({{5, 6, 7}, {5, 6, 7, 49, 49}, {5, 6, 7, 49, 8}}));
  REQUIRE(logits.sizes() == torch::IntArrayRef({3, 3}));
  CHECK(difference(logits[0], logits[1]) < 1e-5);
  CHECK(difference(logits[0], logits[2]) > 1e-4);

  const TempFolder saved;
  model->save(saved.path());
  const Json json = read_json_file(saved / "config.json");
  CHECK(json["architectures"] == Json{"GPT2ForSequenceClassification"});
  CHECK(json["pad_token_id"] == 49);
  CHECK(json["id2label"]["2"] == "maybe");
  const auto again = load_sequence_classifier(saved.path());
  CHECK(again->labels() == model->labels());
  CHECK(again->num_segments() == 1);
  CHECK(torch::equal(again->logits(text({{5, 6, 7}})), model->logits(text({{5, 6, 7}}))));
  // Dropout asked for is the whole model's: of embeddings, sub-layers and the head.
  const TempFolder dropped;
  load_sequence_classifier(folder.path(), {}, NewHead{.labels = model->labels(), .dropout = 0.3})->save(dropped.path());
  for (const char* rate : {"embd_pdrop", "resid_pdrop", "attn_pdrop", "classifier_dropout"})
    CHECK(read_json_file(dropped / "config.json")[rate] == 0.3);
  // The head stays where the labels do, and is drawn anew where they change.
  const auto kept = load_sequence_classifier(saved.path(), {}, NewHead{.labels = model->labels(), .seed = 7});
  const auto redrawn = load_sequence_classifier(saved.path(), {}, NewHead{.labels = {.names = {"a", "b", "c"}}, .seed = 7});
  CHECK(torch::equal(kept->named_parameters()["score"], model->named_parameters()["score"]));
  CHECK_FALSE(torch::equal(redrawn->named_parameters()["score"], model->named_parameters()["score"]));
  CHECK(torch::equal(redrawn->named_parameters()["gpt.token_embedding"], model->named_parameters()["gpt.token_embedding"]));
  CHECK_THAT(message_of([&] { load_sequence_classifier(folder.path()); }), Catch::Contains("no score.weight"));
  // A classifier's body continues text; a body without a head can be read with.
  CHECK(load_causal_language_model(saved.path())->vocab_size() == 50);
  CHECK(load_text_encoder(folder.path())->hidden(text({{5, 6}})).sizes() == torch::IntArrayRef({2, 32}));
}

TEST_CASE("GPT folders of every generation are read, and what does not fit is named") {
  const auto model = small_model();
  const TempFolder folder;
  model->save(folder.path());
  const auto load = [&] { return message_of([&] { load_causal_language_model(folder.path()); }); };
  auto tensors = read_tensors(folder / "model.safetensors");
  const auto rewrite = [&] { write_tensors(folder / "model.safetensors", tensors); };

  SECTION("an explicit output table and the causal masks") {
    tensors["lm_head.weight"] = tensors["transformer.wte.weight"];
    tensors["transformer.h.0.attn.bias"] = torch::ones({1, 1, 40, 40}, torch::kUInt8).tril();
    tensors["transformer.h.1.attn.masked_bias"] = torch::tensor(-1e4);
    rewrite();
    CHECK(load() == "nothing thrown");
  }
  SECTION("the bare model's names, with masks") {
    NamedTensors bare;
    for (const auto& [name, tensor] : tensors) bare[name.substr(std::string("transformer.").size())] = tensor;
    bare["h.0.attn.bias"] = torch::ones({1, 1, 40, 40});
    bare["lm_head.weight"] = bare["wte.weight"];
    tensors = bare;
    rewrite();
    CHECK(torch::equal(load_causal_language_model(folder.path())->logits(ids({{5, 6}})), model->logits(ids({{5, 6}}))));
  }
  SECTION("Conv1D weights lie as [inputs, outputs]") {
    CHECK(tensors.at("transformer.h.0.attn.c_attn.weight").sizes() == torch::IntArrayRef({32, 96}));
    CHECK(tensors.at("transformer.h.0.mlp.c_fc.weight").sizes() == torch::IntArrayRef({32, 128}));
    tensors["transformer.h.0.mlp.c_fc.weight"] = tensors["transformer.h.0.mlp.c_fc.weight"].t();
    rewrite();
    CHECK_THAT(load(), Catch::Contains("transformer.h.0.mlp.c_fc.weight has shape [128, 32]; config.json asks for [32, 128]"));
  }
  SECTION("a mask of a layer that is not there") {
    tensors["transformer.h.2.attn.bias"] = torch::ones({1});
    rewrite();
    CHECK_THAT(load(), Catch::Contains("unexpected transformer.h.2.attn.bias"));
  }
  SECTION("a tensor missing") {
    tensors.erase("transformer.ln_f.bias");
    rewrite();
    CHECK_THAT(load(), Catch::Contains("missing transformer.ln_f.bias"));
  }
  SECTION("shards") {
    NamedTensors first, second;
    Json map = Json::object();
    for (const auto& [name, tensor] : tensors) {
      const bool is_first = name < "transformer.h.1";
      (is_first ? first : second)[name] = tensor;
      map[name] = is_first ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors";
    }
    std::filesystem::remove(folder / "model.safetensors");
    write_tensors(folder / "model-00001-of-00002.safetensors", first);
    write_tensors(folder / "model-00002-of-00002.safetensors", second);
    write_json_file(folder / "model.safetensors.index.json", Json{{"metadata", Json::object()}, {"weight_map", map}});
    CHECK(load() == "nothing thrown");
  }
  SECTION("a family without this head") {
    CHECK_THAT(message_of([&] { load_masked_language_model(folder.path()); }),
               Catch::Contains("model_type is 'gpt2'; a masked language model is one of: bert"));
  }
}

TEST_CASE("GPT settings that cannot be are refused") {
  const auto complaint = [](auto change) {
    GptConfig config = small_config();
    change(config);
    return message_of([&] { config.validate(); });
  };
  CHECK_THAT(complaint([](auto& c) { c.num_heads = 3; }), Catch::Contains("num_heads is 3, which does not divide hidden_size 32"));
  CHECK_THAT(complaint([](auto& c) { c.eos_id = 50; }), Catch::Contains("eos_id is 50, outside the vocabulary of 50"));
  CHECK_THAT(complaint([](auto& c) { c.embedding_dropout = 1; }), Catch::Contains("embedding_dropout"));
  CHECK_THAT(complaint([](auto& c) { c.intermediate_size = 0; }), Catch::Contains("intermediate_size is 0"));
  CHECK_THAT(complaint([](auto& c) { c.vocab_size = 0; }), Catch::Contains("vocab_size is 0"));
  CHECK_THAT(message_of([] { gpt_preset("huge"); }), Catch::Contains("tiny, nano, mini, gpt2"));
  const auto refusal = [](const char* key, const Json& value) {
    Json json = gpt_to_hf(small_config());
    json[key] = value;
    return message_of([&] { gpt_from_hf(json, "config.json"); });
  };
  CHECK_THAT(refusal("scale_attn_by_inverse_layer_idx", true), Catch::Contains("_layer_idx is true; only false is supported"));
  CHECK_THAT(refusal("scale_attn_weights", false), Catch::Contains("scale_attn_weights"));
  CHECK_THAT(refusal("tie_word_embeddings", false), Catch::Contains("tie_word_embeddings"));
  CHECK_THAT(refusal("add_cross_attention", true), Catch::Contains("add_cross_attention"));
  CHECK_THAT(refusal("n_head", 5), Catch::Contains("config.json: n_head is 5, which does not divide n_embd 32"));
  CHECK_THAT(refusal("activation_function", "mish"), Catch::Contains("activation_function is 'mish'"));
}

TEST_CASE("config.json goes both ways; what transformers leaves out is its default") {
  GptConfig config = small_config();
  config.intermediate_size = 48;
  config.embedding_dropout = 0.3;
  config.dropout = 0.25;
  config.eos_id = 7;
  config.pad_id = 9;
  config.position_start = PositionStart::kSinusoidal;  // which config.json does not say: what the presets of this width have
  CHECK(to_json(gpt_from_hf(gpt_to_hf(config), "x")) == to_json(config));
  const GptConfig empty = gpt_from_hf(Json{{"model_type", "gpt2"}}, "x");
  CHECK(empty.vocab_size == 50257);
  CHECK(empty.eos_id == 50256);
  CHECK(empty.attention_dropout == 0.1);
  CHECK(empty.inner_size() == 3072);
  CHECK_FALSE(gpt_from_hf(Json{{"vocab_size", 100}}, "x").eos_id);  // 50256 is no token of that model
  CHECK_FALSE(gpt_from_hf(Json{{"eos_token_id", nullptr}}, "x").eos_id);
}

TEST_CASE("presets are the published sizes, with heads that divide the width") {
  const auto parameters = [](const std::string& name, std::int64_t vocab_size) {
    const GptConfig c = gpt_preset(name);
    const std::int64_t e = c.hidden_size, block = 4 * e * e + 2 * e * c.inner_size() + 4 * e + e + c.inner_size() + e * 4;
    return (vocab_size + c.max_positions) * e + c.num_layers * block + 2 * e;
  };
  CHECK(parameters("gpt2", 50257) == 124'439'808);
  CHECK(parameters("gpt2-medium", 50257) == 354'823'168);
  CHECK(parameters("gpt2-large", 50257) == 774'030'080);
  CHECK(parameters("gpt2-xl", 50257) == 1'557'611'200);
  CHECK(parameters("gpt3-175b", 50257) == Approx(175e9).epsilon(0.01));  // Brown et al.'s table 2.1
  CHECK(parameters("gpt3-13b", 50257) == Approx(13.0e9).epsilon(0.02));
  CHECK(parameters("gpt3-xl", 50257) == Approx(1.3e9).epsilon(0.02));
  for (const std::string& name : gpt_preset_names()) {
    GptConfig config = gpt_preset(name);
    config.vocab_size = 100;
    INFO(name);
    CHECK_NOTHROW(config.validate());
  }
  CHECK(32 % gpt_preset("tiny").num_heads == 0);
  GptConfig nano = gpt_preset("nano");
  nano.vocab_size = 65;
  std::int64_t weights = 0;  // nanoGPT counts its own: 0.80 M without the 8,192 of the positions
  for (const auto& parameter : make_gpt(nano, 1, torch::kCPU)->parameters())
    if (parameter.requires_grad()) weights += parameter.numel();
  CHECK(weights == 804'096);
}

}  // namespace attend
