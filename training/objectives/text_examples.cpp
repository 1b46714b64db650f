#include "training/objectives/text_examples.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "core/error.h"
#include "core/random.h"

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

std::vector<std::size_t> ShuffledBatches::next() {
  const Permutation order(num_examples_, mix_seed(seed_, "example order", {static_cast<std::uint64_t>(position_.epoch)}));
  const auto begin = static_cast<std::size_t>(position_.batch * batch_size_);
  const std::size_t end = std::min(begin + static_cast<std::size_t>(batch_size_), num_examples_);
  std::vector<std::size_t> chosen;
  for (std::size_t i = begin; i < end; ++i) chosen.push_back(order(i));
  if (++position_.batch == batches_an_epoch()) position_ = {.epoch = position_.epoch + 1, .batch = 0};
  return chosen;
}

void ShuffledBatches::seek(const BatchPosition& position) {
  check_position(position);
  if (position.batch >= batches_an_epoch()) report_past_epoch(position.batch, batches_an_epoch());
  position_ = position;
}

}  // namespace attend
