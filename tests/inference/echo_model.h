// A "translation model" that repeats its source: what a translator does around a model can be seen by itself.
#pragma once

#include <memory>
#include <vector>

#include "models/interfaces.h"
#include "tests/inference/toy_decoder.h"

namespace attend::test {

/// Prefers the source's next token by 10 over a little noise; after the source's end it goes on with the end.
class EchoModel : public Seq2SeqModel {
 public:
  struct Sizes {
    std::int64_t vocab_size = 124;
    std::int64_t max_positions = 40;
  };
  EchoModel() : EchoModel(Sizes{}) {}
  explicit EchoModel(Sizes sizes) : sizes_(sizes) {}

  torch::Tensor logits(const PairBatch&) override { return {}; }
  SummedLoss loss(const PairBatch&, double) override { return {}; }
  std::vector<AttentionMaps> attention(const PairBatch&) override { return {}; }

  std::unique_ptr<StepDecoder> start_decoding(const PackedIds& source, std::int64_t rows_per_sentence, std::int64_t max_steps) override {
    TORCH_CHECK(!is_training() && max_steps <= sizes_.max_positions, "evaluation mode, within the positions");
    std::vector<TokenIds> sentences;
    std::vector<std::int64_t> indices;
    for (std::size_t begin = 0; const std::int64_t length : source.lengths) {
      TORCH_CHECK(length <= sizes_.max_positions, "within the positions");
      sentences.emplace_back(source.ids.begin() + begin, source.ids.begin() + begin + length);
      begin += length;
      indices.push_back(static_cast<std::int64_t>(indices.size()));
    }
    batch_sizes.push_back(static_cast<std::int64_t>(sentences.size()));
    const std::int64_t vocab_size = sizes_.vocab_size;
    const NextLogits next = [sentences, vocab_size](std::int64_t sentence, const TokenIds& ids) {
      const TokenIds& source = sentences[sentence];
      RandomStream noise(5, "echo", {source.size(), ids.size()});
      std::vector<float> logits(vocab_size);
      for (auto& logit : logits) logit = static_cast<float>(noise.normal());
      logits[ids.size() < source.size() ? source[ids.size()] : source.back()] += 10.0f;
      return logits;
    };
    return std::make_unique<ToyDecoder>(next, indices, rows_per_sentence);
  }

  TokenRoles token_roles() const override { return {.pad = sizes_.vocab_size - 1, .eos = 0, .decoder_start = sizes_.vocab_size - 1}; }
  std::int64_t vocab_size() const override { return sizes_.vocab_size; }
  std::int64_t source_vocab_size() const override { return sizes_.vocab_size; }
  std::int64_t max_positions() const override { return sizes_.max_positions; }
  torch::Device device() const override { return torch::kCPU; }
  Json hf_config() const override { return {{"vocab_size", sizes_.vocab_size}}; }
  void save(const std::filesystem::path&) const override {}

  std::vector<std::int64_t> batch_sizes;  ///< sentences of each call

 private:
  Sizes sizes_;
};

}  // namespace attend::test
