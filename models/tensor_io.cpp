#include "models/tensor_io.h"

#include <array>

#include <torch/torch.h>

#include "core/error.h"
#include "core/mapped_file.h"

namespace attend {
namespace {

constexpr std::array kTypes{
    std::pair{DType::kBool, torch::kBool},   std::pair{DType::kU8, torch::kUInt8},    std::pair{DType::kI8, torch::kInt8},
    std::pair{DType::kI16, torch::kInt16},   std::pair{DType::kF16, torch::kFloat16}, std::pair{DType::kBF16, torch::kBFloat16},
    std::pair{DType::kI32, torch::kInt32},   std::pair{DType::kF32, torch::kFloat32}, std::pair{DType::kI64, torch::kInt64},
    std::pair{DType::kF64, torch::kFloat64},
};

}  // namespace

torch::Tensor tensor_over(const TensorView& view, const std::string& name) {
  for (const auto& [dtype, scalar_type] : kTypes) {
    if (dtype != view.dtype) continue;
    auto* data = const_cast<std::byte*>(view.bytes.data());  // LibTorch has no read-only tensors; callers copy
    if (view.bytes.empty()) return torch::empty(view.shape, scalar_type);
    // Files of other programs may lie at odd addresses (the format does not demand alignment of its header).
    if (reinterpret_cast<std::uintptr_t>(data) % dtype_size(dtype) == 0) return torch::from_blob(data, view.shape, scalar_type);
    auto copy = torch::empty(view.shape, scalar_type);
    std::memcpy(copy.data_ptr(), data, view.bytes.size());
    return copy;
  }
  throw UserError(name + " has dtype " + std::string(dtype_name(view.dtype)) + ", which weights cannot have; expected F32, F16 or BF16");
}

void copy_from_file(const TensorView& from, const std::string& name, torch::Tensor& into) {
  into.copy_(tensor_over(from, name));
  release_pages(from.bytes);
}

TensorView view_of(const torch::Tensor& tensor) {
  TORCH_CHECK(tensor.is_cpu() && tensor.is_contiguous(), "view_of wants a contiguous CPU tensor");
  for (const auto& [dtype, scalar_type] : kTypes)
    if (scalar_type == tensor.scalar_type())
      return {dtype, tensor.sizes().vec(), {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()}};
  TORCH_CHECK(false, "no safetensors dtype for ", tensor.scalar_type());
}

void write_tensors(const std::filesystem::path& path, const NamedTensors& tensors, const std::map<std::string, std::string>& metadata) {
  NamedTensors on_cpu;
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    const auto& copy = on_cpu[name] = tensor.detach().to(torch::kCPU).contiguous();
    views[name] = view_of(copy);
  }
  write_safetensors(path, views, metadata);
}

NamedTensors read_tensors(const std::filesystem::path& path) {
  const SafetensorsReader reader(path);
  NamedTensors tensors;
  for (const auto& [name, view] : reader.tensors()) tensors[name] = tensor_over(view, path.string() + ": " + name).clone();
  return tensors;
}

}  // namespace attend
