#include "training/objectives/continuations.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "inference/text_generator.h"

namespace attend {
namespace {

constexpr std::int64_t kSequences = 2, kTokensRead = 16, kTokensWritten = 64;
constexpr double kTemperature = 0.8;

using Ids = std::span<const std::int64_t>;

std::string text_of(const ByteBpeTokenizer& tokenizer, Ids ids) {
  std::vector<std::int32_t> text;
  for (const std::int64_t id : ids)
    if (!tokenizer.is_special(static_cast<std::int32_t>(id))) text.push_back(static_cast<std::int32_t>(id));
  return tokenizer.decode(text);
}

/// A sequence, cut where the model is to go on.
struct Cut {
  Ids read, expected;
  bool is_row;  ///< of inputs and outputs
};

Cut cut(Ids ids, Ids targets, const ByteBpeTokenizer& tokenizer) {
  const auto length = static_cast<std::int64_t>(ids.size());
  const auto first = std::find_if(targets.begin(), targets.end(), [](std::int64_t id) { return id != CausalBatch::kNoTarget; });
  const std::int64_t not_predicted = first - targets.begin();
  const std::int64_t wanted = not_predicted > 0 ? not_predicted + 1 : std::clamp<std::int64_t>(length / 3, 1, kTokensRead);
  const auto read = static_cast<std::size_t>(std::min(wanted, length));
  const Ids after = targets.subspan(read - 1);
  const auto end = std::find_if(after.begin(), after.begin() + std::min<std::ptrdiff_t>(std::ssize(after), kTokensWritten), [&](auto id) {
    return id == CausalBatch::kNoTarget || tokenizer.is_special(static_cast<std::int32_t>(id));
  });
  return {.read = ids.first(read), .expected = {after.begin(), end}, .is_row = not_predicted > 0};
}

}  // namespace

std::vector<Sample> continuations(const std::shared_ptr<CausalLanguageModel>& model,
                                  const std::shared_ptr<const ByteBpeTokenizer>& tokenizer, const CausalBatch& batch) {
  GenerationConfig generation;
  if (const auto end = tokenizer->end_of_text_id()) generation.eos_token_ids = {*end};
  const TextGenerator generator(model, tokenizer, generation);
  std::vector<Sample> samples;
  std::size_t begin = 0;
  for (std::int64_t i = 0; i < std::min(kSequences, batch.size()); ++i) {
    const auto length = static_cast<std::size_t>(batch.tokens.lengths[static_cast<std::size_t>(i)]);
    const Cut cut_sequence = cut(Ids(batch.tokens.ids).subspan(begin, length), Ids(batch.targets).subspan(begin, length), *tokenizer);
    begin += length;
    const Prompt prompt{.ids = {cut_sequence.read.begin(), cut_sequence.read.end()},
                        .number = static_cast<std::uint64_t>(i + 1),
                        .name = "a validation sequence"};
    const std::int64_t room = model->max_positions() - std::ssize(prompt.ids);
    const GenerateOptions options{.max_new_tokens = std::clamp<std::int64_t>(room, 1, kTokensWritten),
                                  .temperature = cut_sequence.is_row ? 0.0 : kTemperature};
    const auto written = generator.generate({.prompts = std::span(&prompt, 1)}, options);
    samples.push_back({.input = text_of(*tokenizer, prompt.ids),
                       .output = written.front().front().text,
                       .expected = text_of(*tokenizer, cut_sequence.expected)});
  }
  return samples;
}

}  // namespace attend
