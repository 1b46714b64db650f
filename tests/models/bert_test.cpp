// What must hold of BERT's folders without a reference: every spelling of its tensors' names, and the tasks of its heads.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "core/error.h"
#include "models/bert/heads.h"
#include "models/tensor_io.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

BertConfig small_config() {
  BertConfig config = bert_preset("tiny");
  config.hidden_size = 32;
  config.num_heads = 2;
  config.intermediate_size = 64;
  config.vocab_size = 50;
  config.max_positions = 40;
  config.initializer_range = 0.3;  // so that logits differ by more than rounding
  return config;
}

TextBatch two_texts() { return {.tokens = {{2, 7, 8, 3, 9, 3, 2, 11, 3}, {6, 3}}, .type_ids = {0, 0, 0, 0, 1, 1, 0, 0, 0}}; }

/// A pretrained model's folder, and its logits.
struct Pretrained {
  TempFolder folder;
  torch::Tensor words_PV, follows_B2;

  Pretrained() {
    const auto model = make_bert(small_config(), BertMaskedLanguageModel::NextSentence::kYes, 1, torch::kCPU);
    model->eval();
    model->save(folder.path());
    const torch::NoGradGuard no_gradient;
    words_PV = model->mask_logits(two_texts(), {1, 7});
    follows_B2 = model->next_sentence_logits(two_texts());
  }
  bool reads_the_same() const {
    const auto again = load_masked_language_model(folder.path());
    const torch::NoGradGuard no_gradient;
    return torch::equal(again->mask_logits(two_texts(), {1, 7}), words_PV) &&
           torch::equal(again->next_sentence_logits(two_texts()), follows_B2);
  }
  NamedTensors tensors() const { return read_tensors(folder / "model.safetensors"); }
  void rewrite(const NamedTensors& tensors) const { write_tensors(folder / "model.safetensors", tensors); }
};

std::string with_ending(const std::string& name, const std::string& ending, const std::string& other) {
  return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) + other : name;
}

}  // namespace

TEST_CASE("a folder's weights, drawn anew, start as its preset does") {
  for (const std::string& name : bert_preset_names()) {
    CAPTURE(name);
    BertConfig preset = bert_preset(name);
    preset.vocab_size = 100;
    const BertConfig read = bert_from_hf(bert_to_hf(preset), "config.json");
    CHECK(read.position_start == preset.position_start);
    CHECK(read.initializer_range == preset.initializer_range);
  }
}

TEST_CASE("BERT folders of every generation are read") {
  const Pretrained model;
  NamedTensors tensors = model.tensors();
  SECTION("as they are written") { CHECK(model.reads_the_same()); }
  SECTION("gamma and beta of TensorFlow's layer norms") {
    NamedTensors renamed;
    for (const auto& [name, tensor] : tensors)
      renamed[with_ending(with_ending(name, "LayerNorm.weight", "LayerNorm.gamma"), "LayerNorm.bias", "LayerNorm.beta")] = tensor;
    CHECK(renamed.contains("bert.embeddings.LayerNorm.gamma"));
    CHECK(renamed.contains("cls.predictions.transform.LayerNorm.beta"));
    model.rewrite(renamed);
    CHECK(model.reads_the_same());
  }
  SECTION("the buffer of positions and the tied table once more") {
    tensors["bert.embeddings.position_ids"] = torch::arange(40).unsqueeze(0);
    tensors["cls.predictions.decoder.weight"] = tensors.at("bert.embeddings.word_embeddings.weight").clone();
    tensors["cls.predictions.decoder.bias"] = tensors.at("cls.predictions.bias").clone();
    model.rewrite(tensors);
    CHECK(model.reads_the_same());
  }
  SECTION("the bias of the words under the tied name alone") {
    tensors["cls.predictions.decoder.bias"] = tensors.at("cls.predictions.bias");
    tensors.erase("cls.predictions.bias");
    model.rewrite(tensors);
    CHECK(model.reads_the_same());
  }
  SECTION("a bare body, with and without its prefix") {
    const auto encoder = load_text_encoder(model.folder.path());
    NamedTensors bare;
    for (const auto& [name, tensor] : tensors)
      if (name.starts_with("bert.")) bare[name.substr(5)] = tensor;
    model.rewrite(bare);
    const torch::NoGradGuard no_gradient;
    CHECK(torch::equal(load_text_encoder(model.folder.path())->hidden(two_texts()), encoder->hidden(two_texts())));
  }
}

TEST_CASE("what a BERT folder lacks, or holds besides, is named") {
  const Pretrained model;
  const NamedTensors whole = model.tensors();
  NamedTensors tensors = whole;
  const auto complaint = [&] {
    model.rewrite(tensors);
    return refusal_of([&] { load_masked_language_model(model.folder.path()); });
  };
  tensors.erase("bert.encoder.layer.1.output.dense.bias");
  CHECK_THAT(complaint(), Catch::Contains("missing bert.encoder.layer.1.output.dense.bias"));
  tensors = whole;
  tensors["bert.encoder.layer.2.output.dense.bias"] = torch::zeros(32);
  CHECK_THAT(complaint(), Catch::Contains("unexpected bert.encoder.layer.2.output.dense.bias"));
}

TEST_CASE("a head is used for the task that config.json names") {
  const Pretrained model;
  const NewHead two_labels{.labels = {.names = {"no", "yes"}}};
  const TempFolder folder;
  load_sequence_classifier(model.folder.path(), {}, two_labels)->save(folder.path());
  CHECK_NOTHROW(load_sequence_classifier(folder.path()));
  const std::string as_tagger = refusal_of([&] { load_token_classifier(folder.path(), {}, TokenTask::kTags); });
  CHECK_THAT(as_tagger, Catch::Contains("the model is a BertForSequenceClassification"));
  CHECK_NOTHROW(load_token_classifier(folder.path(), {}, TokenTask::kTags, two_labels));  // to be fine-tuned
  load_token_classifier(model.folder.path(), {}, TokenTask::kTags, two_labels)->save(folder.path());
  CHECK_NOTHROW(load_token_classifier(folder.path(), {}, TokenTask::kTags));
  CHECK_THAT(refusal_of([&] { load_sequence_classifier(folder.path()); }), Catch::Contains("BertForTokenClassification"));
  CHECK_THAT(refusal_of([&] { load_token_classifier(folder.path(), {}, TokenTask::kAnswers); }),
             Catch::Contains("BertForTokenClassification"));
}

TEST_CASE("dropout asked for with a new head is the model's too, is saved, and is a share") {
  const Pretrained model;
  const TempFolder folder;
  load_sequence_classifier(model.folder.path(), {}, NewHead{.labels = {.names = {"no", "yes"}}, .dropout = 0.3})->save(folder.path());
  const Json saved = read_json_file(folder / "config.json"), before = read_json_file(model.folder / "config.json");
  CHECK(saved["hidden_dropout_prob"] == 0.3);
  CHECK(saved["classifier_dropout"] == 0.3);
  CHECK(before["hidden_dropout_prob"] != 0.3);
  CHECK(saved["attention_probs_dropout_prob"] == 0.3);
  for (const double dropout : {-0.1, 1.0, 7.0}) {
    const NewHead head{.labels = {.names = {"no", "yes"}}, .dropout = dropout};
    CHECK_THAT(refusal_of([&] { load_sequence_classifier(model.folder.path(), {}, head); }), Catch::StartsWith("--dropout is"));
  }
}

}  // namespace attend
