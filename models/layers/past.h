// What has been read before the tokens of a call: decoding goes on from it.
//
// Letters: N tokens of all prompts, R decoded rows now, E width.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "models/layers/decoded_rows.h"
#include "models/layers/packed.h"

namespace attend {

/// What one layer keeps of its rows' past. Its kind of attention makes it, and says what that is: keys and values, or running sums.
class LayerPast {
 public:
  virtual ~LayerPast() = default;
  /// Keeps what later steps need of the prompts' tokens: qkv_N3E.
  virtual void keep_prompts(const torch::Tensor& qkv_N3E, const PackedLayout& prompts) = 0;
  /// One token a row, attending to the row's past and to itself, and keeps it: qkv_R3E -> context_RE.
  virtual torch::Tensor step(const torch::Tensor& qkv_R3E) = 0;
  /// After DecodedRows::reorder. What lies at the places of DecodedRows need not move.
  virtual void reorder(std::span<const std::int64_t>) {}
};

/// The rows, and every layer's past.
class DecoderPast {
 public:
  DecoderPast(const CachedPrompts& prompts, std::int64_t max_steps) : rows_(std::make_unique<DecodedRows>(prompts, max_steps)) {}

  /// Of the layer after those that are there. `rows` outlive it.
  void add_layer(std::unique_ptr<LayerPast> layer) { layers_.push_back(std::move(layer)); }
  const DecodedRows& rows() const { return *rows_; }
  LayerPast& layer(std::size_t index) const { return *layers_[index]; }

  /// Every layer has seen the call's tokens.
  void advance() { rows_->advance(); }
  /// Row r becomes what row kept_rows[r] was.
  void reorder(std::span<const std::int64_t> kept_rows) {
    rows_->reorder(kept_rows);
    for (const auto& layer : layers_) layer->reorder(kept_rows);
  }

 private:
  std::unique_ptr<DecodedRows> rows_;  // its address is the layers'
  std::vector<std::unique_ptr<LayerPast>> layers_;
};

}  // namespace attend
