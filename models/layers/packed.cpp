#include "models/layers/packed.h"

#include <algorithm>

#include <torch/torch.h>

namespace attend {

torch::Tensor on_device(const torch::Tensor& tensor, torch::Device device) {
  return device.is_cuda() ? tensor.pin_memory().to(device, /*non_blocking=*/true) : tensor.to(device);
}

torch::Tensor ids_tensor(std::span<const std::int64_t> ids, torch::Device device) {
  return on_device(torch::tensor(at::IntArrayRef(ids.data(), ids.size()), torch::kInt64), device);
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

const PackedLayout::Places& PackedLayout::places() const {
  if (places_->positions_N.defined()) return *places_;
  const auto on_host = torch::empty({2 * tokens() + batch()}, torch::kInt64);
  auto* out = on_host.mutable_data_ptr<std::int64_t>();
  for (const std::int64_t length : lengths_)
    for (std::int64_t position = 0; position < length; ++position) *out++ = position;
  for (std::int64_t b = 0; b < batch(); ++b)
    for (std::int64_t position = 0; position < lengths_[b]; ++position) *out++ = b * longest_ + position;
  std::copy(lengths_.begin(), lengths_.end(), out);
  const auto parts = on_device(on_host, device_).split_with_sizes({tokens(), tokens(), batch()});
  places_->slots_N = parts[1];
  places_->is_token_BL = torch::arange(longest_, parts[2].options()).unsqueeze(0) < parts[2].unsqueeze(1);
  places_->positions_N = parts[0];
  return *places_;
}

torch::Tensor PackedLayout::positions_N() const { return places().positions_N; }

torch::Tensor PackedLayout::pad(const torch::Tensor& x) const {
  auto shape = x.sizes().vec();
  shape[0] = batch() * longest_;
  auto padded = torch::zeros(shape, x.options()).index_copy(0, places().slots_N, x);
  return padded.unflatten(0, {batch(), longest_});
}

torch::Tensor PackedLayout::unpad(const torch::Tensor& x) const { return x.flatten(0, 1).index_select(0, places().slots_N); }

torch::Tensor PackedLayout::is_token_BL() const { return places().is_token_BL; }

}  // namespace attend
