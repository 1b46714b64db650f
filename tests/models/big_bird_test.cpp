// What must hold of Big Bird's folders without a reference: what a BERT with its attention is saved as, its heads, and keys that cannot be
// followed.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include <functional>

#include "models/bert/heads.h"
#include "models/tensor_io.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using Catch::Contains;
using NextSentence = BertMaskedLanguageModel::NextSentence;

BertConfig small_config() {
  BertConfig config = bert_preset("tiny");
  config.hidden_size = 32;
  config.num_heads = 2;
  config.intermediate_size = 64;
  config.vocab_size = 50;
  config.max_positions = 40;
  config.initializer_range = 0.3;  // so that logits differ by more than rounding
  config.attention_choice = {.kind = AttentionKind::kBigBird, .block = 4, .random = 1};
  config.sep_id = 3;
  return config;
}

/// Texts of 36 tokens, which is sparse, and of 5.
TextBatch two_texts() {
  TextBatch batch{.tokens = {{}, {36, 5}}, .type_ids = {}};
  for (std::int64_t i = 0; i < 41; ++i) {
    batch.tokens.ids.push_back(i == 9 ? 3 : 5 + 7 * i % 45);
    batch.type_ids.push_back(i > 9 && i < 36 ? 1 : 0);
  }
  return batch;
}

struct Pretrained {
  TempFolder folder;

  explicit Pretrained(NextSentence next_sentence = NextSentence::kYes, const BertConfig& config = small_config()) {
    make_bert(config, next_sentence, 1, torch::kCPU)->save(folder.path());
  }
  Json config() const { return read_json_file(folder / "config.json"); }
  void configure(const char* key, const Json& value) const {
    Json changed = config();
    changed[key] = value;
    write_json_file(folder / "config.json", changed);
  }
  std::string refusal() const {
    return refusal_of([&] { load_masked_language_model(folder.path()); });
  }
};

torch::Tensor mask_logits(const std::filesystem::path& folder) {
  const torch::NoGradGuard no_gradient;
  return load_masked_language_model(folder)->mask_logits(two_texts(), {1, 30, 38});
}

}  // namespace

TEST_CASE("a BERT with Big Bird's attention is saved as one of transformers, and reads back the same") {
  for (const NextSentence next : {NextSentence::kYes, NextSentence::kNo}) {
    const Pretrained model(next);
    const Json config = model.config();
    CHECK(config["model_type"] == "big_bird");
    CHECK(config["architectures"] == Json({next == NextSentence::kYes ? "BigBirdForPreTraining" : "BigBirdForMaskedLM"}));
    CHECK(config["attention_type"] == "block_sparse");
    CHECK(config["block_size"] == 4);
    CHECK(config["num_random_blocks"] == 1);
    CHECK(config["sep_token_id"] == 3);
    CHECK_FALSE(config.contains("attention"));
    const auto tensors = read_tensors(model.folder / "model.safetensors");
    CHECK(tensors.contains("bert.pooler.weight"));  // transformers has one in either
    CHECK(tensors.contains("cls.seq_relationship.weight") == (next == NextSentence::kYes));
    const auto again = load_masked_language_model(model.folder.path());
    CHECK(again->has_next_sentence() == (next == NextSentence::kYes));
    const TempFolder second;
    again->save(second.path());
    CHECK(read_json_file(second / "config.json") == config);
    CHECK(torch::equal(mask_logits(second.path()), mask_logits(model.folder.path())));
  }
}

TEST_CASE("a pooler that no head reads is kept, and not trained") {
  const Pretrained model(NextSentence::kNo);
  const auto loaded = load_masked_language_model(model.folder.path());
  loaded->train();
  loaded->loss({.text = two_texts(), .masked_positions = {1, 30}, .masked_labels = {7, 8}, .next_labels = {}}).words.loss.backward();
  for (const auto& parameter : loaded->named_parameters()) {
    INFO(parameter.key());
    CHECK(parameter.value().grad().defined() == !parameter.key().starts_with("bert.pooler."));
  }
}

TEST_CASE("answers of one text do not depend on the others of its batch") {
  const Pretrained model;
  const torch::NoGradGuard no_gradient;
  const auto loaded = load_masked_language_model(model.folder.path());
  const TextBatch both = two_texts();
  const TextBatch first{.tokens = {{both.tokens.ids.begin(), both.tokens.ids.begin() + 36}, {36}},
                        .type_ids = {both.type_ids.begin(), both.type_ids.begin() + 36}};
  CHECK((loaded->mask_logits(both, {1, 30}) - loaded->mask_logits(first, {1, 30})).abs().max().item<double>() < 1e-5);
}

TEST_CASE("full attention of a Big Bird is original_full") {
  BertConfig config = small_config();
  config.attention_choice.kind = AttentionKind::kFull;
  config.big_bird = true;
  const Pretrained full(NextSentence::kYes, config);
  CHECK(full.config()["attention_type"] == "original_full");
  CHECK(full.config()["block_size"] == 4);  // for whoever makes it sparse
  // The weights are the sparse model's: the same seed drew them.
  const Pretrained sparse;
  CHECK_FALSE(torch::allclose(mask_logits(full.folder.path()), mask_logits(sparse.folder.path()), 1e-3, 1e-3));
  sparse.configure("attention_type", "original_full");
  CHECK(torch::equal(mask_logits(full.folder.path()), mask_logits(sparse.folder.path())));
}

TEST_CASE("every head of a Big Bird is drawn on a pretrained body, saved and loaded") {
  const Pretrained model;
  const NewHead head{.labels = {.names = {"no", "yes"}}};
  const torch::NoGradGuard no_gradient;
  const TempFolder classes, tags, answers;
  const auto classifier = load_sequence_classifier(model.folder.path(), {}, head);
  classifier->save(classes.path());
  CHECK(read_json_file(classes / "config.json")["architectures"] == Json({"BigBirdForSequenceClassification"}));
  CHECK(torch::equal(load_sequence_classifier(classes.path())->logits(two_texts()), classifier->logits(two_texts())));
  for (const auto& [task, folder, name] : {std::tuple{TokenTask::kTags, &tags, "BigBirdForTokenClassification"},
                                           std::tuple{TokenTask::kAnswers, &answers, "BigBirdForQuestionAnswering"}}) {
    INFO(name);
    const auto labeller = load_token_classifier(model.folder.path(), {}, task, head);
    labeller->save(folder->path());
    CHECK(read_json_file(*folder / "config.json")["architectures"] == Json({name}));
    CHECK(torch::equal(load_token_classifier(folder->path(), {}, task)->logits(two_texts()), labeller->logits(two_texts())));
  }
  CHECK_FALSE(read_tensors(answers / "model.safetensors").contains("bert.pooler.weight"));  // which transformers has in the others
  // A head of other labels is replaced, a head of another task is left out.
  CHECK_NOTHROW(load_sequence_classifier(classes.path(), {}, NewHead{.labels = {.names = {"a", "b", "c"}}}));
  CHECK_NOTHROW(load_token_classifier(classes.path(), {}, TokenTask::kAnswers, head));
  CHECK_THAT(refusal_of([&] { load_token_classifier(classes.path(), {}, TokenTask::kTags); }),
             Contains("the model is a BigBirdForSequenceClassification"));
}

TEST_CASE("an answer is not in the question") {
  const Pretrained model;
  const torch::NoGradGuard no_gradient;
  const auto logits_N2 = load_token_classifier(model.folder.path(), {}, TokenTask::kAnswers, NewHead{.labels = {.names = {"start", "end"}}})
                             ->logits(two_texts());
  const auto is_banned = [&](std::int64_t token) { return logits_N2[token].max().item<double>() < -1e5; };
  CHECK_FALSE(is_banned(0));
  for (std::int64_t token = 1; token < 41; ++token) CHECK(is_banned(token) == (token <= 9));  // the second text has no separator
}

TEST_CASE("Big Birds that cannot be are refused with a sentence") {
  const auto refusal = [](const char* key, const Json& value) {
    const Pretrained model;
    model.configure(key, value);
    return model.refusal();
  };
  CHECK_THAT(refusal("block_size", 0), Contains("config.json: block_size is 0; expected 1 to 65536"));
  CHECK_THAT(refusal("block_size", 2.5), Contains("block_size"));
  CHECK_THAT(refusal("num_random_blocks", 0), Contains("num_random_blocks is 0"));
  CHECK_THAT(refusal("attention_type", "sparse"), Contains("attention_type") && Contains("block_sparse|original_full"));
  CHECK_THAT(refusal("use_bias", false), Contains("use_bias is false"));
  CHECK_THAT(refusal("is_decoder", true), Contains("is_decoder is true"));
  CHECK_THAT(refusal("hidden_act", "mish"), Contains("hidden_act"));
  BertConfig config = small_config();
  config.attention_choice.kind = AttentionKind::kWindow;
  config.big_bird = true;
  CHECK_THAT(refusal_of([&] { config.validate(); }), Contains("big_bird is true with attention window; expected bigbird or full"));
  config.big_bird = false;
  config.rescale_embeddings = true;
  CHECK_THAT(refusal_of([&] { config.validate(); }), Contains("only a Big Bird's embeddings are rescaled"));
}

}  // namespace attend
