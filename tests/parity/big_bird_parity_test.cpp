// Big Bird with each of its heads against transformers on tiny random weights (scripts/make_big_bird_parity_fixtures.py): logits at every
// real position of a model that answers, loss and every gradient of one that trains, whose random blocks are drawn, the losses of the first
// optimizer steps, and the folder written back. Texts of one batch are sparse and short ones; transformers read each alone.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "tests/parity/checks.h"
#include "tests/parity/text_fixture.h"

namespace attend {
namespace {

using Fixture = parity::TextFixture;

std::string any_head() {
  return GENERATE(as<std::string>(), "big_bird_pretraining", "big_bird_full_pretraining", "big_bird_masked", "big_bird_classes",
                  "big_bird_tags", "big_bird_answers");
}

/// What may not be the answer is a million lower, where float32 has no room for 1e-5.
torch::Tensor without_banned(const torch::Tensor& logits) { return logits.clamp_min(-1e5); }

}  // namespace

TEST_CASE("Big Bird computes what transformers' computes, with every head") {
  const std::string name = any_head();
  const Fixture fixture(name);
  const auto loss = [&](int batch) { return fixture.loss(batch); };
  INFO(name);

  SECTION("logits at every position") {
    parity::check_logits(without_banned(fixture.logits()), without_banned(fixture.expected("logits")));
    if (fixture.has_next_sentence()) parity::check_logits(fixture.next_logits(), fixture.expected("next_logits"));
  }
  fixture.model().train();
  SECTION("loss") { parity::check_loss(loss, fixture.expected("loss")); }
  SECTION("every gradient") {
    const auto is_unread = [&](const std::string& tensor) {
      return tensor.starts_with("bert.pooler.") && !fixture.expected().contains("gradient." + tensor);
    };
    parity::check_gradients(fixture.model(), loss, fixture.expected(), is_unread);
  }
  SECTION("the losses of the first optimizer steps") {
    torch::optim::Adam optimizer(fixture.model().parameters(), torch::optim::AdamOptions(1e-2).betas({0.9, 0.98}).eps(1e-9));
    parity::check_steps(optimizer, loss, fixture.expected("step_losses"), 2e-4);  // Adam divides by small gradients
  }
}

TEST_CASE("importing and exporting Big Bird keeps every byte, every key and every answer") {
  const std::string name = any_head();
  const Fixture fixture(name);
  INFO(name);
  const TempFolder folder;
  parity::check_bytes(fixture.model(), fixture.folder(), folder.path());
  const Json config = read_json_file(folder / "config.json"), their_config = read_json_file(fixture.folder() / "config.json");
  for (const char* key : {"architectures", "attention_type", "block_size", "hidden_act", "hidden_size", "intermediate_size",
                          "layer_norm_eps", "max_position_embeddings", "model_type", "num_hidden_layers", "num_random_blocks",
                          "pad_token_id", "rescale_embeddings", "sep_token_id", "use_bias", "vocab_size"})
    CHECK(config.at(key) == their_config.at(key));
  CHECK(torch::equal(Fixture(name, folder.path()).logits(), fixture.logits()));
}

}  // namespace attend
