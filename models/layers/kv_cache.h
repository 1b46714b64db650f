// Keys and values of what has been read and written so far, for decoding one token a step.
//
// Letters: R decoded rows (sentences x beams) now, S slots (rows at the start), T steps so far, E width, M source tokens of all sentences.
#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "models/layers/packed.h"

namespace attend {

/// The decoder's own past. Allocated once; step t writes its rows' keys and values to slots (t, 0..R-1) and nothing is ever
/// moved: each row remembers in which slot of each step its past lies, so that reordering beams and dropping finished
/// sentences touches only that table.
class KvCache {
 public:
  struct Size {
    std::int64_t layers, slots, steps, width;
  };
  KvCache(const Size& size, const torch::TensorOptions& options);

  std::int64_t rows() const { return rows_; }
  std::int64_t steps_done() const { return steps_done_; }

  /// Writes layer `layer`'s keys and values of the current step, from qkv_R3E.
  void append(std::size_t layer, const torch::Tensor& qkv_R3E);
  /// softmax(q K^T / sqrt(D)) V over each row's past, the current step included: q_RE -> context_RE.
  torch::Tensor attend(std::size_t layer, const torch::Tensor& q_RE, std::int64_t num_heads) const;
  /// The current step is written in every layer: go to the next.
  void advance();
  /// Row r becomes what row kept_rows[r] was.
  void reorder(const std::vector<std::int64_t>& kept_rows);

 private:
  torch::Tensor attend_plain(std::size_t layer, const torch::Tensor& q_RE, std::int64_t num_heads) const;

  Size size_;
  std::int64_t rows_, steps_done_ = 0;
  std::vector<torch::Tensor> kv_TS2E_;  // a layer each
  std::vector<std::int32_t> history_;   // [row][step]: slot
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
