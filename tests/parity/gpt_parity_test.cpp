// GPT with each of its heads against transformers on tiny random weights (scripts/make_gpt_parity_fixtures.py): logits at every real
// position, loss, every gradient, the losses of the first optimizer steps, and the folder written back.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "models/causal_model.h"
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
    if (name == "gpt_language")
      language_ = load_causal_language_model(model_folder);
    else
      classifier_ = load_sequence_classifier(model_folder);
  }

  TextModel& model() const {
    if (language_) return *language_;
    return *classifier_;
  }
  const torch::Tensor& expected(const std::string& key) const { return expected_.at(key); }
  const NamedTensors& expected() const { return expected_; }
  const std::filesystem::path& folder() const { return folder_; }
  CausalLanguageModel* language() const { return language_.get(); }

  TextBatch text(int index) const {
    TextBatch batch{.tokens = {column(index, "ids"), column(index, "lengths")}, .type_ids = {}};
    batch.type_ids.resize(batch.tokens.ids.size());
    return batch;
  }

  /// What comes after each token; nothing after a sequence's last.
  CausalBatch continuation(int index) const {
    CausalBatch batch{.tokens = text(index).tokens, .targets = {}};
    std::size_t end = 0;
    for (const std::int64_t length : batch.tokens.lengths) {
      end += static_cast<std::size_t>(length);
      while (batch.targets.size() + 1 < end) batch.targets.push_back(batch.tokens.ids[batch.targets.size() + 1]);
      batch.targets.push_back(CausalBatch::kNoTarget);
    }
    return batch;
  }

  torch::Tensor logits() const { return language_ ? language_->logits(text(0).tokens) : classifier_->logits(text(0)); }

  torch::Tensor loss(int index) const {
    namespace F = torch::nn::functional;
    if (language_) {
      const SummedLoss loss = language_->loss(continuation(index));
      return loss.loss / static_cast<double>(loss.num_targets);
    }
    const auto labels_B = torch::tensor(column(index, "labels"));
    const auto logits_BL = classifier_->logits(text(index));
    return name_ == "gpt_classes" ? F::cross_entropy(logits_BL, labels_B) : F::mse_loss(logits_BL.squeeze(1), labels_B.to(torch::kFloat32));
  }

 private:
  std::vector<std::int64_t> column(int index, const std::string& name) const {
    return numbers(expected_.at(std::to_string(index) + "." + name));
  }

  std::string name_;
  std::filesystem::path folder_;
  NamedTensors expected_;
  std::shared_ptr<CausalLanguageModel> language_;
  std::shared_ptr<SequenceClassifier> classifier_;
};

std::string any_head() { return GENERATE(as<std::string>(), "gpt_language", "gpt_classes", "gpt_regression"); }

}  // namespace

TEST_CASE("GPT computes what transformers' computes, with every head") {
  const std::string name = any_head();
  const Fixture fixture(name);
  const auto loss = [&](int batch) { return fixture.loss(batch); };
  INFO(name);

  SECTION("logits at every position") { parity::check_logits(fixture.logits(), fixture.expected("logits")); }  // worst seen 1.1e-6
  SECTION("loss") { parity::check_loss(loss, fixture.expected("loss")); }                                      // worst seen 4.8e-7
  SECTION("every gradient") { parity::check_gradients(fixture.model(), loss, fixture.expected()); }            // worst seen 7.2e-7
  SECTION("the losses of the first optimizer steps") {
    torch::optim::AdamW optimizer(fixture.model().parameters(),
                                  torch::optim::AdamWOptions(1e-2).betas({0.9, 0.95}).eps(1e-8).weight_decay(0.1));
    parity::check_steps(optimizer, loss, fixture.expected("step_losses"), 1e-5);  // worst seen 1.2e-7
  }
}

TEST_CASE("log-probabilities of targets are those of transformers' logits") {
  const Fixture fixture("gpt_language");
  const CausalBatch batch = fixture.continuation(0);
  const auto log_p_NV = torch::log_softmax(fixture.expected("logits"), 1);
  const auto found = fixture.language()->target_log_probabilities(batch);
  std::vector<double> expected;
  for (std::size_t n = 0; n < batch.targets.size(); ++n)
    if (batch.targets[n] != CausalBatch::kNoTarget)
      expected.push_back(log_p_NV[static_cast<std::int64_t>(n)][batch.targets[n]].item<double>());
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-5);
}

TEST_CASE("importing and exporting GPT keeps every byte and every answer") {
  const std::string name = any_head();
  const Fixture fixture(name);
  INFO(name);
  const TempFolder folder, again;
  parity::check_bytes(fixture.model(), fixture.folder(), folder.path());
  const Json config = read_json_file(folder / "config.json"), their_config = read_json_file(fixture.folder() / "config.json");
  for (const auto& [key, value] : config.items())
    if (their_config.contains(key)) CHECK(their_config.at(key) == value);
  const Fixture reread(name, folder.path());
  CHECK(torch::equal(reread.logits(), fixture.logits()));
  reread.model().save(again.path());
  for (const char* file : {"config.json", "model.safetensors"}) CHECK(read_text(again / file) == read_text(folder / file));
}

}  // namespace attend
