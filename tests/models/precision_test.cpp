// Models that answer in bfloat16 and int8: beside their float32, and what they refuse.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "core/error.h"
#include "models/bert/heads.h"
#include "models/gpt/heads.h"
#include "models/lstm/model.h"
#include "models/transformer/model.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

constexpr std::pair<Precision, double> kBounds[] = {{Precision::kBFloat16, 0.03}, {Precision::kInt8, 0.1}};

double relative_error(const torch::Tensor& got, const torch::Tensor& wanted) {
  return ((got - wanted).norm() / wanted.norm()).item<double>();
}

GptConfig gpt_config() {
  GptConfig config = gpt_preset("tiny");
  config.hidden_size = 64;
  config.vocab_size = 80;
  config.max_positions = 40;
  config.initializer_range = 0.2;
  return config;
}

}  // namespace

TEST_CASE("GPT in bfloat16 and int8 answers as in float32, up to its rounding, with a cache and without") {
  const TempFolder folder;
  make_gpt(gpt_config(), 1, torch::kCPU)->save(folder.path());
  const torch::NoGradGuard no_gradient;
  const PackedIds text{.ids = {5, 6, 7, 8, 9, 10, 11, 3}, .lengths = {8}};
  const auto wanted = load_causal_language_model(folder.path())->logits(text);
  for (const auto& [precision, bound] : kBounds) {
    const auto model = load_causal_language_model(folder.path(), {.precision = precision});
    const auto logits = model->logits(text);
    INFO(enum_name(precision));
    CHECK(relative_error(logits, wanted) > 0);
    CHECK(relative_error(logits, wanted) < bound);
    const auto decoder = model->start_decoding(text, 1, 4);
    const std::int64_t last = 3;
    CHECK(relative_error(decoder->step(std::span(&last, 1))[0], wanted[7]) < bound);
    CausalBatch batch{.tokens = text, .targets = {6, 7, 8, 9, 10, 11, 3, 4}};
    CHECK(model->loss(batch).loss.item<double>() ==
          Approx(load_causal_language_model(folder.path())->loss(batch).loss.item<double>()).epsilon(0.05));
    CHECK_THROWS_AS(model->save(folder.path()), c10::Error);
  }
}

TEST_CASE("BERT's masked words and the Transformer's logits in bfloat16 and int8") {
  const torch::NoGradGuard no_gradient;
  BertConfig bert = bert_preset("tiny");
  bert.vocab_size = 80;
  bert.initializer_range = 0.2;
  TransformerConfig transformer = transformer_preset("tiny");
  transformer.vocab_size = 80;
  transformer.pad_id = transformer.decoder_start_id = 79;
  const TempFolder bert_folder, transformer_folder;
  make_bert(bert, BertMaskedLanguageModel::NextSentence::kYes, 1, torch::kCPU)->save(bert_folder.path());
  make_transformer(transformer, 1, torch::kCPU)->save(transformer_folder.path());
  const TextBatch text{.tokens = {.ids = {5, 6, 7, 8, 9, 10}, .lengths = {6}}, .type_ids = {0, 0, 0, 0, 0, 0}};
  const PairBatch pair{.source = {.ids = {5, 6, 7, 8}, .lengths = {4}}, .target = {.ids = {9, 10, 11}, .lengths = {3}}};
  const auto mask = load_masked_language_model(bert_folder.path())->mask_logits(text, {1, 3});
  const auto logits = load_seq2seq(transformer_folder.path())->logits(pair);
  for (const auto& [precision, bound] : kBounds) {
    INFO(enum_name(precision));
    CHECK(relative_error(load_masked_language_model(bert_folder.path(), {.precision = precision})->mask_logits(text, {1, 3}), mask) <
          bound);
    CHECK(relative_error(load_seq2seq(transformer_folder.path(), {.precision = precision})->logits(pair), logits) < bound);
  }
}

TEST_CASE("an LSTM refuses another precision than float32") {
  LstmConfig config = lstm_preset("tiny");
  config.vocab_size = 80;
  config.pad_id = config.decoder_start_id = 79;
  const TempFolder folder;
  make_lstm(config, 1, torch::kCPU)->save(folder.path());
  CHECK_THAT(refusal_of([&] { load_seq2seq(folder.path(), {.precision = Precision::kInt8}); }),
             Catch::Contains("an LSTM answers in float32; --precision is int8"));
}

}  // namespace attend
