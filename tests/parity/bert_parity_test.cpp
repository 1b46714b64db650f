// BERT with each of its heads against transformers on tiny random weights (scripts/make_bert_parity_fixtures.py): logits at every
// real position, loss, every gradient, the losses of the first optimizer steps, and the folder written back.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "tests/parity/checks.h"
#include "tests/parity/text_fixture.h"

namespace attend {
namespace {

using Fixture = parity::TextFixture;

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
