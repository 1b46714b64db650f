// What must hold of the Transformer without a reference.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/field_io.h"
#include "models/transformer/model.h"
#include "tests/models/gradient_check.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

TransformerConfig small_config() {
  TransformerConfig config = transformer_preset("tiny");
  config.hidden_size = 32;
  config.encoder_layers = config.decoder_layers = 2;
  config.encoder_heads = config.decoder_heads = 2;
  config.encoder_ffn_size = config.decoder_ffn_size = 64;
  config.vocab_size = 50;
  config.pad_id = config.decoder_start_id = 49;
  config.max_positions = 20;
  return config;
}

PackedIds ids(std::vector<std::vector<std::int64_t>> rows) {
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

}  // namespace

TEST_CASE("a batch gives each pair what it gets alone") {
  auto model = make_transformer(small_config(), 1, torch::kCPU);
  model->eval();
  const PairBatch both{ids({{5, 6, 7, 8, 9, 10, 0}, {11, 0}}), ids({{3, 0}, {12, 13, 14, 0}})};
  const PairBatch second{ids({{11, 0}}), ids({{12, 13, 14, 0}})};
  CHECK(difference(model->logits(both).narrow(0, 2, 4), model->logits(second)) < 1e-5);
}

TEST_CASE("a target position ignores the target's future") {
  auto model = make_transformer(small_config(), 1, torch::kCPU);
  model->eval();
  const auto source = ids({{5, 6, 7, 0}});
  const auto one = model->logits({source, ids({{3, 4, 5, 6, 0}})}), other = model->logits({source, ids({{3, 4, 9, 8, 0}})});
  CHECK(torch::equal(one.narrow(0, 0, 3), other.narrow(0, 0, 3)));  // position i reads targets before i
  CHECK(difference(one[3], other[3]) > 1e-3);
}

TEST_CASE("parameters and dropout are functions of their seeds") {
  const auto batch = PairBatch{ids({{5, 6, 7, 0}}), ids({{3, 4, 0}})};
  auto one = make_transformer(small_config(), 1, torch::kCPU), same = make_transformer(small_config(), 1, torch::kCPU),
       other = make_transformer(small_config(), 2, torch::kCPU);
  const auto loss = [&](Seq2SeqModel& model, std::uint64_t seed) {
    torch::manual_seed(seed);
    return model.loss(batch, 0.1).loss.item<double>();
  };
  CHECK(loss(*one, 5) == loss(*same, 5));
  CHECK(loss(*one, 5) != loss(*other, 5));
  CHECK(loss(*one, 5) != loss(*one, 6));
  one->eval();
  CHECK(loss(*one, 5) == loss(*one, 6));
}

TEST_CASE("the padding row gets no gradient from being looked up") {
  auto model = std::dynamic_pointer_cast<TransformerModel>(make_transformer(small_config(), 1, torch::kCPU));
  model->eval();
  // With the output projection's part taken away, what is left of the row's gradient is the look-up's.
  const auto memory = model->encode(ids({{5, 6, 0}}));
  memory.states_ME.sum().backward();
  CHECK(model->named_parameters()["source_embedding"].grad()[49].abs().sum().item<double>() == 0);
  CHECK(model->named_parameters()["source_embedding"].grad()[5].abs().sum().item<double>() > 0);
}

TEST_CASE("a padding row that is zero gets no gradient at all, another does from the output projection") {
  auto model = std::dynamic_pointer_cast<TransformerModel>(make_transformer(small_config(), 1, torch::kCPU));
  const PairBatch batch{ids({{5, 6, 0}}), ids({{7, 0}})};
  model->loss(batch, 0.1).loss.backward();
  const auto table = model->named_parameters()["source_embedding"];
  CHECK(table.grad()[49].abs().sum().item<double>() == 0);
  CHECK(table.grad()[5].abs().sum().item<double>() > 0);

  const TempFolder folder;
  {
    const torch::NoGradGuard no_gradient;
    table[49].fill_(0.1);
  }
  model->save(folder.path());
  auto loaded = std::dynamic_pointer_cast<TransformerModel>(load_seq2seq(folder.path()));
  loaded->loss(batch, 0.1).loss.backward();
  CHECK(loaded->named_parameters()["source_embedding"].grad()[49].abs().sum().item<double>() > 0);
}

TEST_CASE("every block passes a float64 gradient check") {
  torch::manual_seed(8);
  TransformerConfig config = small_config();
  config.hidden_size = 8;
  config.encoder_ffn_size = config.decoder_ffn_size = 12;
  config.dropout = 0;
  config.activation = Activation::kSilu;  // smooth: relu's kink would spoil differences
  EncoderLayer encoder(config);
  DecoderLayer decoder(config);
  for (torch::nn::Module* module : {static_cast<torch::nn::Module*>(encoder.get()), static_cast<torch::nn::Module*>(decoder.get())}) {
    module->to(torch::kFloat64);
    const torch::NoGradGuard no_gradient;
    for (auto& parameter : module->parameters()) parameter.normal_(0, 0.5);
  }
  const PackedLayout source({3, 2}, torch::kCPU), target({2, 4}, torch::kCPU);
  const auto x_NE = torch::randn({5, 8}, torch::kFloat64).requires_grad_(), y_TE = torch::randn({6, 8}, torch::kFloat64).requires_grad_();
  const auto weights = torch::randn({6, 8}, torch::kFloat64);
  const auto value = [&] {
    const Memory memory{.states_ME = encoder->forward(x_NE, {.tokens = source}), .layout = source};
    return (decoder->forward(y_TE, {.tokens = target, .causality = Causality::kCausal}, memory) * weights).sum();
  };

  std::vector<torch::Tensor> checked{x_NE, y_TE};
  for (const auto& parameter : encoder->parameters()) checked.push_back(parameter);
  for (const auto& parameter : decoder->parameters()) checked.push_back(parameter);
  CHECK(worst_gradient_error(value, checked, /*every=*/7) < 1e-7);
}

TEST_CASE("separate embeddings are saved and read back") {
  TransformerConfig config = small_config();
  config.shared_embeddings = false;
  config.target_vocab_size = 60;
  auto model = make_transformer(config, 1, torch::kCPU);
  model->eval();
  const TempFolder folder;
  model->save(folder.path());
  auto again = load_seq2seq(folder.path());
  const PairBatch batch{ids({{5, 6, 0}}), ids({{55, 58, 0}})};
  CHECK(torch::equal(model->logits(batch), again->logits(batch)));
  CHECK(again->vocab_size() == 60);
}

TEST_CASE("a folder that does not fit its config is refused with the tensor's name") {
  auto model = make_transformer(small_config(), 1, torch::kCPU);
  const TempFolder folder;
  model->save(folder.path());
  const auto load = [&] { return message_of([&] { load_seq2seq(folder.path()); }); };
  auto tensors = read_tensors(folder / "model.safetensors");

  SECTION("another vocabulary") {
    auto config = read_json_file(folder / "config.json");
    config["vocab_size"] = 51;
    config["decoder_vocab_size"] = 51;
    write_json_file(folder / "config.json", config);
    CHECK_THAT(load(), Catch::Contains("model.shared.weight has shape [50, 32]; config.json asks for [51, 32]"));
  }
  SECTION("a tensor missing") {
    tensors.erase("model.encoder.layers.1.fc1.bias");
    write_tensors(folder / "model.safetensors", tensors);
    CHECK_THAT(load(), Catch::Contains("missing model.encoder.layers.1.fc1.bias"));
  }
  SECTION("a tensor too many") {
    tensors["model.encoder.layers.2.fc1.bias"] = torch::zeros({64});
    write_tensors(folder / "model.safetensors", tensors);
    CHECK_THAT(load(), Catch::Contains("unexpected model.encoder.layers.2.fc1.bias"));
  }
  SECTION("legacy names and redundant copies are accepted") {
    tensors["lm_head.weight"] = tensors["model.encoder.embed_tokens.weight"] = tensors["model.shared.weight"];
    tensors.erase("final_logits_bias");
    write_tensors(folder / "model.safetensors", tensors);
    CHECK(load() == "nothing thrown");
  }
  SECTION("the bare model's names, without the prefix") {
    NamedTensors bare;
    for (const auto& [name, tensor] : tensors) bare[name.starts_with("model.") ? name.substr(6) : name] = tensor;
    bare.erase("final_logits_bias");
    write_tensors(folder / "model.safetensors", bare);
    CHECK(load() == "nothing thrown");
  }
  SECTION("positions that a file holds override the computed ones") {
    tensors["model.encoder.embed_positions.weight"] = torch::zeros({20, 32});
    write_tensors(folder / "model.safetensors", tensors);
    model->eval();
    const PairBatch batch{ids({{5, 6, 0}}), ids({{7, 0}})};
    CHECK(difference(load_seq2seq(folder.path())->logits(batch), model->logits(batch)) > 1e-3);
  }
  SECTION("half-precision weights are read as float32") {
    for (auto& [name, tensor] : tensors) tensor = tensor.to(torch::kFloat16);
    write_tensors(folder / "model.safetensors", tensors);
    CHECK(load() == "nothing thrown");
  }
}

TEST_CASE("settings that cannot be are refused") {
  const auto complaint = [](auto change) {
    TransformerConfig config = small_config();
    change(config);
    return message_of([&] { config.validate(); });
  };
  CHECK_THAT(complaint([](auto& c) { c.encoder_heads = 3; }), Catch::Contains("encoder_heads is 3, which does not divide hidden_size 32"));
  CHECK_THAT(complaint([](auto& c) { c.pad_id = 50; }), Catch::Contains("pad_id is 50, outside the vocabulary of 50"));
  CHECK_THAT(complaint([](auto& c) { c.dropout = 1; }), Catch::Contains("dropout"));
  CHECK_THAT(complaint([](auto& c) { c.decoder_layers = 0; }), Catch::Contains("decoder_layers is 0"));
  CHECK_THAT(complaint([](auto& c) { c.vocab_size = -1; }), Catch::Contains("vocab_size is -1"));
  CHECK_THAT(message_of([] { transformer_preset("huge"); }), Catch::Contains("tiny, small, base, big"));
  auto json = transformer_to_hf(small_config());
  json["normalize_before"] = true;
  CHECK_THAT(message_of([&] { transformer_from_hf(json, "config.json"); }),
             Catch::Contains("normalize_before is true; only false is supported"));
  json = transformer_to_hf(small_config());
  json["encoder_attention_heads"] = 3;
  CHECK(message_of([&] { transformer_from_hf(json, "config.json"); }) ==
        "config.json: encoder_attention_heads is 3, which does not divide d_model 32");
}

TEST_CASE("the presets base and big are the paper's sizes") {
  auto base = transformer_preset("base");
  base.vocab_size = 37000;
  const auto model = make_transformer(base, 1, torch::kCPU);
  std::int64_t parameters = 0;
  for (const auto& parameter : model->parameters()) parameters += parameter.numel();
  CHECK(parameters == 63'082'496);  // table 3: 65 million
  CHECK(to_json(transformer_from_hf(transformer_to_hf(base), "x"))["hidden_size"] == 512);
}

}  // namespace attend
