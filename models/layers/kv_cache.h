// Keys and values of what has been read and written so far, for decoding one token a step.
//
// Letters: R decoded rows (sentences x beams, prompts x samples) now, S slots (rows at the start), T steps so far, E width, N tokens of all
// prompts, M source tokens of all sentences.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <torch/types.h>

#include "models/layers/packed.h"

namespace attend {

/// What the rows of a decoder have read before their first step. A prompt is stored once and shared by its rows.
struct CachedPrompts {
  std::vector<std::int64_t> lengths;  ///< tokens of each prompt; 0 where there is none to read
  std::int64_t rows_per_prompt = 1;
};

/// The decoder's own past. Allocated once; step t writes its rows' keys and values to slots (t, 0..R-1) and nothing is ever
/// moved: each row remembers its prompt and in which slot of each step its past lies, so that reordering beams and dropping finished
/// sentences touches only that table.
class KvCache {
 public:
  struct Size {
    std::int64_t layers, slots, steps, width;
  };
  /// Rows that start from nothing.
  KvCache(const Size& size, const torch::TensorOptions& options)
      : KvCache(size, options, {.lengths = {0}, .rows_per_prompt = size.slots}) {}
  /// Rows that start from prompts, in their order; `size.slots` is the rows of all of them.
  KvCache(const Size& size, const torch::TensorOptions& options, const CachedPrompts& prompts);

  std::int64_t rows() const { return rows_; }
  std::int64_t steps_done() const { return steps_done_; }
  /// How many tokens each row has read: the position of the current step's.
  std::vector<std::int64_t> positions_R() const;

  /// Writes layer `layer`'s keys and values of the prompts' tokens, from qkv_N3E.
  void store_prompts(std::size_t layer, const torch::Tensor& qkv_N3E);
  /// Writes layer `layer`'s keys and values of the current step, from qkv_R3E.
  void append(std::size_t layer, const torch::Tensor& qkv_R3E);
  /// softmax(q K^T / sqrt(D)) V over each row's past, the current step included: q_RE -> context_RE.
  torch::Tensor attend(std::size_t layer, const torch::Tensor& q_RE, std::int64_t num_heads) const;
  /// The current step is written in every layer: go to the next.
  void advance();
  /// Row r becomes what row kept_rows[r] was.
  void reorder(std::span<const std::int64_t> kept_rows);

 private:
  torch::Tensor attend_plain(std::size_t layer, const torch::Tensor& q_RE, std::int64_t num_heads) const;
  // Where the prompt of `row` lies among the places.
  std::int64_t prompt_begin(std::int64_t row) const { return prompt_offsets_[row_prompt_[row]]; }
  std::int64_t prompt_length(std::int64_t row) const { return prompt_offsets_[row_prompt_[row] + 1] - prompt_begin(row); }
  // The place of what `row` read at `step`.
  std::int64_t place(std::int64_t row, std::int64_t step) const {
    return prompt_offsets_.back() + step * size_.slots + history_[row * size_.steps + step];
  }

  Size size_;
  std::int64_t rows_, steps_done_ = 0, longest_prompt_ = 0;
  std::vector<torch::Tensor> kv_P2E_;  // a layer each; P places: the prompts' tokens, then the slots of each step
  std::vector<std::int64_t> prompt_offsets_, row_prompt_;
  std::vector<std::int32_t> history_, reordered_;  // [row][step]: slot, of the steps done; and room for the next one
};

/// The encoder's output as keys and values, shared by the rows of a sentence.
struct CrossMemory {
  std::vector<torch::Tensor> kv_M2E;       ///< a decoder layer each
  PackedLayout layout;                     ///< which of the M tokens belong to which sentence
  std::vector<std::int64_t> row_sentence;  ///< row -> sentence

  /// q_RE -> context_RE, each row attending to its own sentence.
  torch::Tensor attend(std::size_t layer, const torch::Tensor& q_RE, std::int64_t num_heads) const;
};

}  // namespace attend
