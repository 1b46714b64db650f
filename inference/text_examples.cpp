#include "inference/text_examples.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "core/error.h"

namespace attend {

std::int64_t chosen_length(std::optional<std::int64_t> asked, std::int64_t usual, std::int64_t positions) {
  if (!asked) return std::min(usual, positions);
  const std::string found = "--max-length is " + std::to_string(*asked);
  if (*asked < 1) throw UserError(found + "; expected 1 or more");
  if (*asked > positions)
    throw UserError(found + "; the model has " + std::to_string(positions) + " positions", "use a smaller --max-length");
  return *asked;
}

TextBatch pack_examples(const std::vector<TextExample>& examples, const std::vector<std::size_t>& chosen) {
  TextBatch batch;
  for (const std::size_t index : chosen) {
    const TextExample& example = examples[index];
    batch.tokens.ids.insert(batch.tokens.ids.end(), example.ids.begin(), example.ids.end());
    batch.tokens.lengths.push_back(static_cast<std::int64_t>(example.ids.size()));
    batch.type_ids.insert(batch.type_ids.end(), example.type_ids.begin(), example.type_ids.end());
  }
  return batch;
}

std::vector<std::vector<std::size_t>> batches_by_length(const std::vector<TextExample>& examples, std::int64_t batch_tokens) {
  std::vector<std::size_t> order(examples.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return examples[a].ids.size() < examples[b].ids.size(); });
  std::vector<std::vector<std::size_t>> batches;
  std::int64_t tokens = 0;
  for (const std::size_t index : order) {
    const auto length = static_cast<std::int64_t>(examples[index].ids.size());
    if (batches.empty() || tokens + length > batch_tokens) {
      batches.emplace_back();
      tokens = 0;
    }
    batches.back().push_back(index);
    tokens += length;
  }
  return batches;
}

EncodedExample encode_text(const InputEncoder& encoder, const TextModel& model, std::string_view text, std::int64_t length) {
  const std::size_t tab = text.find('\t');
  std::optional<std::string_view> second;
  if (tab != std::string_view::npos) {
    second = text.substr(tab + 1);
    if (second->find('\t') != std::string_view::npos) throw UserError("expected a text, or text<TAB>text; there is a second TAB");
    if (model.num_segments() < encoder.num_pair_segments())
      throw UserError("a pair of texts, and the model has one segment only (type_vocab_size 1)");
  }
  EncodedText input = encoder.encode(text.substr(0, tab), second, length);
  EncodedExample encoded{.example = {std::move(input.ids), std::move(input.type_ids)}, .warnings = {}};
  if (input.num_removed > 0)
    encoded.warnings.push_back("is longer than the " + std::to_string(length) + " tokens that are read; " +
                               std::to_string(input.num_removed) + " tokens were cut");
  return encoded;
}

}  // namespace attend
