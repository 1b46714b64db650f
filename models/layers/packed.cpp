#include "models/layers/packed.h"

#include <algorithm>

#include <torch/torch.h>

namespace attend {

torch::Tensor ids_tensor(std::span<const std::int64_t> ids, torch::Device device) {
  return torch::tensor(at::IntArrayRef(ids.data(), ids.size()), torch::kInt64).to(device);
}

PackedLayout::PackedLayout(std::vector<std::int64_t> lengths, torch::Device device) : lengths_(std::move(lengths)), device_(device) {
  offsets_.reserve(lengths_.size() + 1);
  offsets_.push_back(0);
  for (const std::int64_t length : lengths_) {
    TORCH_CHECK(length >= 1, "a packed sentence has at least one token");
    offsets_.push_back(offsets_.back() + length);
    longest_ = std::max(longest_, length);
  }
}

torch::Tensor PackedLayout::positions_N() const {
  const auto positions_N = torch::empty({tokens()}, torch::kInt64);
  auto* out = positions_N.mutable_data_ptr<std::int64_t>();
  for (const std::int64_t length : lengths_)
    for (std::int64_t position = 0; position < length; ++position) *out++ = position;
  return positions_N.to(device_);
}

torch::Tensor PackedLayout::slots_N() const {
  const auto slots_N = torch::empty({tokens()}, torch::kInt64);
  auto* out = slots_N.mutable_data_ptr<std::int64_t>();
  for (std::int64_t b = 0; b < batch(); ++b)
    for (std::int64_t position = 0; position < lengths_[b]; ++position) *out++ = b * longest_ + position;
  return slots_N.to(device_);
}

torch::Tensor PackedLayout::pad(const torch::Tensor& x) const {
  auto shape = x.sizes().vec();
  shape[0] = batch() * longest_;
  auto padded = torch::zeros(shape, x.options()).index_copy(0, slots_N(), x);
  return padded.unflatten(0, {batch(), longest_});
}

torch::Tensor PackedLayout::unpad(const torch::Tensor& x) const { return x.flatten(0, 1).index_select(0, slots_N()); }

torch::Tensor PackedLayout::is_token_BL() const {
  const auto lengths_B = ids_tensor(lengths_, device_);
  return torch::arange(longest_, lengths_B.options()).unsqueeze(0) < lengths_B.unsqueeze(1);
}

}  // namespace attend
