// Token ids in batches, as data makes them and models read them: sequences laid end to end, so that no padding is ever computed with.
//
// Letters: B sequences, N tokens of the whole batch, P masked positions.
#pragma once

#include <cstdint>
#include <vector>

namespace attend {

/// Sequences one after the other.
struct PackedIds {
  std::vector<std::int64_t> ids;      ///< N: all sequences' token ids
  std::vector<std::int64_t> lengths;  ///< B: tokens of each; their sum is N

  std::int64_t num_tokens() const { return static_cast<std::int64_t>(ids.size()); }
  std::int64_t size() const { return static_cast<std::int64_t>(lengths.size()); }  ///< sequences
  bool operator==(const PackedIds&) const = default;
};

/// Sentence pairs. Both sides end with the end-of-sentence token; the decoder's input is made from the target by shifting right.
struct PairBatch {
  PackedIds source, target;

  std::int64_t num_tokens() const { return source.num_tokens() + target.num_tokens(); }
  std::int64_t size() const { return source.size(); }  ///< pairs
  bool operator==(const PairBatch&) const = default;
};

/// Sequences to learn from or to score, and what comes after each of their tokens.
struct CausalBatch {
  static constexpr std::int64_t kNoTarget = -100;  ///< nothing is to be predicted there (what cross_entropy leaves out)

  PackedIds tokens;
  std::vector<std::int64_t> targets;  ///< N

  std::int64_t size() const { return tokens.size(); }  ///< sequences
  bool operator==(const CausalBatch&) const = default;
};

/// Sequences with a segment for each token: [CLS] A [SEP] is type 0, B [SEP] type 1.
struct TextBatch {
  PackedIds tokens;
  std::vector<std::int64_t> type_ids;  ///< N

  bool operator==(const TextBatch&) const = default;
};

/// Sequences with tokens masked, and which they were.
struct MaskedBatch {
  TextBatch text;
  std::vector<std::int64_t> masked_positions;  ///< P places among all tokens of the batch, rising
  std::vector<std::int64_t> masked_labels;     ///< P ids that stood there
  std::vector<std::int64_t> next_labels;       ///< B: 0 where the second segment follows the first, 1 where it does not; or empty

  std::int64_t num_tokens() const { return text.tokens.num_tokens(); }
  std::int64_t size() const { return text.tokens.size(); }  ///< sequences
  bool operator==(const MaskedBatch&) const = default;
};

}  // namespace attend
