// What a language model writes in an evaluation.
#include "training/objectives/continuations.h"

#include <catch2/catch.hpp>

#include "tests/support/temp_folder.h"
#include "tests/training/tiny_gpt.h"

namespace attend {
namespace {

struct Workplace {
  TempFolder folder;
  std::shared_ptr<const ByteBpeTokenizer> tokenizer = write_tiny_byte_tokenizer("the cat sleeps, a third", folder / "tokenizer", {});
  std::shared_ptr<CausalLanguageModel> model = make_gpt(tiny_gpt_config(*tokenizer), /*seed=*/1, torch::kCPU);

  std::vector<std::int64_t> ids(const std::string& text) const {
    const auto encoded = tokenizer->encode(text);
    return {encoded.begin(), encoded.end()};
  }
};

/// Sequences of running text: every token is predicted.
CausalBatch running(const std::vector<std::vector<std::int64_t>>& texts) {
  CausalBatch batch;
  for (const auto& text : texts) {
    batch.tokens.ids.insert(batch.tokens.ids.end(), text.begin(), text.end() - 1);
    batch.targets.insert(batch.targets.end(), text.begin() + 1, text.end());
    batch.tokens.lengths.push_back(std::ssize(text) - 1);
  }
  return batch;
}

}  // namespace

TEST_CASE("running text is cut, and what follows in the data stands beside what the model wrote, the same each time") {
  const Workplace place;
  const std::string text = "the cat sleeps, the cat ";
  const CausalBatch batch = running({place.ids(text), place.ids("cat the"), place.ids("a third")});
  const auto samples = continuations(place.model, place.tokenizer, batch);
  REQUIRE(samples.size() == 2);
  CHECK_FALSE(samples[0].input.empty());
  CHECK(samples[0].input.size() <= text.size() / 3 + 1);
  CHECK(samples[0].input + samples[0].expected == text);
  CHECK(samples[1].input + samples[1].expected == "cat the");
  CHECK((samples == continuations(place.model, place.tokenizer, batch)));
}

TEST_CASE("of a row of inputs and outputs the input is read, and the end is no text") {
  const Workplace place;
  const std::int64_t end = *place.tokenizer->end_of_text_id();
  CausalBatch batch = running({place.ids("cat the")});
  batch.targets.back() = end;
  const std::size_t not_predicted = batch.targets.size() - 3;
  for (std::size_t i = 0; i < not_predicted; ++i) batch.targets[i] = CausalBatch::kNoTarget;
  const auto samples = continuations(place.model, place.tokenizer, batch);
  REQUIRE(samples.size() == 1);
  const std::vector<std::int64_t> read(batch.tokens.ids.begin(), batch.tokens.ids.begin() + static_cast<std::ptrdiff_t>(not_predicted) + 1);
  const std::vector<std::int32_t> as_ids(read.begin(), read.end());
  CHECK(samples[0].input == place.tokenizer->decode(as_ids));
  CHECK(samples[0].expected.size() == 2);
}

}  // namespace attend
