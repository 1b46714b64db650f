#include "generation/choice_scorer.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "generation/evaluation_mode.h"

namespace attend {
namespace {

constexpr std::int64_t kBatchTokens = 8192;

struct Sequence {
  std::vector<std::int64_t> ids;
  std::int64_t num_prompt_tokens = 0;
  std::size_t prompt = 0, choice = 0;  // whose
};

std::vector<Sequence> encode(const ByteBpeTokenizer& tokenizer, std::span<const PromptChoices> prompts, std::int64_t max_positions) {
  std::vector<Sequence> sequences;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    const auto num_prompt_tokens = static_cast<std::int64_t>(tokenizer.encode(prompts[p].prompt).size());
    for (std::size_t c = 0; c < prompts[p].choices.size(); ++c) {
      const auto ids = tokenizer.encode(prompts[p].prompt + prompts[p].choices[c]);
      const auto length = static_cast<std::int64_t>(ids.size());
      if (length > max_positions + 1)
        throw UserError("a prompt and the answer '" + prompts[p].choices[c] + "' have " + std::to_string(length) + " tokens; the model has " + std::to_string(max_positions) + " positions",
                        "use fewer shots");
      sequences.push_back({.ids = {ids.begin(), ids.end()}, .num_prompt_tokens = std::clamp<std::int64_t>(num_prompt_tokens, 1, length - 1), .prompt = p, .choice = c});
    }
  }
  return sequences;
}

// Every token but the last is read; those of the choice are predicted.
void append(CausalBatch& batch, const Sequence& sequence) {
  const auto read = static_cast<std::int64_t>(sequence.ids.size()) - 1;
  batch.tokens.lengths.push_back(read);
  for (std::int64_t i = 0; i < read; ++i) {
    batch.tokens.ids.push_back(sequence.ids[i]);
    batch.targets.push_back(i + 1 >= sequence.num_prompt_tokens ? sequence.ids[i + 1] : CausalBatch::kNoTarget);
  }
}

}  // namespace

std::vector<std::vector<double>> choice_log_probabilities(CausalLanguageModel& model, const ByteBpeTokenizer& tokenizer, std::span<const PromptChoices> prompts) {
  const EvaluationMode evaluation(model);
  const std::vector<Sequence> sequences = encode(tokenizer, prompts, model.max_positions());
  std::vector<std::size_t> order(sequences.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) { return sequences[left].ids.size() < sequences[right].ids.size(); });

  std::vector<std::vector<double>> results;
  for (const PromptChoices& prompt : prompts) results.emplace_back(prompt.choices.size(), 0.0);
  for (std::size_t first = 0; first < order.size();) {
    CausalBatch batch;
    std::size_t last = first;
    while (last < order.size() && (last == first || static_cast<std::int64_t>(batch.tokens.ids.size() + sequences[order[last]].ids.size()) <= kBatchTokens))
      append(batch, sequences[order[last++]]);
    const std::vector<float> log_probabilities = model.target_log_probabilities(batch);
    std::size_t place = 0;
    for (; first < last; ++first) {
      const Sequence& sequence = sequences[order[first]];
      for (auto i = sequence.num_prompt_tokens; i < static_cast<std::int64_t>(sequence.ids.size()); ++i) results[sequence.prompt][sequence.choice] += log_probabilities[place++];
    }
  }
  return results;
}

}  // namespace attend
