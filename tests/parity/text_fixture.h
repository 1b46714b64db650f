// BERT's and Big Bird's fixtures: a folder's model, its loss as transformers has it, and its logits, whatever the head.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "models/tensor_io.h"
#include "models/text_model.h"
#include "tests/parity/fixture.h"

namespace attend::parity {

/// The fixture's name ends in its head's: "bert_masked".
class TextFixture {
 public:
  explicit TextFixture(const std::string& name) : TextFixture(name, fixture_folder(name)) {}
  /// The same data with another folder's model.
  TextFixture(const std::string& name, const std::filesystem::path& model_folder)
      : head_(name.substr(name.rfind('_') + 1)), folder_(fixture_folder(name)), expected_(read_tensors(folder_ / "expected.safetensors")) {
    if (head_ == "pretraining" || head_ == "masked") masked_ = load_masked_language_model(model_folder);
    if (head_ == "classes" || head_ == "regression") classifier_ = load_sequence_classifier(model_folder);
    if (head_ == "tags") tokens_ = load_token_classifier(model_folder, {}, TokenTask::kTags);
    if (head_ == "answers") tokens_ = load_token_classifier(model_folder, {}, TokenTask::kAnswers);
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
    if (head_ == "classes") return F::cross_entropy(classifier_->logits(text), labels_B);
    if (head_ == "regression") return F::mse_loss(classifier_->logits(text).squeeze(1), labels_B.to(torch::kFloat32));
    const auto logits_NL = tokens_->logits(text);
    if (head_ == "tags") {
      auto tags = text.tokens.ids;
      for (auto& tag : tags) tag = tag == 2 || tag == 3 ? -100 : tag % 5;
      return F::cross_entropy(logits_NL, torch::tensor(tags));
    }
    std::vector<torch::Tensor> losses;  // of where an answer starts and ends in each sequence
    std::int64_t begin = 0;
    for (std::size_t row = 0; row < text.tokens.lengths.size(); ++row) {
      const std::int64_t length = text.tokens.lengths[row];
      const bool is_stated = expected_.contains("0.starts");  // else at 1, and at 2 or the last token
      const std::int64_t start = is_stated ? column(index, "starts")[row] : 1;
      const std::int64_t end = is_stated ? column(index, "ends")[row] : std::min<std::int64_t>(2, length - 1);
      const auto log_p_L2 = torch::log_softmax(logits_NL.narrow(0, begin, length), 0);
      losses.push_back(-(log_p_L2[start][0] + log_p_L2[end][1]) / 2);
      begin += length;
    }
    return torch::stack(losses).mean();
  }

 private:
  std::vector<std::int64_t> column(int index, const std::string& name) const {
    return numbers(expected_.at(std::to_string(index) + "." + name));
  }

  std::string head_;
  std::filesystem::path folder_;
  NamedTensors expected_;
  std::shared_ptr<MaskedLanguageModel> masked_;
  std::shared_ptr<SequenceClassifier> classifier_;
  std::shared_ptr<TokenClassifier> tokens_;
};

}  // namespace attend::parity
