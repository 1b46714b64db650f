// BERT with each of its heads against transformers on tiny random weights (scripts/make_bert_parity_fixtures.py): logits at every
// real position, loss, every gradient, the losses of the first optimizer steps, and the folder written back.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "models/text_model.h"
#include "tests/parity/checks.h"

namespace attend {
namespace {

// One folder's model, its loss as transformers has it, and its logits, whatever the head.
class Fixture {
 public:
  explicit Fixture(const std::string& name) : Fixture(name, fixture_folder(name)) {}
  /// The same data with another folder's model.
  Fixture(const std::string& name, const std::filesystem::path& model_folder)
      : name_(name), folder_(fixture_folder(name)), expected_(read_tensors(folder_ / "expected.safetensors")) {
    if (name == "bert_pretraining" || name == "bert_masked") masked_ = load_masked_language_model(model_folder);
    if (name == "bert_classes" || name == "bert_regression") classifier_ = load_sequence_classifier(model_folder);
    if (name == "bert_tags") tokens_ = load_token_classifier(model_folder, {}, TokenTask::kTags);
    if (name == "bert_answers") tokens_ = load_token_classifier(model_folder, {}, TokenTask::kAnswers);
  }

  TextModel& model() const {
    if (masked_) return *masked_;
    if (classifier_) return *classifier_;
    return *tokens_;
  }
  const torch::Tensor& expected(const std::string& key) const { return expected_.at(key); }
  const NamedTensors& expected() const { return expected_; }
  const std::filesystem::path& folder() const { return folder_; }
  bool has_next_sentence() const { return masked_ && masked_->has_next_sentence(); }

  TextBatch batch(int index) const {
    return {.tokens = {column(index, "ids"), column(index, "lengths")}, .type_ids = column(index, "type_ids")};
  }

  torch::Tensor logits() const {
    if (masked_) return masked_->mask_logits(batch(0), column(0, "positions"));
    return classifier_ ? classifier_->logits(batch(0)) : tokens_->logits(batch(0));
  }
  torch::Tensor next_logits() const { return masked_->next_sentence_logits(batch(0)); }

  torch::Tensor loss(int index) const {
    namespace F = torch::nn::functional;
    const TextBatch text = batch(index);
    if (masked_) {
      const MaskedLoss loss = masked_->loss({.text = text,
                                             .masked_positions = column(index, "positions"),
                                             .masked_labels = column(index, "words"),
                                             .next_labels = has_next_sentence() ? column(index, "next") : std::vector<std::int64_t>{}});
      const auto words = loss.words.loss / static_cast<double>(loss.words.num_targets);
      return loss.next_sentence ? words + loss.next_sentence->loss / static_cast<double>(loss.next_sentence->num_targets) : words;
    }
    const auto labels_B = torch::tensor(column(index, "labels"));
    if (name_ == "bert_classes") return F::cross_entropy(classifier_->logits(text), labels_B);
    if (name_ == "bert_regression") return F::mse_loss(classifier_->logits(text).squeeze(1), labels_B.to(torch::kFloat32));
    const auto logits_NL = tokens_->logits(text);
    if (name_ == "bert_tags") {
      auto tags = text.tokens.ids;
      for (auto& tag : tags) tag = tag == 2 || tag == 3 ? -100 : tag % 5;
      return F::cross_entropy(logits_NL, torch::tensor(tags));
    }
    std::vector<torch::Tensor> losses;  // of start (at 1) and end (at 2, or the last token) in each sequence
    std::int64_t begin = 0;
    for (const std::int64_t length : text.tokens.lengths) {
      const auto log_p_L2 = torch::log_softmax(logits_NL.narrow(0, begin, length), 0);
      losses.push_back(-(log_p_L2[1][0] + log_p_L2[std::min<std::int64_t>(2, length - 1)][1]) / 2);
      begin += length;
    }
    return torch::stack(losses).mean();
  }

 private:
  std::vector<std::int64_t> column(int index, const std::string& name) const {
    return numbers(expected_.at(std::to_string(index) + "." + name));
  }

  std::string name_;
  std::filesystem::path folder_;
  NamedTensors expected_;
  std::shared_ptr<MaskedLanguageModel> masked_;
  std::shared_ptr<SequenceClassifier> classifier_;
  std::shared_ptr<TokenClassifier> tokens_;
};

std::string any_head() {
  return GENERATE(as<std::string>(), "bert_pretraining", "bert_masked", "bert_classes", "bert_regression", "bert_tags", "bert_answers");
}

}  // namespace

TEST_CASE("BERT computes what transformers' computes, with every head") {
  const std::string name = any_head();
  const Fixture fixture(name);
  const auto loss = [&](int batch) { return fixture.loss(batch); };
  INFO(name);

  SECTION("logits at every position") {
    parity::check_logits(fixture.logits(), fixture.expected("logits"));
    if (fixture.has_next_sentence()) parity::check_logits(fixture.next_logits(), fixture.expected("next_logits"));
  }
  SECTION("loss") { parity::check_loss(loss, fixture.expected("loss")); }
  SECTION("every gradient") { parity::check_gradients(fixture.model(), loss, fixture.expected()); }
  SECTION("the losses of the first optimizer steps") {
    torch::optim::Adam optimizer(fixture.model().parameters(), torch::optim::AdamOptions(1e-2).betas({0.9, 0.98}).eps(1e-9));
    parity::check_steps(optimizer, loss, fixture.expected("step_losses"), 2e-4);  // Adam divides by small gradients
  }
}

TEST_CASE("importing and exporting BERT keeps every byte and every answer") {
  const std::string name = any_head();
  const Fixture fixture(name);
  INFO(name);
  const TempFolder folder;
  parity::check_bytes(fixture.model(), fixture.folder(), folder.path());
  const Json config = read_json_file(folder / "config.json"), their_config = read_json_file(fixture.folder() / "config.json");
  for (const char* key : {"architectures", "hidden_act", "hidden_size", "num_hidden_layers", "intermediate_size", "vocab_size",
                          "pad_token_id", "layer_norm_eps"})
    CHECK(config.at(key) == their_config.at(key));
  CHECK(torch::equal(Fixture(name, folder.path()).logits(), fixture.logits()));
}

}  // namespace attend
