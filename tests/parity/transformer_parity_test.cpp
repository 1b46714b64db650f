// The Transformer against transformers' MarianMTModel on tiny random weights (scripts/make_parity_fixtures.py): logits at
// every real position, loss, every gradient, the losses of the first optimizer steps, and the folder written back.
#include <torch/torch.h>
#include <catch2/catch.hpp>

#include "core/field_io.h"
#include "models/transformer/model.h"
#include "tests/parity/checks.h"

namespace attend {
namespace {

struct Fixture {
  std::filesystem::path folder;
  std::shared_ptr<TransformerModel> model;
  NamedTensors expected;
};

Fixture load_fixture(const std::string& name) {
  const std::filesystem::path folder = fixture_folder(name);
  auto model = std::dynamic_pointer_cast<TransformerModel>(load_seq2seq(folder));
  return {folder, model, read_tensors(folder / "expected.safetensors")};
}

PairBatch batch_of(const Fixture& fixture, int index) {
  const std::string prefix = std::to_string(index) + ".";
  return {.source = {numbers(fixture.expected.at(prefix + "source_ids")), numbers(fixture.expected.at(prefix + "source_lengths"))},
          .target = {numbers(fixture.expected.at(prefix + "target_ids")), numbers(fixture.expected.at(prefix + "target_lengths"))}};
}

torch::Tensor mean_loss(TransformerModel& model, const PairBatch& batch, double label_smoothing = 0) {
  const auto summed = model.loss(batch, label_smoothing);
  return summed.loss / static_cast<double>(summed.num_targets);
}

/// Sinusoids are computed, not saved.
bool is_position(const std::string& name) { return name.ends_with("embed_positions.weight"); }

}  // namespace

TEST_CASE("the Transformer computes what transformers' Marian computes") {
  const auto name = GENERATE(std::string("marian_parity"), std::string("marian_parity_swish"));
  const auto fixture = load_fixture(name);
  const auto loss = [&](int batch) { return mean_loss(*fixture.model, batch_of(fixture, batch)); };
  INFO(name);

  SECTION("logits at every position") {
    parity::check_logits(fixture.model->logits(batch_of(fixture, 0)), fixture.expected.at("logits"));  // worst seen 9.5e-7
  }
  SECTION("loss, plain and smoothed") {
    parity::check_loss(loss, fixture.expected.at("loss"));
    parity::check_loss([&](int batch) { return mean_loss(*fixture.model, batch_of(fixture, batch), 0.1); },
                       fixture.expected.at("loss_smoothed"));
  }
  SECTION("every gradient") {
    const auto is_constant = [](const std::string& name) { return is_position(name) || name == "final_logits_bias"; };
    parity::check_gradients(*fixture.model, loss, fixture.expected, is_constant);
  }
  SECTION("the losses of the first optimizer steps") {
    torch::optim::Adam optimizer(fixture.model->parameters(), torch::optim::AdamOptions(1e-2).betas({0.9, 0.98}).eps(1e-9));
    parity::check_steps(optimizer, loss, fixture.expected.at("step_losses"), 2e-6);  // worst seen 2.4e-7
  }
}

TEST_CASE("import, export, import keeps every byte") {
  const auto fixture = load_fixture("marian_parity");
  const TempFolder folder;
  parity::check_bytes(*fixture.model, fixture.folder, folder.path(), is_position);
  const auto again = std::dynamic_pointer_cast<TransformerModel>(load_seq2seq(folder.path()));
  CHECK(torch::equal(again->logits(batch_of(fixture, 1)), fixture.model->logits(batch_of(fixture, 1))));
  CHECK(to_json(again->config()) == to_json(fixture.model->config()));
}

TEST_CASE("decoding a step at a time gives the logits of the whole sentence") {
  const auto name = GENERATE(std::string("marian_parity"), std::string("marian_parity_swish"));
  const auto fixture = load_fixture(name);
  const auto batch = batch_of(fixture, 0);
  const torch::NoGradGuard no_gradient;
  const auto logits_TV = fixture.model->logits(batch);
  auto decoder = fixture.model->start_decoding(batch.source, /*rows_per_sentence=*/2, /*max_steps=*/8);

  // Two rows a sentence; after two steps the sentences change places and one row of each goes.
  std::vector<std::int64_t> row_sentence{0, 0, 1, 1, 2, 2}, starts{0};
  for (const auto length : batch.target.lengths) starts.push_back(starts.back() + length);
  for (std::int64_t step = 0; step < 2; ++step) {
    std::vector<std::int64_t> last;
    for (const auto sentence : row_sentence)
      last.push_back(step == 0 ? fixture.model->config().decoder_start_id : batch.target.ids[starts[sentence] + step - 1]);
    const auto logits_RV = decoder->step(last);
    for (std::size_t row = 0; row < row_sentence.size(); ++row)
      CHECK(difference(logits_RV[static_cast<std::int64_t>(row)], logits_TV[starts[row_sentence[row]] + step]) < 1e-5);
    if (step == 0) {
      decoder->reorder(std::vector<std::int64_t>{3, 0, 1});
      row_sentence = {1, 0, 0};
    }
  }
}

}  // namespace attend
