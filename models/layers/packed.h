// Sentences laid end to end, without padding: every layer but attention is a function of single tokens, so the tensors of
// this project are [N, E], N the real tokens of all sentences. What needs to know which token belongs where asks the layout. A layout, and
// its copies, are for one thread at a time.
//
// Letters: N tokens of the batch, B sentences, L the longest one's length.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <torch/types.h>

namespace attend {

/// A tensor of the host on `device`: to a GPU through pinned memory, without waiting for what it computes.
torch::Tensor on_device(const torch::Tensor& tensor, torch::Device device);

/// int64, on `device`.
torch::Tensor ids_tensor(std::span<const std::int64_t> ids, torch::Device device);

class PackedLayout {
 public:
  /// `lengths`: tokens of each sentence, each at least 1.
  PackedLayout(std::vector<std::int64_t> lengths, torch::Device device);

  std::int64_t batch() const { return static_cast<std::int64_t>(lengths_.size()); }
  std::int64_t tokens() const { return offsets_.back(); }
  std::int64_t longest() const { return longest_; }
  const std::vector<std::int64_t>& lengths() const { return lengths_; }
  /// B + 1 numbers: sentence b's tokens are [offsets[b], offsets[b + 1]).
  const std::vector<std::int64_t>& offsets() const { return offsets_; }
  torch::Device device() const { return device_; }

  /// Each token's position in its sentence, int64.
  torch::Tensor positions_N() const;
  /// x_N... -> x_BL..., zeros where there is no token.
  torch::Tensor pad(const torch::Tensor& x) const;
  /// x_BL... -> x_N...
  torch::Tensor unpad(const torch::Tensor& x) const;
  /// True at real tokens.
  torch::Tensor is_token_BL() const;

 private:
  /// Made at the first question, in one transfer, and shared by copies of the layout: every layer of a batch asks the same.
  struct Places {
    torch::Tensor positions_N, slots_N, is_token_BL;  // slots: where token n lies in the flattened padded tensor
  };
  const Places& places() const;

  std::vector<std::int64_t> lengths_, offsets_;
  std::int64_t longest_ = 0;
  torch::Device device_;
  std::shared_ptr<Places> places_ = std::make_shared<Places>();
};

}  // namespace attend
